/**
 * Seeded decisions in words: the one source of chance of a simulation. It knows numbers; it knows
 * nothing of what is decided.
 *
 * @module
 */

import { Random } from "../../runtimes/memory/random.ts";

const WORDS = 2 ** 32;

export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#random.word() / WORDS * count);
  }

  /** A whole number from `least` to `most`, each as likely as the others. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /**
   * A whole number from `least` to `most`, each order of magnitude as likely as the others: small
   * ones are frequent, large ones happen.
   */
  magnitude(least: number, most: number): number {
    const exponent = this.#random.word() / WORDS;
    return Math.min(most, Math.floor((least + 1) * ((most + 2) / (least + 1)) ** exponent) - 1);
  }

  /** True with the given chance, 0 … 1. */
  chance(chance: number): boolean {
    return this.#random.word() < chance * WORDS;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights) as T[];
    let left = this.below(names.reduce((sum, name) => sum + weights[name], 0));
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    throw new RangeError("there is nothing to choose from");
  }

  /** A seed for other dice. */
  seed(): number {
    return this.#random.word();
  }
}
