/**
 * A running pattern of bytes: the byte at offset i is i mod 251. 251 is prime, so a block that is
 * lost, doubled or swapped shows at any power-of-two size. Knows nothing of streams.
 *
 * @module
 */

const PERIOD = 251;
/** Longer than any piece that is filled or compared at once. */
const TABLE = Uint8Array.from({ length: PERIOD + 65536 }, (_, index) => index % PERIOD);

/** Fills `bytes` with the pattern from `offset` on. */
export function fillPattern(bytes: Uint8Array, offset: number): void {
  for (let pos = 0; pos < bytes.length; pos += 65536) {
    const size = Math.min(65536, bytes.length - pos);
    const start = (offset + pos) % PERIOD;
    bytes.set(TABLE.subarray(start, start + size), pos);
  }
}

/** Reads the pattern, in pieces of any size up to 64 KiB, and remembers where it broke. */
export class PatternReader {
  offset = 0;
  /** Where the first wrong byte was; -1 while all are right. */
  wrongAt = -1;

  take(bytes: Uint8Array): void {
    const start = this.offset % PERIOD;
    const wrong = this.wrongAt < 0 ? firstDifference(bytes, start) : -1;
    if (wrong >= 0) this.wrongAt = this.offset + wrong;
    this.offset += bytes.length;
  }
}

function firstDifference(bytes: Uint8Array, start: number): number {
  for (let pos = 0; pos < bytes.length; pos++) {
    if (bytes[pos] !== TABLE[start + pos]) return pos;
  }
  return -1;
}
