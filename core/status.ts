/**
 * The five result codes. Every step of the core that can succeed, wait, pass on or fail answers
 * with one of them. They say how a call went; they never carry an HTTP status.
 *
 * @module
 */

/** It is finished, and more may be offered. */
export const OK = 0 as const;
/** It failed, and the thing that it was asked of is dead. */
export const ERROR = -1 as const;
/** It is not finished. Offer nothing more until the matching event (`onWritable`). */
export const AGAIN = -2 as const;
/** The call is over but the work is not: whoever holds the request will finalize it later. */
export const DONE = -4 as const;
/** Not mine: ask the next one. Never an error. */
export const DECLINED = -5 as const;

/** One of the five. What a handler answers, and what `finalizeRequest` takes. */
export type ResultCode =
  | typeof OK
  | typeof ERROR
  | typeof AGAIN
  | typeof DONE
  | typeof DECLINED;

/** What a sending step may answer. */
export type SendCode = typeof OK | typeof AGAIN | typeof ERROR;

const NAMES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [OK, "OK"],
  [ERROR, "ERROR"],
  [AGAIN, "AGAIN"],
  [DONE, "DONE"],
  [DECLINED, "DECLINED"],
]);

/** True exactly when `value` is one of the five codes. */
export function isResultCode(value: unknown): value is ResultCode {
  return NAMES.has(value);
}

/** The code's name for a log line, or the value as text when it is no code. */
export function nameOfCode(value: unknown): string {
  return NAMES.get(value) ?? String(value);
}
