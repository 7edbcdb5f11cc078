/**
 * A pause: the suspension that ends when somebody calls `resume`, or by a time-out or a signal that
 * was asked for. It knows whether it is waited for, and who ended it; what goes on then is the
 * waiter's affair. After WSGI's `x-wsgiorg.suspend`.
 *
 * @module
 */

import { type Deadline, startDeadline } from "./deadline.ts";
import { SUSPENSION, type Suspension, type Waiter } from "./suspension.ts";

/**
 * How a pause ended.
 *
 * - `resumed`: somebody called `resume`.
 * - `timeout`: `timeoutMs` went by.
 * - `aborted`: the signal aborted.
 */
export type PauseResult = "resumed" | "timeout" | "aborted";

/** What ends a pause beside `resume`. */
export interface PauseOptions {
  /**
   * Ends the pause so long after it was yielded: to the millisecond below a second, else to the 100
   * ms of the timer wheel. Default: never.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the pause when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A pause of one generator, made by `out.pause()`, or by itself for a computation in steps. Yielded
 * once; ended once, by whoever is first.
 */
export class Pause implements Suspension<PauseResult> {
  /** How it ended; null before. */
  result: PauseResult | null = null;
  /** True exactly when it was yielded. */
  yielded = false;
  /**
   * Ends the pause. Safe at any time and at any place, also before the yield, which then does not
   * wait: it only schedules, and never runs the application inside the call. True exactly for the
   * one call that ends the pause; false when it has ended before, or the request has. Bound, so
   * that it can be handed on by itself.
   */
  readonly resume: () => boolean;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | null;
  #waiter: Waiter<PauseResult> | null = null;
  #deadline: Deadline | null = null;
  #onAbort: (() => void) | null = null;
  /** True exactly when nobody will go on with it any more. */
  #isGivenUp = false;

  /** @throws {RangeError} when `timeoutMs` is no time. */
  constructor(options: PauseOptions = {}) {
    const { timeoutMs = Infinity, signal } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
      throw new RangeError(`timeoutMs must be 0 or more, not ${String(timeoutMs)}`);
    }
    this.#timeoutMs = timeoutMs;
    this.#signal = signal ?? null;
    this.resume = () => this.#end("resumed");
  }

  [SUSPENSION](waiter: Waiter<PauseResult>): () => void {
    if (this.#isGivenUp) throw new Error(ITS_REQUEST_IS_OVER);
    if (this.yielded && this.result === null) throw new Error("a pause was yielded twice");
    this.yielded = true;
    if (this.result !== null) waiter.wake(this.result);
    else this.#wait(waiter);
    return () => this.giveUp();
  }

  /** The request is over: from now on `resume` answers false. */
  giveUp(): void {
    this.#isGivenUp = true;
    const waiter = this.#waiter;
    this.#waitOver();
    // Its own request has given its wait up, and hears nothing; another one's has lost who resumes.
    waiter?.fail(new Error(ITS_REQUEST_IS_OVER));
  }

  #wait(waiter: Waiter<PauseResult>): void {
    this.#waiter = waiter;
    const signal = this.#signal;
    if (signal !== null) {
      if (signal.aborted) {
        this.#end("aborted");
        return;
      }
      const onAbort = () => void this.#end("aborted");
      signal.addEventListener("abort", onAbort, { once: true });
      this.#onAbort = onAbort;
    }
    if (this.#timeoutMs === Infinity) return;
    this.#deadline = startDeadline(waiter.loop, this.#timeoutMs, () => void this.#end("timeout"));
  }

  #end(result: PauseResult): boolean {
    if (this.result !== null || this.#isGivenUp) return false;
    this.result = result;
    const waiter = this.#waiter;
    this.#waitOver();
    waiter?.wake(result);
    return true;
  }

  #waitOver(): void {
    this.#deadline?.cancel();
    if (this.#onAbort !== null) this.#signal!.removeEventListener("abort", this.#onAbort);
    this.#waiter = this.#deadline = this.#onAbort = null;
  }
}

const ITS_REQUEST_IS_OVER = "the request that this pause is of is over: nothing can end the pause";
