/**
 * The contract of ambient state: what belongs to a line of work without being handed on from call
 * to call, as `AsyncLocalStorage` keeps it. Types and prose only. It knows how to come back to such
 * a state; it knows nothing of what is in it.
 *
 * A platform carries ambient state along by itself through promises and its own timers. What the
 * core calls later from an event of another request (the next slice of a generator, a listener)
 * would find that one's state, so the core remembers the right one and returns to it.
 *
 * @module
 */

/** Runs a call in the ambient state that was remembered. It may be used any number of times. */
export type Ambient = <Argument, Result>(
  call: (argument: Argument) => Result,
  argument: Argument,
) => Result;

/** Ambient state. */
export interface Context {
  /** Remembers the ambient state of the caller. */
  capture(): Ambient;
}
