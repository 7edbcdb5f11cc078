/**
 * Seeded random numbers: the same seed gives the same bytes on every runtime. It knows arithmetic
 * only. The generator is xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix32.
 *
 * @module
 */

export class Random {
  readonly #state = new Uint32Array(4);

  /** `seed` is any finite number; its integer part modulo 2 ** 32 counts. */
  constructor(seed: number) {
    let mixed = seed | 0;
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.#state[i] = word ^ (word >>> 16);
    }
  }

  /** A whole number from 0 to 2 ** 32 - 1. */
  word(): number {
    const state = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(state[1]!, 5), 7), 9) >>> 0;
    const shifted = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = rotateLeft(state[3]!, 11);
    return result;
  }

  /** Fills `into` with random bytes. */
  fill(into: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < into.length; i++) {
      if (i % 4 === 0) word = this.word();
      into[i] = word >>> (i % 4 * 8);
    }
  }
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
