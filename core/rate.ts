/**
 * How fast bytes move, counted over windows of the time in which somebody waits for them. It knows
 * bytes and times that it is told; what a slow peer gets is its owner's affair.
 *
 * Each window is looked at by itself, so that a fast beginning earns no right to trickle.
 *
 * @module
 */

export class Rate {
  /** Bytes so far. */
  #seen = 0;
  /** Bytes that were there when the window began. */
  #seenBefore = 0;
  /** Time of waiting in this window, up to `#sinceMs`. */
  #waitedMs = 0;
  /** Since when somebody waits, as far as it is not counted yet. */
  #sinceMs = 0;

  /** What is measured next begins, with `seen` bytes that count for nobody. */
  reset(seen = 0): void {
    this.#seen = this.#seenBefore = seen;
    this.#waitedMs = 0;
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

  /** There are `seen` bytes by now. */
  came(seen: number): void {
    this.#seen = seen;
  }

  /**
   * When a window of `windowMs` is over if somebody waits all the time until then; never for a
   * least rate of 0.
   */
  windowEndMs(perSecondMin: number, windowMs: number): number {
    if (perSecondMin === 0) return Infinity;
    return this.#sinceMs + windowMs - this.#waitedMs;
  }

  /** True exactly when the window is over and too little came in it. Otherwise the next begins. */
  isTooLow(nowMs: number, perSecondMin: number, windowMs: number): boolean {
    if (nowMs < this.windowEndMs(perSecondMin, windowMs)) return false;
    const wanted = perSecondMin * windowMs / 1000;
    if (this.#seen - this.#seenBefore < wanted) return true;
    this.#seenBefore = this.#seen;
    this.#waitedMs = 0;
    this.#sinceMs = nowMs;
    return false;
  }
}
