/**
 * How much memory a server needs while something goes on: its output pool, always; and in the full
 * size the heap of the process, garbage collected. It knows the three engines' doors to their
 * collectors.
 *
 * @module
 */

import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { POOL_BUF_BYTES } from "../../../core/limits.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";

export class MemoryGauge {
  readonly #bench: HardBench;
  #poolBytesMax = 0;
  readonly #heapBytes: number[] = [];

  constructor(bench: HardBench) {
    this.#bench = bench;
  }

  /** To be called often: costs nothing. */
  look(): void {
    const { out } = this.#bench.server.pool;
    this.#poolBytesMax = Math.max(this.#poolBytesMax, out * POOL_BUF_BYTES);
  }

  /** To be called seldom: collects garbage. */
  weigh(): void {
    if (!IS_FULL) return;
    this.#heapBytes.push(memoryInUse());
  }

  /**
   * By how many bytes it grew: the pool at its most; the heap from one half of the time to the
   * other, each at its least, since engines free the memory of arrays some time after its
   * collection. The first weight is of code that has not run yet, and does not count.
   */
  get growth(): number {
    const [, ...weights] = this.#heapBytes;
    const half = weights.length >> 1;
    if (half === 0) return this.#poolBytesMax;
    const heapBytes = Math.min(...weights.slice(half)) - Math.min(...weights.slice(0, half));
    return Math.max(this.#poolBytesMax, heapBytes);
  }
}

/**
 * The memory of live objects and arrays, in bytes. Bun 1.4 counts the memory of arrays as part of
 * its heap, and as external beside that; Node and Deno have it in the latter alone.
 */
export function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return process.versions["bun"] === undefined ? heapUsed + external : heapUsed;
}

/**
 * Bun has a function for it, and V8 a flag that takes effect in new contexts (Node 26, Deno 2.9).
 */
function collectGarbage(): void {
  const bun = (globalThis as { Bun?: { gc(now: boolean): void } }).Bun;
  if (bun !== undefined) {
    bun.gc(true);
    return;
  }
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
