/**
 * Judges what became of a client's FIN: it must reach the server while that one reads, and a
 * connection with nothing to do must end then, not at some later clock. It asks the evidence and
 * knows nothing of the core.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";

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
  const { client, isStruck } = e;
  const { ended, endedMs, finMs, lastSendMs } = e.side;
  let busyMs = Math.max(finMs, lastSendMs);
  for (let index = 0; index < e.requests.length; index++) {
    busyMs = Math.max(busyMs, e.deed(index)?.overMs ?? 0);
  }
  const hasTail = client.tail.length > 0 || client.plan.tail !== null;
  if (isStruck || hasTail || ended === null || ended === "abort") return;
  if (endedMs > busyMs + e.lateMs) e.fail(`nothing was left to do from ${busyMs} on`);
}
