/**
 * What an iterable application yields to wait: an object with the brand below. It knows the two
 * sides of a wait and nothing of what is waited for; a pause, a handle that becomes readable or a
 * name that is being resolved bring that themselves.
 *
 * The way of a wait: the application yields a suspension; its sender calls the suspension's one
 * method with a waiter and leaves the generator alone; somebody calls `wake` or `fail`; the
 * generator goes on at the end of that turn, with the result as the value of the `yield`, or with
 * the error thrown there. When the generator is closed before, the wait is given up.
 *
 * A suspension must not have a `then`: an asynchronous generator awaits what it yields, and would
 * yield the result instead, which would be sent.
 *
 * @module
 */

import type { Loop } from "../loop.ts";

/** The name of the one method of a suspension. */
export const SUSPENSION: unique symbol = Symbol.for("sluice.suspension") as never;

/** Something that can be yielded to wait for it. `Result` is the value of the `yield`. */
export interface Suspension<Result = unknown> {
  /**
   * Begins the wait. `waiter` may be told inside the call. Answers how to give the wait up: called
   * at most once, and never after the waiter was told.
   */
  [SUSPENSION](waiter: Waiter<Result>): () => void;
}

/** Who waits. */
export interface Waiter<Result = unknown> {
  /** For timers, and for what is to be posted. */
  readonly loop: Loop;
  /**
   * The wait is over: one of these two, once; later calls do nothing. Both only schedule, so they
   * are safe at any place.
   */
  wake(result: Result): void;
  fail(error: unknown): void;
}

/** True exactly when `value` is a suspension, of whatever copy of this package. */
export function isSuspension(value: unknown): value is Suspension {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<Suspension>)[SUSPENSION] === "function";
}
