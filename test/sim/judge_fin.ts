/**
 * Judges what became of a client's FIN: it must reach the server while that one reads, whoever is
 * working for the client must hear of it, and a connection with nothing to do must end then, not at
 * some later clock. It asks the evidence and knows nothing of the core.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";
import type { Deed } from "./facts.ts";

export function judgeFin(e: Evidence): void {
  if (e.side.finMs === Infinity) judgeUnheard(e);
  else judgeHeard(e);
}

function judgeUnheard(e: Evidence): void {
  const { client, isStruck } = e;
  if (isStruck || client.left !== "close" && client.left !== "fin") return;
  const { acceptedMs, came, closedMs, endedMs, readingMs } = e.side;
  if (came.total !== client.sentBytes) return;
  const dueMs = Math.max(acceptedMs, readingMs, client.leftMs, came.lastMs) + e.lateMs;
  if (Math.min(endedMs, closedMs) > dueMs) e.fail(`the FIN was due by ${dueMs}, and never came`);
}

function judgeHeard(e: Evidence): void {
  const { client, isStruck, plan } = e;
  const { ended, endedMs, finMs, lastSendMs } = e.side;
  let busyMs = Math.max(finMs, lastSendMs);
  for (let index = 0; index < e.requests.length; index++) {
    const deed = e.deed(index);
    if (deed === undefined) continue;
    busyMs = Math.max(busyMs, deed.overMs);
    if (plan.halfClose === "abort" && isWorking(deed, finMs) && deed.aborts === 0) {
      e.fail(`the FIN came at ${finMs}, and ${deed} was not told`);
    }
  }
  const hasTail = client.tail.length > 0 || client.plan.tail !== null;
  if (isStruck || hasTail || ended === null || ended === "abort") return;
  if (endedMs > busyMs + e.lateMs) e.fail(`nothing was left to do from ${busyMs} on`);
}

/** True exactly when the application had a request at that time, and was not done with it. */
function isWorking(deed: Deed, atMs: number): boolean {
  return deed.beganMs < atMs && deed.doneMs > atMs && deed.overMs > atMs;
}
