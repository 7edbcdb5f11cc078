/**
 * What a generator yields to wait, be it an iterable application or a computation in steps: an
 * object with the brand below. It knows the two sides of a wait and nothing of what is waited for;
 * a pause, a handle that becomes readable or a name that is being resolved bring that themselves.
 *
 * The way of a wait: the generator yields a suspension; whoever runs it calls the suspension's one
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
   * The wait is over: `result` is the value of the `yield`. This or `fail` counts, once; later
   * calls do nothing. Both only schedule, so they are safe at any place.
   */
  wake(result: Result): void;
  /** The wait is over: the `yield` throws `error`. */
  fail(error: unknown): void;
}

/** True exactly when `value` is a suspension, of whatever copy of this package. */
export function isSuspension(value: unknown): value is Suspension {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<Suspension>)[SUSPENSION] === "function";
}

/** Whoever runs a generator that waits. */
export interface WaitOwner {
  /**
   * The wait is over: the generator goes on with `value`, or with `error` thrown in when there is
   * one. Once, perhaps inside `begin`; never after `giveUp`.
   */
  woke(value: unknown, error: Thrown | null): void;
}

export interface Thrown {
  readonly thrown: unknown;
}

/**
 * One wait of a generator, for a suspension or a promise. Whatever these do wrong stays in it: what
 * one throws is thrown at its `yield`, and what one tells late or twice nobody hears.
 */
export class Wait implements Waiter {
  readonly loop: Loop;
  /** Null when the wait is over. */
  #owner: WaitOwner | null;
  #cancel: (() => void) | null = null;
  #isGivenUp = false;

  constructor(loop: Loop, owner: WaitOwner) {
    this.loop = loop;
    this.#owner = owner;
    loop.waiting.suspended++;
  }

  begin(awaited: Suspension | PromiseLike<unknown>): void {
    try {
      if (isSuspension(awaited)) this.#suspend(awaited);
      else awaited.then((value) => this.wake(value), (error) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  wake(result: unknown): void {
    this.#over()?.woke(result, null);
  }

  fail(error: unknown): void {
    this.#over()?.woke(undefined, { thrown: error });
  }

  /** Nobody waits any more. Does nothing when the wait is over. */
  giveUp(): void {
    const cancel = this.#cancel;
    if (this.#over() === null) return;
    this.#isGivenUp = true;
    try {
      cancel?.();
    } catch {
      // Whoever gives up has an end of his own to come to.
    }
  }

  #suspend(suspension: Suspension): void {
    const cancel = suspension[SUSPENSION](this);
    if (this.#owner !== null) this.#cancel = cancel;
    else if (this.#isGivenUp) cancel();
  }

  #over(): WaitOwner | null {
    const owner = this.#owner;
    if (owner !== null) this.loop.waiting.suspended--;
    this.#owner = this.#cancel = null;
    return owner;
  }
}
