/**
 * The oracle: what a client may have received, given what reached the server and when. Each answer
 * must be right and in order; none may follow the last; what is missing needs a reason, and so does
 * the way in which the connection ended. It asks the evidence and knows nothing of the core.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";
import { judgeAnswer, judgeTailAnswer, wrongByte } from "./judge_answer.ts";
import { closes } from "./evidence.ts";
import { bodyAsMade } from "./judge_coding.ts";
import { judgeFin } from "./judge_fin.ts";
import { judgeOver } from "./judge_over.ts";
import { judgeTold } from "./judge_told.ts";

/** @throws {Violation} when anything about this connection is not as it must be. */
export function judgeConnection(e: Evidence): void {
  const { client } = e;
  if (client.bad !== null) e.fail(`received what is not HTTP: ${client.bad}`);
  if (!client.hasBegun) return;
  if (!e.wasAccepted) {
    judgeUnaccepted(e);
    return;
  }
  if (e.side.closed === null) e.fail("the connection never closed");
  if (e.side.isRefused) {
    judgeFull(e);
    return;
  }
  for (let index = 0; index < e.answers.length; index++) {
    if (index > 0 && closes(e.answers[index - 1]!)) e.fail("an answer came behind the last one");
    if (index < e.requests.length) judgeAnswer(e, index);
    else judgeTailAnswer(e, index);
  }
  judgeInside(e);
  judgeFin(e);
  judgeTold(e);
  judgeOver(e);
  judgeEnd(e);
  judgeMissing(e);
}

function judgeUnaccepted(e: Evidence): void {
  const { client } = e;
  if (client.receivedBytes > 0) e.fail("bytes came from nobody");
  const isExcused = e.isStruck || client.left !== null || e.closingMs < Infinity;
  if (!isExcused) e.fail("the connection was never accepted");
}

/** One too many: a whole 503, and the end; where those are too many, the end alone. */
function judgeFull(e: Evidence): void {
  const [answer, ...more] = e.answers;
  if (more.length > 0) e.fail("more than one answer, where there is no room");
  if (answer === undefined) {
    const isTurnedAway = e.side.refusedAtAccept > e.plan.limits.refusedConnectionsMax;
    const isExcused = isTurnedAway || e.isStruck || e.clientIsGone || whyAborted(e) !== null ||
      !isLost(e);
    if (!isExcused) e.fail("no 503, where there is no room");
  } else if (answer.status !== 503 || !closes(answer)) {
    e.fail(`${answer.status} instead of a 503 that closes, where there is no room`);
  }
}

/** The part of an answer that is there must be right, and its end must not look like one. */
function judgeInside(e: Evidence): void {
  const { reader } = e.client;
  if (!reader.isInside) return;
  if (e.client.endedMs < Infinity) e.fail("an answer was cut off by what looks like a clean end");
  if (e.lastCloses) e.fail("bytes came behind the last answer");
  const id = reader.insideHead?.fields.find(([name]) => name === "x-id")?.[1];
  if (id === undefined || id === "wild") return;
  const index = e.answers.length;
  if (id !== `${e.client.index}/${index}`) e.fail(`answer ${index} begins as the one to ${id}`);
  const wrongAt = wrongByte(
    bodyAsMade(reader.insideHead!, reader.insideBody),
    e.client.index,
    index,
  );
  if (wrongAt >= 0) e.fail(`byte ${wrongAt} of answer ${index}, which was cut off, is wrong`);
}

// How it ended.

function judgeEnd(e: Evidence): void {
  const { ended } = e.side;
  if (ended === "abort") {
    if (whyAborted(e) === null) e.fail("the server reset the connection without a reason");
  } else if (ended !== null) {
    if (whyClosed(e) === null) e.fail("the server closed the connection without a reason");
  } else if (!e.isStruck && e.client.left === null && e.client.closed !== "aborted") {
    e.fail("the connection ended by itself");
  }
}

/** Why the server may reset; null when it may not. */
function whyAborted(e: Evidence): string | null {
  const { abortedMs, endedMs, lastSendMs } = e.side;
  if (abortedMs === Infinity) return null;
  if (isDeadline(e)) return isBusy(e) ? "the deadline of its close" : null;
  const { sendTimeoutMs } = e.clocks;
  const mayTakeNothing = e.hasMissedSome || e.clientIsGone || e.isStruck ||
    sendTimeoutMs <= e.lateMs;
  if (mayTakeNothing && abortedMs - lastSendMs >= sendTimeoutMs && lastSendMs >= 0) {
    return "the client takes nothing";
  }
  const { sendBytesPerSecondMin, sendRateWindowMs } = e.clocks;
  if (
    mayTakeNothing && sendBytesPerSecondMin > 0 && abortedMs - e.side.acceptedMs >= sendRateWindowMs
  ) {
    return "the client takes too little";
  }
  if (takesTooLittle(e)) return "the client takes too little";
  // It may have sent more answers than the client has received; and what has no body for the client
  // may have one for the application.
  for (let index = Math.max(0, e.answers.length - 1); index < e.requests.length; index++) {
    const { act, request } = e.deed(index) ?? {};
    if (act === undefined || request === undefined) continue;
    if (CUTTING.has(act.answer)) return "the application broke off";
    // What is too long fails where its length is reached.
    if (act.via === "thread" && act.answer === "long") return "the job wrote too much";
    const whyThreadFailed = e.whyThreadFailed(index);
    if (whyThreadFailed !== null) return whyThreadFailed;
    const isCutOff = e.side.finMs <= endedMs && e.side.came.total < e.span(index).end;
    if (isCutOff) return "the body of a request that was being answered is cut off";
    if (e.quits(index) && (e.side.finMs <= endedMs || e.closingMs <= endedMs)) return "it gave up";
  }
  return null;
}

/**
 * Below the least rate over a whole window, but for what is on its way and may have been taken.
 * Whoever takes what is offered is slow by faults alone, and then something is sent all the time.
 */
function takesTooLittle(e: Evidence): boolean {
  const { abortedMs, acceptedMs, lastSendMs, went } = e.side;
  if (abortedMs - lastSendMs > e.lateMs) return false;
  const { sendBytesPerSecondMin, sendRateWindowMs } = e.clocks;
  const sinceMs = abortedMs - sendRateWindowMs;
  if (sendBytesPerSecondMin === 0 || sinceMs < acceptedMs) return false;
  const most = sendBytesPerSecondMin * sendRateWindowMs / 1000 + e.plan.bufferBytes;
  return went.totalAt(abortedMs) - went.totalAt(sinceMs) < most;
}

const CUTTING = new Set(["breaks", "short", "greedy"]);

function isDeadline(e: Evidence): boolean {
  const { close } = e.plan;
  const { abortedMs } = e.side;
  return close !== null && abortedMs < Infinity && abortedMs >= e.closingMs + close.deadlineMs;
}

/** True exactly when something was under way when the deadline of the server's close came. */
function isBusy(e: Evidence): boolean {
  const { cameUntilEnd, came, ended, went } = e.side;
  if (ended !== "abort" || went.total > e.client.receivedBytes) return true;
  const bytes = Math.min(cameUntilEnd, came.total);
  const next = e.answers.length;
  if (bytes > e.span(next).start || next > 0 && bytes < e.span(next - 1).end) return true;
  // Its body may still be on its way to the disk, though a clock has answered.
  const isKept = e.plan.requestBody === "buffer" && (e.requests[next - 1]?.body ?? null) !== null;
  if (isKept && e.deed(next - 1) === undefined) return true;
  const { overMs = -1 } = e.deed(next - 1) ?? {};
  return overMs >= e.closingMs;
}

/** Why the server may close; null when it may not. */
function whyClosed(e: Evidence): string | null {
  const { acceptedMs, endedMs, finMs } = e.side;
  const { clocks } = e;
  if (e.closingMs <= endedMs) return "it closes altogether";
  if (finMs <= endedMs || e.clientIsGone) return "the client has ended";
  if (e.lastCloses || e.insideCloses) return "it said so";
  if (hasSentMore(e)) return "it said so in what the client did not receive";
  if (endedMs - acceptedMs >= clocks.headerTimeoutMs && isNothing(e)) return "nothing came";
  if (quietMs(e) >= clocks.keepAliveTimeoutMs) return "nothing more came";
  // One of the tail whose body is wrong may be turned away before anybody reads that.
  const last = e.client.tail[e.answers.length - 1 - e.requests.length];
  if (last?.closes === true) return "behind what came nothing can come";
  return whyNotDropped(e);
}

/** True exactly when no byte of a request has come: a few empty lines are none. */
function isNothing(e: Evidence): boolean {
  const { came, endedMs } = e.side;
  const bytes = e.client.script.bytes.subarray(0, came.totalAt(endedMs));
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a);
}

/**
 * True exactly when the server sent more than the client has seen, and it may have been the end.
 */
function hasSentMore(e: Evidence): boolean {
  const mayLose = e.isStruck || e.clientIsGone || e.client.closed === "reset";
  return mayLose && e.hasMissedSome;
}

/** Why the rest of a body that nobody wanted could not be dropped; null when it could. */
function whyNotDropped(e: Evidence): string | null {
  const index = e.answers.length - 1;
  const body = e.requests[index]?.body ?? null;
  if (body === null) return null;
  const { came, endedMs } = e.side;
  if (e.isMalformed(index)) return "the rest of a body is malformed";
  if (e.bodyBytesMost(index) > e.plan.limits.discardBytesMax) {
    return "the rest of a body is too much";
  }
  // What came in the instant of the end may have come behind it.
  const isOpen = !e.hadCome(e.span(index).end, endedMs - 0.001);
  const gapMs = came.longestGapMs(e.side.acceptedMs, endedMs, e.span(index).data);
  if (isOpen && gapMs >= e.clocks.bodyTimeoutMs) return "the rest is late";
  const { bodyBytesPerSecondMin, bodyRateWindowMs } = e.clocks;
  const isWatched = bodyBytesPerSecondMin > 0 && endedMs - e.headMs(index) >= bodyRateWindowMs;
  if (isOpen && isWatched) return "the rest is slow";
  return null;
}

// What is missing.

function judgeMissing(e: Evidence): void {
  const index = e.answers.length;
  if (e.lastCloses || index >= e.requests.length + e.client.tail.length) return;
  if (e.isStruck || e.clientIsGone) return;
  const { side } = e;
  if (side.ended === "abort") return;
  if (isDeadline(e)) return;
  if (isLost(e)) e.fail(`answer ${index} was sent, and lost to a reset`);
  if (hasSentMore(e)) return;
  if (side.ended === null && e.client.closed === "aborted") e.fail("stuck: nothing ends it");
  const needed = index < e.requests.length ? neededOf(e, index) : e.client.script.bytes.length;
  if (Math.min(side.cameUntilEnd, side.came.total) < needed) return;
  if (whyNotDropped(e) !== null) return;
  e.fail(`answer ${index} is missing`);
}

/** How many bytes the server needs before it must answer a request. */
function neededOf(e: Evidence, index: number): number {
  const { end, headEnd } = e.span(index);
  return e.requests[index]!.body === null ? headEnd : end;
}

/**
 * True exactly when the server sent all, closed in order, and the client got a reset instead,
 * though it only did what a client may do. Whoever closes an idle connection may always meet a
 * request that is on its way (RFC 9112 §9.5); and nobody lingers for ever.
 */
function isLost(e: Evidence): boolean {
  const { closedMs, ended, endedMs } = e.side;
  const { clocks } = e;
  if (!e.hasMissedSome || e.client.closed !== "reset") return false;
  if (whyAborted(e) !== null) return false;
  const lingerMs = Math.min(clocks.lingerTimeMs, clocks.lingerTimeoutMs);
  if (ended === "shutdown") return closedMs - endedMs < lingerMs;
  return e.closingMs > endedMs && quietMs(e) < clocks.keepAliveTimeoutMs;
}

/** How long nothing had happened when the server ended the connection. */
function quietMs(e: Evidence): number {
  const { acceptedMs, came, endedMs } = e.side;
  // Empty lines behind a request are nothing; more than these would be a head that comes too late.
  const { overMs = came.lastUntilMs(endedMs) } = e.deed(e.answers.length - 1) ?? {};
  return endedMs - Math.max(acceptedMs, overMs);
}
