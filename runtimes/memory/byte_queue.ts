/**
 * A bounded queue of bytes: one direction's kernel buffer. It copies in and copies out, as a kernel
 * does; it knows nothing of who writes and who reads.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";

export class ByteQueue {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  /** How many bytes of the first piece are read already. */
  #read = 0;
  #size = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  /** How many bytes more it takes. */
  get room(): number {
    return this.#bytesMax - this.#size;
  }

  /** Copies `bytes` in. There must be room. */
  write(bytes: Uint8Array): void {
    assert(bytes.length <= this.room, "a kernel buffer was written beyond its bound");
    if (bytes.length === 0) return;
    this.#pieces.push(bytes.slice());
    this.#size += bytes.length;
  }

  /** Moves the first `into.length` bytes out. There must be as many. */
  read(into: Uint8Array): void {
    assert(into.length <= this.#size, "a kernel buffer was read beyond its end");
    let done = 0;
    let piecesDone = 0;
    while (done < into.length) {
      const piece = this.#pieces[piecesDone]!;
      const count = Math.min(piece.length - this.#read, into.length - done);
      into.set(piece.subarray(this.#read, this.#read + count), done);
      done += count;
      this.#read += count;
      if (this.#read === piece.length) {
        piecesDone++;
        this.#read = 0;
      }
    }
    this.#pieces.splice(0, piecesDone);
    this.#size -= done;
  }

  clear(): void {
    this.#pieces = [];
    this.#read = 0;
    this.#size = 0;
  }
}
