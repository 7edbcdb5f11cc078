/**
 * The little statistics that the benchmark needs: the median, and how far it can be trusted. Pure
 * functions over numbers.
 *
 * @module
 */

export interface Estimate {
  readonly median: number;
  /** Bounds of the bootstrap 95 % interval of the median. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of `values` with its percentile bootstrap interval. Same values, same answer. */
export function estimate(values: readonly number[]): Estimate {
  const next = diceOf(0x5eed);
  const medians: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    medians.push(median(values.map(() => values[Math.floor(next() * values.length)]!)));
  }
  medians.sort((a, b) => a - b);
  return {
    median: median(values),
    low: medians[Math.floor(RESAMPLES * 0.025)]!,
    high: medians[Math.ceil(RESAMPLES * 0.975) - 1]!,
  };
}

/** Numbers in [0, 1) from a seed, by the 32-bit xorshift of Marsaglia. */
function diceOf(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** A copy of `values` in an order that `next` decides (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], next: () => number): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
