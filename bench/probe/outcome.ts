/**
 * What a probe has seen: in words, with its time where the time says something. It knows when two
 * of them are the same.
 *
 * @module
 */

export interface Outcome {
  /** `408`, `closed`, `answered in order`. */
  readonly seen: string;
  /** How long after the client's last move; null where that says nothing. */
  readonly afterMs: number | null;
  /** What lies beneath and is not compared: how a connection ended, how much came. */
  readonly detail?: string;
}

/** What was seen, without a time. */
export function seen(what: string, detail?: string): Outcome {
  return { seen: what, afterMs: null, ...detail === undefined ? {} : { detail } };
}

/** As the table shows it: `408 at 10 s`. */
export function textOf(outcome: Outcome): string {
  const { afterMs } = outcome;
  return afterMs === null ? outcome.seen : `${outcome.seen} at ${Math.round(afterMs / 1000)} s`;
}

/** Clocks are exact to their grain of 100 ms; the rest is a busy machine's. */
const SAME_TIME_MS = 1_000;

/** True exactly when a client could not tell the servers apart by these two. */
export function isSame(one: Outcome, other: Outcome): boolean {
  if (one.seen !== other.seen) return false;
  if (one.afterMs === null || other.afterMs === null) return one.afterMs === other.afterMs;
  return Math.abs(one.afterMs - other.afterMs) <= SAME_TIME_MS;
}
