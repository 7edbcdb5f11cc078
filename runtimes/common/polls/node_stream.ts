/**
 * A stream of `node:stream` as something that can be waited for: sockets, pipes, standard input and
 * output, the streams of a child process. It knows the public face of streams, which Deno and Bun
 * have as well, and not what is behind one.
 *
 * Reading uses the stream's own buffer: a paused stream with a listener for `readable` reads ahead
 * up to its high-water mark, and keeps the bytes until they are read. So nothing has to be put back
 * when the stream is given back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { statSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import {
  AdoptError,
  type Direction,
  type Pollable,
  type PollState,
  type Released,
  type Taken,
} from "../../../core/capabilities/polls.ts";
import { AGAIN } from "../../../core/status.ts";
import { bytesOf, WRITE_BYTES_MAX } from "../../../core/work/prefetch.ts";
import { Watchers } from "../../../core/work/watchers.ts";

/** A stream, or a child process with its two streams; null for anything else. */
export function openNodeStream(source: object): Pollable | null {
  const isReadable = isReadableStream(source);
  const isWritable = isWritableStream(source);
  if (isReadable || isWritable) {
    return new NodeStream(isReadable ? source : null, isWritable ? source : null, []);
  }
  const child = source as { stdout?: unknown; stdin?: unknown; pid?: unknown };
  if (!("pid" in source) || !("spawnfile" in source)) return null;
  const stdout = isReadableStream(child.stdout) ? child.stdout : null;
  const stdin = isWritableStream(child.stdin) ? child.stdin : null;
  if (stdout === null && stdin === null) return null;
  return new NodeStream(stdout, stdin, [stdout, stdin].filter((one) => one !== null));
}

/** As above, for streams that a runtime opened itself. */
export function pollableOfNodeStream(readable: Readable): Pollable {
  return new NodeStream(readable, null, []);
}

function isReadableStream(source: unknown): source is Readable {
  return typeof (source as Readable | null)?.on === "function" &&
    typeof (source as Readable).read === "function" && "readableFlowing" in (source as Readable);
}

function isWritableStream(source: unknown): source is Writable {
  return typeof (source as Writable | null)?.on === "function" &&
    typeof (source as Writable).write === "function" && "writableLength" in (source as Writable);
}

class NodeStream implements Pollable {
  readonly parts: readonly object[];
  readonly #in: Readable | null;
  readonly #out: Writable | null;
  #error: { readonly cause: unknown } | null = null;
  #inEnded = false;
  #isReading = false;
  /** What the last write answered. Bun's streams of children say so nowhere else (1.4). */
  #isFull = false;
  readonly #watchers = new Watchers();

  constructor(readable: Readable | null, writable: Writable | null, parts: readonly object[]) {
    this.#in = readable === null ? null : unowned(readable);
    this.#out = writable;
    this.parts = parts;
    for (const stream of this.#streams) stream.on("error", this.#failed).on("close", this.#closed);
    readable?.on("end", this.#ended);
    writable?.on("drain", this.#drained).on("connect", this.#drained);
  }

  get #streams(): readonly (Readable | Writable)[] {
    if (this.#in === null) return this.#out === null ? [] : [this.#out];
    return this.#out === null || (this.#out as unknown) === this.#in
      ? [this.#in]
      : [this.#in, this.#out];
  }

  poll(direction: Direction): PollState {
    if (direction === "read") return this.#in === null ? "waiting" : this.#pollRead(this.#in);
    return this.#out === null ? "waiting" : this.#pollWrite(this.#out);
  }

  #pollRead(readable: Readable): PollState {
    if (readable.readableLength > 0) return "ready";
    if (this.#error !== null) return "error";
    return this.#inEnded || readable.destroyed || readable.readableEnded ? "hangup" : "waiting";
  }

  #pollWrite(writable: Writable & { readonly connecting?: boolean }): PollState {
    if (this.#error !== null) return "error";
    if (writable.destroyed || writable.writableEnded) return "hangup";
    const isFull = this.#isFull || writable.writableNeedDrain;
    return writable.connecting === true || isFull ? "waiting" : "ready";
  }

  watch(direction: Direction, changed: () => void): void {
    if (direction === "write") {
      this.#watchers.watch(direction, changed);
    } else if (this.#in !== null) {
      this.#watchers.watch(direction, changed);
      this.#readAhead(this.#in);
    }
  }

  unwatch(direction: Direction): void {
    this.#watchers.unwatch(direction);
  }

  /** The listener makes the stream read ahead: once somebody wants to know, from then on. */
  #readAhead(readable: Readable): void {
    if (this.#isReading) return;
    this.#isReading = true;
    readable.on("readable", this.#readable);
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    const readable = this.#readableOrThrow();
    const size = readable.readableLength;
    if (size === 0) return this.#nothing(readable);
    const piece = readable.readableObjectMode
      ? readable.read()
      : readable.read(Math.min(bytesMax, size));
    this.#maybeEnded(readable);
    return bytesOf(piece);
  }

  tryTake(): Taken | null | typeof AGAIN {
    const readable = this.#readableOrThrow();
    if (readable.readableLength === 0) return this.#nothing(readable);
    const value = readable.read();
    this.#maybeEnded(readable);
    return { value };
  }

  /** At the end there is nothing to read, and the stream says so only to somebody who tries. */
  #maybeEnded(readable: Readable): void {
    if (readable.readableLength === 0) readable.read(0);
  }

  #readableOrThrow(): Readable {
    if (this.#in === null) throw new TypeError("this stream cannot be read");
    return this.#in;
  }

  #nothing(readable: Readable): null | typeof AGAIN {
    const state = this.#pollRead(readable);
    if (state === "error") throw this.#error!.cause;
    if (state === "hangup") return null;
    this.#readAhead(readable);
    return AGAIN;
  }

  tryWrite(bytes: Uint8Array): number {
    if (this.#out === null) throw new TypeError("this stream cannot be written");
    const state = this.#pollWrite(this.#out);
    if (state === "waiting") return 0;
    if (state === "error") throw this.#error!.cause;
    if (state === "hangup") {
      throw new Error("nothing can be written any more: the stream is closed");
    }
    const piece = Buffer.from(bytes.subarray(0, WRITE_BYTES_MAX));
    this.#isFull = !this.#out.write(piece);
    return piece.length;
  }

  async release(): Promise<Released> {
    const writable = this.#out;
    if (writable !== null && this.#pollWrite(writable) === "waiting") {
      await new Promise<void>((resolve) => {
        this.#watchers.watch("write", resolve);
      });
    }
    this.#letGo();
    return { prefetched: new Uint8Array(0), late: null };
  }

  close(): void {
    this.#letGo();
    // What a dying stream still says is nobody's business any more.
    for (const stream of this.#streams) stream.on("error", ignore).destroy();
  }

  #letGo(): void {
    for (const stream of this.#streams) {
      stream.off("error", this.#failed).off("close", this.#closed);
      stream.off("end", this.#ended).off("readable", this.#readable);
      stream.off("drain", this.#drained).off("connect", this.#drained);
    }
  }

  readonly #readable = (): void => {
    const readable = this.#in!;
    this.#maybeEnded(readable);
    this.#watchers.tellReading();
  };

  readonly #ended = (): void => {
    this.#inEnded = true;
    this.#watchers.tellReading();
  };

  readonly #drained = (): void => {
    this.#isFull = false;
    this.#watchers.tellWriting();
  };

  readonly #failed = (cause: unknown): void => {
    this.#error ??= { cause };
    this.#watchers.tellBoth();
  };

  readonly #closed = (): void => {
    this.#watchers.tellBoth();
  };
}

/** Whoever reads already would get what belongs to the handle, and the other way round. */
function unowned(readable: Readable): Readable {
  const isRead = readable.readableFlowing === true || readable.listenerCount("readable") > 0 ||
    readable.listenerCount("data") > 0;
  if (isRead) throw new AdoptError("owned", "somebody reads this stream already");
  if (readable.readableEncoding !== null) {
    throw new AdoptError("unsuited", "this stream decodes text: adopt it before `setEncoding`");
  }
  const { path, fd } = readable as { path?: unknown; fd?: unknown };
  if (typeof path === "string" && fd !== undefined && isNoFile(path)) {
    throw new AdoptError("unsuited", FIFO_READ_BY_THREADS);
  }
  return readable;
}

/** True exactly when something is at `path` that is no regular file: a FIFO, a terminal. */
export function isNoFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

/** Why a FIFO is not waited for as a file. */
export const FIFO_READ_BY_THREADS =
  "each waiting read of this file would keep a thread of a small pool from all other files: " +
  "open it with openPipe";

function ignore(): void {}
