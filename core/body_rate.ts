/**
 * How fast a request's body comes, counted over windows of the time in which somebody waits for it.
 * It knows bytes and times that it is told; what a slow body gets is its owner's affair.
 *
 * Each window is looked at by itself, so that a fast beginning earns no right to trickle.
 *
 * @module
 */

import type { Clocks } from "./limits.ts";

/** What the rate is measured by. */
export type RateClocks = Pick<Clocks, "bodyBytesPerSecondMin" | "bodyRateWindowMs">;

export class BodyRate {
  /** Bytes of the body so far. */
  #seen = 0;
  /** Bytes that were there when the window began. */
  #seenBefore = 0;
  /** Time of waiting in this window, up to `#sinceMs`. */
  #waitedMs = 0;
  #sinceMs = 0;

  /** A next body begins. */
  reset(): void {
    this.#seen = this.#seenBefore = this.#waitedMs = 0;
  }

  /** Somebody waits from now on. */
  waits(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** Nobody waits any more. */
  stops(nowMs: number): void {
    this.#waitedMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }

  /** There are `seen` bytes of the body by now. */
  came(seen: number): void {
    this.#seen = seen;
  }

  /** When the window is over if somebody waits all the time until then. */
  windowEndMs(clocks: RateClocks): number {
    if (clocks.bodyBytesPerSecondMin === 0) return Infinity;
    return this.#sinceMs + clocks.bodyRateWindowMs - this.#waitedMs;
  }

  /** True exactly when the window is over and too little came in it. Otherwise the next begins. */
  isTooLow(nowMs: number, clocks: RateClocks): boolean {
    if (nowMs < this.windowEndMs(clocks)) return false;
    const { bodyBytesPerSecondMin, bodyRateWindowMs } = clocks;
    const wanted = bodyBytesPerSecondMin * bodyRateWindowMs / 1000;
    if (this.#seen - this.#seenBefore < wanted) return true;
    this.#seenBefore = this.#seen;
    this.#waitedMs = 0;
    this.#sinceMs = nowMs;
    return false;
  }
}
