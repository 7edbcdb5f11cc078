/**
 * The body of a streamed answer: takes a chain's bytes to Bun's direct controller. It knows when
 * Bun has taken a buffer and when the peer is slow; whose bytes they are, and when to send them, is
 * its owner's affair.
 *
 * `write` copies, so every buffer goes home within `offer`. It takes all that it is given, and then
 * answers a promise: so it is given slices, whose promises show how far a slow peer has got.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";
import type { Handle } from "../../core/reactor.ts";
import { AGAIN, OK, type SendCode } from "../../core/status.ts";
import type { DirectController, DirectSource } from "./platform.ts";
import { breakOff } from "./responses.ts";

export interface StreamOwner {
  /** Bun takes bytes from now on. */
  streamOpened(): void;
  /** The slow peer has caught up: offer more. Comes once for each `AGAIN`. */
  streamWritable(): void;
  /** Bun does not need the buffer any more. Comes inside `offer`. */
  streamReleased(buf: Buf): void;
  /** The client is gone. */
  streamCancelled(): void;
}

export class ResponseStream implements DirectSource, Handle {
  readonly type = "direct";
  owner: unknown = null;
  readonly #events: StreamOwner;
  #controller: DirectController | null = null;
  /** Settles the promise of `pull`: while it is open, so is the answer. */
  #resolve: () => void = nothing;
  #reject: () => void = nothing;
  /** True exactly when the answer ended or was given up. */
  #over = false;
  /** True exactly when the answer was given up by this side. */
  #broken = false;
  #settled: (() => void) | null = null;

  constructor(events: StreamOwner) {
    this.#events = events;
  }

  /** True exactly when bytes can be offered. */
  get isOpen(): boolean {
    return this.#controller !== null && !this.#over;
  }

  /** Bun calls it once, when the answer's head is with it. */
  pull(controller: DirectController): Promise<void> | void {
    if (!this.#over) {
      this.#controller = controller;
      this.#events.streamOpened();
    }
    if (this.#broken) breakOff();
    if (this.#over) return;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.streamCancelled();
  }

  /** As `Streams.send`, while `isOpen` holds. */
  offer(chain: Chain): SendCode {
    for (let buf = chain.first; buf !== null; buf = chain.first) {
      while (buf.pos < buf.end) {
        const end = Math.min(buf.pos + SLICE_BYTES, buf.end);
        const taken = this.#controller!.write(buf.part(buf.pos, end));
        buf.pos = end;
        if (typeof taken !== "number") {
          if (end === buf.end) this.#events.streamReleased(chain.lend());
          this.#await(taken);
          return AGAIN;
        }
      }
      this.#events.streamReleased(chain.lend());
    }
    return OK;
  }

  /** Sends now what was offered, instead of when Bun's loop has no more to do. */
  flush(): void {
    this.#controller!.flush();
  }

  /** The last byte was offered. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller!.end();
    this.#resolve();
  }

  /** Resets the connection. A rejection by nothing is the one that Bun makes no report of. */
  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#broken = true;
    this.#reject();
  }

  #await(taken: Promise<unknown>): void {
    this.#settled ??= () => {
      if (!this.#over) this.#events.streamWritable();
    };
    taken.then(this.#settled, this.#settled);
  }
}

function nothing(): void {}

/** How much Bun gets at a time, so that the send clock sees the progress of a slow peer. */
const SLICE_BYTES = 65536;
