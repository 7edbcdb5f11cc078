/**
 * A pool of equal buffers. It hands out free ones, gets them back by release, and knows at any
 * moment how many are out, so that a leak is a number and not a suspicion.
 *
 * @module
 */

import { Buf, type BufOwner } from "./buf.ts";

/** Sizes of a pool. */
export interface BufPoolOptions {
  /** Size of each buffer's memory in bytes. */
  readonly bufBytes: number;
  /** How many free buffers are kept for reuse; more are left to the garbage collector. */
  readonly keepMax: number;
}

/** Equal buffers that are used again. All of one server's output buffers come from one. */
export class BufPool implements BufOwner {
  /** The memory of each buffer in bytes. */
  readonly bufBytes: number;
  readonly #keepMax: number;
  readonly #free: Buf[] = [];
  #out = 0;

  constructor(options: BufPoolOptions) {
    this.bufBytes = options.bufBytes;
    this.#keepMax = options.keepMax;
  }

  /**
   * An empty buffer of `bufBytes` bytes, or of `bytesMin` where that is more (such a one is not
   * kept for reuse). The caller owns it until it queues it.
   */
  take(bytesMin = 0): Buf {
    this.#out++;
    if (bytesMin > this.bufBytes) return new Buf(new Uint8Array(bytesMin), this);
    return this.#free.pop() ?? new Buf(new Uint8Array(this.bufBytes), this);
  }

  /** Called by `releaseBuf`. A taken buffer that was never queued goes back by this call too. */
  bufReleased(buf: Buf): void {
    this.#out--;
    if (buf.bytes.length === this.bufBytes && this.#free.length < this.#keepMax) {
      this.#free.push(buf);
    }
  }

  /** How many buffers are out now. 0 when nothing is queued or lent. */
  get out(): number {
    return this.#out;
  }

  /** How many buffers wait for reuse. */
  get kept(): number {
    return this.#free.length;
  }
}
