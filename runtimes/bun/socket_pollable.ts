/**
 * A socket of `Bun.connect` as something that can be waited for. Its handlers are replaced while it
 * is adopted: whoever gets it back sets his own with `reload`, and calls `resume`. It knows Bun's
 * sockets, and nothing of who waits.
 *
 * @module
 */

import type { Direction, Pollable, PollState, Released } from "../../core/capabilities/polls.ts";
import { AGAIN } from "../../core/status.ts";
import { Pieces } from "../../core/work/pieces.ts";
import { Watchers } from "../../core/work/watchers.ts";
import type { BunAdoptedSocket } from "./platform.ts";

export class SocketPollable implements Pollable {
  readonly #socket: BunAdoptedSocket;
  /** What came and was not taken. The socket is paused while there is any. */
  readonly #pieces = new Pieces();
  #ended = false;
  #isClosed = false;
  #error: { readonly cause: unknown } | null = null;
  /** True exactly when the kernel took less than was offered, and `drain` has not come. */
  #isFull = false;
  readonly #watchers = new Watchers();

  constructor(socket: BunAdoptedSocket) {
    this.#socket = socket;
    socket.reload({
      socket: {
        data: (_socket, bytes) => this.#came(bytes),
        drain: () => {
          this.#isFull = false;
          this.#watchers.tellWriting();
        },
        end: () => {
          this.#ended = true;
          this.#watchers.tellReading();
        },
        error: (_socket, error) => this.#closed(error),
        close: (_socket, error) => this.#closed(error),
      },
    });
    socket.resume();
  }

  #came(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#socket.pause();
    this.#watchers.tellReading();
  }

  #closed(error: unknown): void {
    this.#isClosed = true;
    if (error !== undefined && error !== null) this.#error ??= { cause: error };
    this.#watchers.tellBoth();
  }

  poll(direction: Direction): PollState {
    if (direction === "read" && !this.#pieces.isEmpty) return "ready";
    if (this.#error !== null) return "error";
    if (this.#isClosed) return "hangup";
    if (direction === "read") return this.#ended ? "hangup" : "waiting";
    return this.#isFull ? "waiting" : "ready";
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
      if (this.#error !== null) throw this.#error.cause;
      return this.#ended || this.#isClosed ? null : AGAIN;
    }
    if (this.#pieces.isEmpty) this.#socket.resume();
    return piece;
  }

  /** The kernel takes what it can at once, so nothing is copied. */
  tryWrite(bytes: Uint8Array): number {
    if (this.#error !== null) throw this.#error.cause;
    if (this.#isClosed) throw new Error("nothing can be written any more: the socket is closed");
    if (this.#isFull) return 0;
    const count = this.#socket.write(bytes);
    if (count < bytes.length) this.#isFull = true;
    return Math.max(count, 0);
  }

  release(): Promise<Released> {
    this.#socket.pause();
    return Promise.resolve({ prefetched: this.#pieces.takeAll(), late: null });
  }

  close(): void {
    this.#socket.end();
  }
}
