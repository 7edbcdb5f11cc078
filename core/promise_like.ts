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
 * it: `failed` is told of its failure, which would end the process else, and of what it throws when
 * it is asked.
 */
export function hearFailure(answer: unknown, failed: (error: unknown) => void): void {
  try {
    if (isPromiseLike(answer)) answer.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Something that was to be awaited, and nobody waits for any more: it may fail unheard. */
export function forsake(awaited: unknown): void {
  hearFailure(awaited, ignore);
}

function ignore(): void {}
