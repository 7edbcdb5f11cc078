/**
 * Assertions for faults of the core itself. What a peer sends, and what an application does wrong,
 * is never asserted here: peers get an `HttpError`, applications a log line and `false`.
 *
 * @module
 */

/**
 * Thrown when the core finds itself in a state that it promised could not be. Nobody catches it.
 */
export class AssertionFault extends Error {
  override name = "AssertionFault";
}

/** Throws `AssertionFault` with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFault(message);
}
