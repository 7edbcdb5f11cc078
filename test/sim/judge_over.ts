/**
 * Judges when requests were over: as soon as the application is done with one and its answer was
 * taken by the runtime, whatever else its connection is about. It asks the evidence and knows
 * nothing of the core.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";

export function judgeOver(e: Evidence): void {
  const { answers, client, requests } = e;
  for (let index = 0; index < Math.min(answers.length, requests.length); index++) {
    const deed = e.deed(index);
    if (deed === undefined) continue;
    const next = answers[index + 1]?.startByte;
    // How much of what came behind the last answer belongs to another one, nobody knows.
    if (next === undefined && client.reader.isInside) return;
    const takenMs = e.side.went.passedMs((next ?? client.receivedBytes) - 1);
    // Each thing that a thread says may come late, and all of them until the deadline of its job.
    const threadMs = deed.act.via === "thread" ? e.clocks.threadDeadlineMs : 0;
    const dueMs = Math.max(takenMs, deed.doneMs) + e.lateMs + threadMs;
    if (deed.overMs > dueMs) e.fail(`${deed} was due to be over by ${dueMs}: ${deed.overMs}`);
  }
}
