/**
 * The real event loop, for a runtime whose own time stands still: a turn of it, and a short wait.
 * It knows `node:timers`, which Node, Deno and Bun all have; fake timers that a test puts in do not
 * reach it.
 *
 * @module
 */

import { setImmediate, setTimeout } from "node:timers";

/** One turn: every microtask runs, however many hops its chain has. About 1 µs on all three. */
export function realTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits for `ms` milliseconds of the real clock. */
export function realWait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
