/**
 * Judges who was told of an end, and when: whoever works for a request hears at once that its
 * client left or half-closed, and that the server closes; and nobody is told of what has not
 * happened. It asks the evidence and knows nothing of the core.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";
import type { Deed } from "./facts.ts";
import { MISBEHAVING } from "./plan.ts";

export function judgeTold(e: Evidence): void {
  for (let index = 0; index < e.requests.length; index++) {
    const deed = e.deed(index);
    if (deed === undefined) continue;
    judgeEnds(e, deed);
    if (deed.abortCause !== null && !hasCause(e, deed)) {
      e.fail(`${deed} was told ${deed.abortCause} at ${deed.abortedMs}, without a reason`);
    }
  }
}

function judgeEnds(e: Evidence, deed: Deed): void {
  const { closedMs, finMs } = e.side;
  const told = (atMs: number, what: string) => {
    if (!isWorking(e, deed, atMs) || deed.abortedMs <= atMs) return;
    e.fail(`${what} at ${atMs}, and ${deed} was not told`);
  };
  if (e.plan.halfClose === "abort") told(finMs, "the FIN came");
  told(e.closingMs, "the server began to close");
  told(closedMs, "the connection closed");
  if (isWorking(e, deed, closedMs) && deed.terminatedMs > closedMs) {
    e.fail(`the connection closed at ${closedMs}, and ${deed} may go on`);
  }
}

/** True exactly when the application had a request at that time, and was not done with it. */
function isWorking(e: Evidence, deed: Deed, atMs: number): boolean {
  let { beganMs, doneMs } = deed;
  if (deed.act.via === "thread") {
    if (e.whyThreadFailed(deed.index) !== null) return false;
    beganMs = deed.job?.beganMs ?? Infinity;
    doneMs = Math.min(doneMs, deed.job?.endedMs ?? Infinity);
  }
  return beganMs < atMs && doneMs > atMs && deed.overMs > atMs;
}

/** True exactly when what it was told may be so. */
function hasCause(e: Evidence, deed: Deed): boolean {
  const { abortCause, abortedMs, act, index } = deed;
  const { clocks, side } = e;
  switch (abortCause!) {
    case "client-gone":
      return abortedMs >=
        Math.min(side.closedMs, e.plan.halfClose === "abort" ? side.finMs : Infinity);
    case "shutdown":
      return abortedMs >= e.closingMs;
    case "timeout":
      // It counts from the head on, and so while a body is kept before any handler.
      return abortedMs - e.headMs(index) >= clocks.handlerTimeoutMs ||
        abortedMs - side.acceptedMs >= clocks.sendTimeoutMs;
    case "bad-request":
      return e.requests[index]!.body !== null;
    case "application":
      return MISBEHAVING.has(act.answer) || e.whyThreadFailed(index) !== null;
  }
}
