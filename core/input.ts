/**
 * Bytes that came before anybody could take them: the rest of a split head, a body that nobody
 * asked for yet, pipelined requests. Empty connections hold no memory. It knows an order and a
 * bound, and refuses to know what the bytes are.
 *
 * @module
 */

import { READ_BYTES_MAX } from "./limits.ts";

export class Input {
  /** Live bytes are `bytes[start … end)`. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  get size(): number {
    return this.end - this.start;
  }

  /** Copies `from[pos … end)` behind what is here. */
  append(from: Uint8Array, pos: number, end: number): void {
    const more = end - pos;
    if (this.end + more > this.bytes.length) this.#makeRoom(more);
    this.bytes.set(pos === 0 && end === from.length ? from : from.subarray(pos, end), this.end);
    this.end += more;
  }

  /** Everything before `start` was taken. */
  taken(start: number): void {
    this.start = start;
    if (start === this.end) this.clear();
  }

  clear(): void {
    this.bytes = NO_BYTES;
    this.start = this.end = 0;
  }

  #makeRoom(more: number): void {
    const size = this.end - this.start;
    const live = this.bytes.subarray(this.start, this.end);
    if (size + more > this.bytes.length || this.start < size) {
      const spare = Math.min(size, READ_BYTES_MAX);
      const grown = new Uint8Array(Math.max(size + more, size + spare, INPUT_BYTES_MIN));
      grown.set(live);
      this.bytes = grown;
    } else {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = size;
  }
}

const NO_BYTES = new Uint8Array(0);
const INPUT_BYTES_MIN = 1024;
