/**
 * A stream of the reactor as something that can be waited for. It knows the contract of streams,
 * and so works on every runtime alike; it knows nothing of who waits.
 *
 * Reading: one event's bytes are kept, and reading stops until they are taken. Writing: what is
 * taken is copied into a buffer of the stream's own; there is room again when all of it has left.
 *
 * @module
 */

import { type Buf, bufOf, releaseBuf } from "../buf.ts";
import type { Direction, Pollable, PollState, Released } from "../capabilities/polls.ts";
import { Chain } from "../chain.ts";
import type { Address, CloseReason, Handle, Sockets, StreamEvents, Streams } from "../reactor.ts";
import { AGAIN } from "../status.ts";
import { Pieces } from "./pieces.ts";
import { WRITE_BYTES_MAX } from "./prefetch.ts";
import { Watchers } from "./watchers.ts";

export class StreamPollable implements Pollable, StreamEvents {
  readonly #streams: Sockets & Streams;
  readonly #out = new Chain();
  #handle: Handle | null = null;
  #isOpen = false;
  #ended = false;
  #closed: CloseReason | null = null;
  /** What came and was not taken: one piece, and what followed it before reading stopped. */
  readonly #pieces = new Pieces();
  #blocked = false;
  /** True exactly when nobody wants the stream any more. */
  #closing = false;
  readonly #watchers = new Watchers();

  constructor(streams: Sockets & Streams) {
    this.#streams = streams;
  }

  /** Without this it is the event of opening that brings the stream. */
  connect(address: Address): void {
    this.#handle = this.#streams.connect(address, this);
  }

  poll(direction: Direction): PollState {
    if (direction === "read") {
      if (!this.#pieces.isEmpty) return "ready";
      if (this.#hasFailed) return "error";
      return this.#ended || this.#closed !== null ? "hangup" : "waiting";
    }
    if (this.#hasFailed) return "error";
    if (this.#closed !== null) return "hangup";
    return this.#isOpen && !this.#blocked && this.#out.isEmpty ? "ready" : "waiting";
  }

  get #hasFailed(): boolean {
    return this.#closed !== null && this.#closed !== "clean";
  }

  watch(direction: Direction, changed: () => void): void {
    this.#watchers.watch(direction, changed);
  }

  unwatch(direction: Direction): void {
    this.#watchers.unwatch(direction);
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    const piece = this.#pieces.take(bytesMax);
    if (piece === null) {
      if (this.#hasFailed) throw this.#failure();
      return this.#ended || this.#closed !== null ? null : AGAIN;
    }
    if (this.#pieces.isEmpty) this.#streams.readStart(this.#handle!);
    return piece;
  }

  tryWrite(bytes: Uint8Array): number {
    const state = this.poll("write");
    if (state === "waiting") return 0;
    if (state !== "ready") throw this.#failure();
    const piece = new Uint8Array(bytes.subarray(0, WRITE_BYTES_MAX));
    this.#out.append(bufOf(piece));
    this.#push();
    return piece.length;
  }

  #push(): void {
    if (this.#streams.send(this.#handle!, this.#out) === AGAIN) this.#blocked = true;
  }

  #failure(): Error {
    return new Error(`the stream has closed: ${this.#closed ?? "clean"}`);
  }

  release(): Promise<Released> {
    this.close();
    return Promise.reject(new Error("a stream of the reactor has no other owner: it was closed"));
  }

  /** What was taken leaves first. */
  close(): void {
    this.#closing = true;
    if (this.#out.isEmpty && this.#handle !== null) this.#streams.close(this.#handle);
  }

  // Events of the stream.

  onOpen(handle: Handle): void {
    this.#handle = handle;
    this.#isOpen = true;
    if (this.#closing) this.#streams.close(handle);
    else this.#watchers.tellWriting();
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#streams.readStop(handle);
    this.#watchers.tellReading();
  }

  onWritable(): void {
    this.#blocked = false;
    if (!this.#out.isEmpty) this.#push();
    if (this.#closing) this.close();
    else if (!this.#blocked) this.#watchers.tellWriting();
  }

  onRelease(_handle: Handle, buf: Buf): void {
    releaseBuf(buf);
  }

  onEnd(): void {
    this.#ended = true;
    this.#watchers.tellReading();
  }

  onClose(_handle: Handle, reason: CloseReason): void {
    this.#closed = reason;
    this.#out.drop();
    this.#watchers.tellBoth();
  }
}
