/**
 * Promises of whatever make: what can be awaited, and what becomes of a failure of which nobody
 * asks. It knows nothing of requests.
 *
 * @module
 */

/** True exactly when `value` can be awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/**
 * What a listener of the application answered, which may be asynchronous though nobody waits for
 * it: `failed` is told of its failure, which would end the process else.
 */
export function hearFailure(answer: unknown, failed: (error: unknown) => void): void {
  if (isPromiseLike(answer)) answer.then(undefined, failed);
}
