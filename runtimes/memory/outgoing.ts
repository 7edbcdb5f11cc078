/**
 * What a stream has taken and not yet carried away: lent buffers, and copies of those that were
 * taken in part. It watches the lent memory: whoever writes to it before the release is found out.
 * It knows nothing of the other end, nor of when bytes move.
 *
 * @module
 */

import { AssertionFault } from "../../core/assert.ts";
import type { Buf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";

/** A buffer that is lent: taken whole, and the owner's again only at its release. */
export interface Lent {
  readonly buf: Buf;
  /** The live bytes at the time of the taking: a view of the owner's memory, not a copy. */
  readonly bytes: Uint8Array;
  /** The checksum of `bytes` at that time; null when lent memory is not watched. */
  readonly sum: number | null;
}

interface Piece {
  readonly bytes: Uint8Array;
  /** How many of `bytes` are carried already. */
  pos: number;
  /** Null when the bytes are a copy. */
  readonly lent: Lent | null;
}

export class Outgoing {
  readonly #isWatching: boolean;
  #pieces: Piece[] = [];
  #size = 0;

  /** `isWatching`: lent memory is checksummed at the taking, for `checkLent` at the release. */
  constructor(isWatching: boolean) {
    this.#isWatching = isWatching;
  }

  /** How many bytes wait here. */
  get size(): number {
    return this.#size;
  }

  /** How many lent buffers wait here. */
  get lentCount(): number {
    return this.#pieces.filter((piece) => piece.lent !== null).length;
  }

  /** True exactly when nothing waits here, not even an empty buffer. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Takes the first buffer of `chain` whole: it is lent from now on. */
  takeWhole(chain: Chain): void {
    const buf = chain.lend();
    const bytes = buf.view();
    const lent = { buf, bytes, sum: this.#isWatching ? sumOf(bytes) : null };
    this.#pieces.push({ bytes, pos: 0, lent });
    this.#size += bytes.length;
  }

  /** Takes the first `count` bytes of `buf`, as a copy: they are free at once. */
  takePart(buf: Buf, count: number): void {
    this.#pieces.push({ bytes: buf.view().slice(0, count), pos: 0, lent: null });
    buf.pos += count;
    this.#size += count;
  }

  /**
   * Carries up to `most` bytes from the front into `sink`, and empty buffers for nothing. Answers
   * the lent buffers that are through: their bytes were read just now and not before.
   */
  carry(most: number, sink: (bytes: Uint8Array) => void): Lent[] {
    const through: Lent[] = [];
    let left = most;
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0]!;
      const count = Math.min(left, piece.bytes.length - piece.pos);
      if (count > 0) sink(piece.bytes.subarray(piece.pos, piece.pos + count));
      piece.pos += count;
      left -= count;
      this.#size -= count;
      if (piece.pos < piece.bytes.length) break;
      this.#pieces.shift();
      if (piece.lent !== null) through.push(piece.lent);
    }
    return through;
  }

  /** Gives up what waits here. Answers the lent buffers. */
  drop(): Lent[] {
    const lent = this.#pieces.flatMap((piece) => piece.lent ?? []);
    this.#pieces = [];
    this.#size = 0;
    return lent;
  }
}

/** Throws when the memory of a lent buffer is not what it was at the taking. */
export function checkLent(lent: Lent, stream: string): void {
  if (lent.sum === null || sumOf(lent.bytes) === lent.sum) return;
  const { buf, bytes } = lent;
  const start = bytes.byteOffset - buf.bytes.byteOffset;
  throw new AssertionFault(
    `a lent buffer was written to before its release: bytes ${start} to ${start + bytes.length} ` +
      `of a buffer of ${buf.bytes.length}, lent to ${stream}`,
  );
}

/** As FNV-1a, by words of 32 bits where the memory is aligned: a third of the time of bytes. */
function sumOf(bytes: Uint8Array): number {
  const skew = -bytes.byteOffset & 3;
  const wordCount = Math.max(0, bytes.length - skew) >> 2;
  const wordsStart = wordCount > 0 ? skew : 0;
  const words = wordCount > 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset + skew, wordCount)
    : NO_WORDS;
  let sum = FNV_BASIS;
  for (let i = 0; i < wordsStart; i++) sum = Math.imul(sum ^ bytes[i]!, FNV_PRIME);
  for (let i = 0; i < wordCount; i++) sum = Math.imul(sum ^ words[i]!, FNV_PRIME);
  for (let i = wordsStart + wordCount * 4; i < bytes.length; i++) {
    sum = Math.imul(sum ^ bytes[i]!, FNV_PRIME);
  }
  return sum;
}

const NO_WORDS = new Int32Array(0);
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
