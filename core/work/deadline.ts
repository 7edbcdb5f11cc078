/**
 * How long a wait may take: one deadline, on whichever of the loop's clocks fits its length. It
 * knows the alarms and the timer wheel, and not who waits.
 *
 * @module
 */

import { Alarm } from "../alarms.ts";
import type { Loop } from "../loop.ts";
import { Timer } from "../timers.ts";

/** Time-outs below this are kept to the millisecond: a grain of 100 ms would be felt. */
const PRECISE_MS_MAX = 1000;

export interface Deadline {
  /** It will not be told any more. */
  cancel(): void;
}

/**
 * Calls `over` once after `timeoutMs`; `Infinity` is never. With 0 it is called two turns of the
 * loop from now, so that whoever must read in order to know gets one look at the world.
 *
 * @throws {RangeError} for a negative time, and for what is no number.
 */
export function startDeadline(loop: Loop, timeoutMs: number, over: () => void): Deadline {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw new RangeError(`timeoutMs must be 0 or more milliseconds, not ${timeoutMs}`);
  }
  if (timeoutMs === Infinity) return NEVER;
  if (timeoutMs === 0) return inTwoTurns(loop, over);
  if (timeoutMs < PRECISE_MS_MAX) {
    const alarm = new Alarm(over);
    loop.alarms.arm(alarm, loop.now() + timeoutMs);
    return { cancel: () => loop.alarms.disarm(alarm) };
  }
  const timer = new Timer({ onTimer: over });
  loop.timers.arm(timer, loop.now() + timeoutMs);
  return { cancel: () => loop.timers.disarm(timer) };
}

function inTwoTurns(loop: Loop, over: () => void): Deadline {
  let isCancelled = false;
  loop.afterTurns(2, () => void (isCancelled || over()));
  return {
    cancel: () => {
      isCancelled = true;
    },
  };
}

const NEVER: Deadline = { cancel() {} };
