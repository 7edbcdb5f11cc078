/**
 * A socket of `Bun.connect` as something that can be waited for. Its handlers are replaced while it
 * is adopted: whoever gets it back sets his own with `reload`, and calls `resume`. It knows Bun's
 * sockets, and nothing of who waits.
 *
 * @module
 */

import type { Direction, Pollable, PollState, Released } from "../../core/capabilities/polls.ts";
import { AGAIN } from "../../core/status.ts";
import type { BunAdoptedSocket } from "./platform.ts";

export class SocketPollable implements Pollable {
  readonly #socket: BunAdoptedSocket;
  /** What came and was not taken. The socket is paused while there is any. */
  readonly #pieces: Uint8Array[] = [];
  #ended = false;
  #isClosed = false;
  #error: { readonly cause: unknown } | null = null;
  /** True exactly when the kernel took less than was offered, and `drain` has not come. */
  #isFull = false;
  #readChanged: (() => void) | null = null;
  #writeChanged: (() => void) | null = null;

  constructor(socket: BunAdoptedSocket) {
    this.#socket = socket;
    socket.reload({
      socket: {
        data: (_socket, bytes) => this.#came(bytes),
        drain: () => {
          this.#isFull = false;
          this.#writeChanged?.();
        },
        end: () => {
          this.#ended = true;
          this.#readChanged?.();
        },
        error: (_socket, error) => this.#closed(error),
        close: (_socket, error) => this.#closed(error),
      },
    });
    socket.resume();
  }

  /** Bun uses the memory again after the event. */
  #came(bytes: Uint8Array): void {
    this.#pieces.push(new Uint8Array(bytes));
    this.#socket.pause();
    this.#readChanged?.();
  }

  #closed(error: unknown): void {
    this.#isClosed = true;
    if (error !== undefined && error !== null) this.#error ??= { cause: error };
    this.#readChanged?.();
    this.#writeChanged?.();
  }

  poll(direction: Direction): PollState {
    if (direction === "read" && this.#pieces.length > 0) return "ready";
    if (this.#error !== null) return "error";
    if (this.#isClosed) return "hangup";
    if (direction === "read") return this.#ended ? "hangup" : "waiting";
    return this.#isFull ? "waiting" : "ready";
  }

  watch(direction: Direction, changed: () => void): void {
    if (direction === "read") this.#readChanged = changed;
    else this.#writeChanged = changed;
  }

  unwatch(direction: Direction): void {
    if (direction === "read") this.#readChanged = null;
    else this.#writeChanged = null;
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    const piece = this.#pieces[0];
    if (piece === undefined) {
      if (this.#error !== null) throw this.#error.cause;
      return this.#ended || this.#isClosed ? null : AGAIN;
    }
    if (piece.length > bytesMax) {
      this.#pieces[0] = piece.subarray(bytesMax);
      return piece.subarray(0, bytesMax);
    }
    this.#pieces.shift();
    if (this.#pieces.length === 0) this.#socket.resume();
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
    const size = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    const prefetched = new Uint8Array(size);
    let at = 0;
    for (const piece of this.#pieces) {
      prefetched.set(piece, at);
      at += piece.length;
    }
    return Promise.resolve({ prefetched, late: null });
  }

  close(): void {
    this.#socket.end();
  }
}
