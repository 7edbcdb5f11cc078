/**
 * Judges one answer: whether it is exactly what the plan says, or one of the few others that a
 * clock, a limit or the client's own doing allows, on the evidence of times and bytes.
 *
 * @module
 */

import { reasonOf } from "../../core/http/reasons.ts";
import { fieldOf, NO_THREAD_TEXT, type Received } from "./client.ts";
import { isBuffered } from "./app_threads.ts";
import { closes, type Evidence } from "./evidence.ts";
import { sumOf } from "./facts.ts";
import type { Act, RequestPlan } from "./plan.ts";
import {
  bodyAsMade,
  CODING_FIELDS,
  isUnknownCoding,
  judgeCoding,
  mayBeCoded,
} from "./judge_coding.ts";
import { pattern } from "./request_bytes.ts";

/** Judges answer `index` to a planned request. */
export function judgeAnswer(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  if (isLateHead(e, index)) return;
  const span = e.span(index);
  const sentMs = e.sentMs(answer);
  if (!e.hadCome(span.headEnd, sentMs)) {
    e.fail(`answer ${index} (${answer.status}) came before its request`);
  }
  const isApplications = fieldOf(answer, "x-id") !== "";
  if (e.isOverload(index)) judgeOverload(e, index);
  else if (isApplications) judgePlanned(e, index);
  else judgeServers(e, index);
  judgeClosing(e, index, isApplications);
  judgeInterims(e, index, isApplications);
}

/** Judges an answer to the bytes behind the planned requests. */
export function judgeTailAnswer(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  if (isLateHead(e, index)) return;
  const expected = e.client.tail[index - e.requests.length];
  if (expected === undefined) {
    // A refusal need not wait for a body.
    if (e.isOverload(index)) return;
    if (isCutBody(e, answer)) return;
    e.fail(`answer ${index} (${answer.status}) is to nothing`);
  }
  if (answer.status !== expected.status) {
    if (e.isOverload(index)) return;
    if (isCutBody(e, answer)) return;
    e.fail(`answer ${index} is ${answer.status} instead of ${expected.status}, to the tail`);
  }
  if (expected.closes && !closes(answer)) e.fail(`answer ${index}, to the tail, must be the last`);
  if (!expected.closes && closes(answer) && !mayCloseAnyway(e, index)) {
    e.fail(`answer ${index}, to the tail, closes without a reason`);
  }
}

/** A body of the tail that ends with the stream, or comes too late. */
function isCutBody(e: Evidence, answer: Received): boolean {
  if (!closes(answer)) return false;
  const { clocks } = e;
  const { acceptedMs, finMs } = e.side;
  const sentMs = e.sentMs(answer);
  if (answer.status === 400) return finMs <= sentMs;
  if (answer.status === 503) return sentMs - acceptedMs >= clocks.handlerTimeoutMs;
  // Where in a tail the data is, nobody knows here.
  const hasRate = clocks.bodyBytesPerSecondMin > 0;
  const leastMs = Math.min(clocks.bodyTimeoutMs, hasRate ? clocks.bodyRateWindowMs : Infinity);
  return answer.status === 408 && sentMs - acceptedMs >= leastMs;
}

/** A head that began to come and was not complete in time. */
function isLateHead(e: Evidence, index: number): boolean {
  const answer = e.answers[index]!;
  if (answer.status !== 408 || !textOf(answer).includes("head came too late")) return false;
  const sentMs = e.sentMs(answer);
  const { start, headEnd } = e.span(index);
  const sinceMs = index === 0 ? e.side.acceptedMs : e.side.came.passedMs(start);
  if (sentMs - sinceMs < e.plan.clocks.headerTimeoutMs) {
    e.fail(`answer ${index}: 408 after ${sentMs - sinceMs} ms of a head`);
  }
  const isTail = index >= e.requests.length;
  // It may have been decided long before it left.
  if (!isTail && e.hadCome(headEnd, sinceMs + e.plan.clocks.headerTimeoutMs - 1)) {
    e.fail(`answer ${index}: 408 although the head was there`);
  }
  if (!closes(answer)) e.fail(`answer ${index}: 408 and no end`);
  return true;
}

// What the application says.

function judgePlanned(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  const request = e.requests[index]!;
  const act = request.does;
  const id = `${e.client.index}/${index}`;
  if (isUnknownCoding(e, index)) e.fail(`answer ${index} is to a body that nobody can read`);
  if (fieldOf(answer, "x-id") !== id) {
    e.fail(`answer ${index} is the one to ${fieldOf(answer, "x-id")}`);
  }
  if (!mayBeWhole(request)) e.fail(`answer ${index} (${act.answer}) should have been cut off`);
  if (answer.status !== statusOf(act)) {
    e.fail(`answer ${index} is ${answer.status} instead of ${statusOf(act)}`);
  }
  if (isBuffered(act) && act.bytes > e.plan.limits.threadResultMaxBytes) {
    e.fail(`answer ${index} is a result that is too large`);
  }
  judgeRead(e, index);
  judgeBody(e, index);
  judgeFields(e, answer, index);
}

function statusOf(act: Act): number {
  return act.answer === "greedy" || act.answer === "short" || act.answer === "long"
    ? 200
    : act.status;
}

/** True exactly when what the application does can make a complete answer of its own. */
function mayBeWhole(request: RequestPlan): boolean {
  const { answer, status } = request.does;
  const isBodyless = request.method === "HEAD" || status === 204 || status === 304;
  if (answer === "respond" || answer === "stream" || answer === "long") return true;
  return isBodyless;
}

/** What the application says that it read must be what was sent. */
function judgeRead(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  const request = e.requests[index]!;
  const { body } = request;
  const expected = request.does.reads === "nothing" ? "" : readOf(e.client.index, index, body);
  if (fieldOf(answer, "x-read") !== expected) {
    e.fail(`answer ${index} read ${fieldOf(answer, "x-read")} instead of ${expected}`);
  }
  if (expected === "" || body === null) return;
  if (!e.hadCome(e.span(index).end, e.sentMs(answer))) {
    e.fail(`answer ${index} read a body that had not come`);
  }
  if (e.isMalformed(index)) e.fail(`answer ${index} read a body that is malformed`);
  if (body.bytes > e.plan.limits.clientBodyMaxBytes) {
    e.fail(`answer ${index} read a body too large`);
  }
}

function readOf(client: number, index: number, body: RequestPlan["body"]): string {
  const bytes = body?.bytes ?? 0;
  return `${bytes}.${sumOf(pattern(client, index, 0, bytes))}`;
}

function judgeBody(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  const { does, method } = e.requests[index]!;
  if (answer.framing === "none") return;
  if (method === "HEAD") e.fail(`answer ${index}, to HEAD, has a body`);
  const bytes = bodyAsMade(answer, answer.body);
  if (bytes.length !== does.bytes) {
    e.fail(`answer ${index} has ${bytes.length} bytes instead of ${does.bytes}`);
  }
  const wrongAt = wrongByte(bytes, e.client.index, index);
  if (wrongAt >= 0) e.fail(`byte ${wrongAt} of answer ${index} is wrong`);
  const hasTrailers = does.trailers && does.via === "native" && does.answer === "stream" &&
    answer.framing === "chunked";
  if (JSON.stringify(answer.trailers) !== (hasTrailers ? '[["x-trailer","t"]]' : "[]")) {
    e.fail(`answer ${index} has other trailers: ${JSON.stringify(answer.trailers)}`);
  }
}

/** Where `bytes` differ from the pattern of a request; -1 when they do not. */
export function wrongByte(bytes: Uint8Array, client: number, index: number): number {
  const expected = pattern(client, index, 0, bytes.length);
  return bytes.findIndex((byte, at) => byte !== expected[at]);
}

const OWN_FIELDS = new Set([
  "x-id",
  "x-read",
  "date",
  "content-length",
  "transfer-encoding",
  "connection",
]);

function judgeFields(e: Evidence, answer: Received, index: number): void {
  const { does } = e.requests[index]!;
  const seen = new Set<string>();
  for (const [name] of answer.fields) {
    if (seen.has(name)) e.fail(`answer ${index} has ${name} twice`);
    seen.add(name);
    if (OWN_FIELDS.has(name) || name === "content-type" && does.via === "fetch") continue;
    if (mayBeCoded(e, index) && CODING_FIELDS.has(name)) continue;
    if (name === "content-type" && does.isText) continue;
    e.fail(`answer ${index} has a field that nobody set: ${name}`);
  }
  judgeCoding(e, index);
  judgeDate(e, answer, index);
}

function judgeDate(e: Evidence, answer: Received, index: number): void {
  if (/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(fieldOf(answer, "date"))) return;
  e.fail(`answer ${index} has no date, or not this: "${fieldOf(answer, "date")}"`);
}

/** Too much was to be done: nobody has heard of the request. */
function judgeOverload(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  if (e.deed(index) !== undefined) e.fail(`answer ${index} is a refusal, and it was handled`);
  judgeDate(e, answer, index);
}

// What the server says in place of the application.

function judgeServers(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  const { method } = e.requests[index]!;
  const text = textOf(answer);
  const isUsual = text === `${answer.status} ${reasonOf(answer.status)}\n`;
  if (method !== "HEAD" && !isUsual && !(text === NO_THREAD_TEXT && e.mayFindNoThread(index))) {
    e.fail(`answer ${index} says ${JSON.stringify(text)}`);
  }
  judgeDate(e, answer, index);
  const why = whyServers(e, index);
  if (why === null) e.fail(`answer ${index} is ${answer.status} without a reason`);
}

/** Why the server may answer with this status by itself; null when it may not. */
function whyServers(e: Evidence, index: number): string | null {
  const answer = e.answers[index]!;
  const { does } = e.requests[index]!;
  const { answer: kind } = does;
  switch (answer.status) {
    case 404:
      return kind === "decline" ? "nobody wants it" : null;
    case 500:
      return whyFailed(e, index);
    case 503:
      if (kind === "refuse") return "the application refuses it";
      if (e.deed(index)?.isRefusedSteps) return "too much is computed";
      if (e.mayFindNoThread(index)) return "no thread is free";
      if (e.deed(index)?.job?.isLate === true) return "the thread is late";
      return isHandlerLate(e, index) ? "the handler is late" : null;
    case 413:
      return isTooLarge(e, index) ? "the body is too large" : null;
    case 400:
      return whyBad(e, index);
    case 415:
      return isUnknownCoding(e, index) ? "nobody knows the coding" : null;
    case 408:
      return isBodyLate(e, index) ? "the body is late" : null;
    default:
      return null;
  }
}

const FAILING = new Set(["throw", "nonsense", "error", "silent"]);

function whyFailed(e: Evidence, index: number): string | null {
  const { body, does } = e.requests[index]!;
  if (FAILING.has(does.answer)) return "the application fails";
  if (does.via !== "native" && does.answer === "breaks") return "its stream failed before its head";
  const sentMs = e.sentMs(e.answers[index]!);
  if (body !== null && hasFailingDisk(e, index)) return "its body could not be kept";
  const whyThreadFailed = e.whyThreadFailed(index);
  if (whyThreadFailed !== null) return whyThreadFailed;
  const isTold = e.side.finMs <= sentMs || e.closingMs <= sentMs;
  if (e.quits(index) && isTold) return "the application gave up";
  return null;
}

/** True exactly when a body is kept in a file, and files fail. */
function hasFailingDisk(e: Evidence, index: number): boolean {
  const { limits, requestBody } = e.plan;
  const { body, does } = e.requests[index]!;
  const isKept = does.reads === "kept" || requestBody === "buffer";
  return e.hasBadDisk && isKept && body!.bytes > limits.clientBodyBufferBytes;
}

function isHandlerLate(e: Evidence, index: number): boolean {
  return e.sentMs(e.answers[index]!) - e.headMs(index) >= e.clocks.handlerTimeoutMs;
}

function isTooLarge(e: Evidence, index: number): boolean {
  const { body } = e.requests[index]!;
  if (body === null || e.bodyBytesMost(index) <= e.plan.limits.clientBodyMaxBytes) return false;
  return body.framing === "length" || e.isRead(index);
}

function whyBad(e: Evidence, index: number): string | null {
  const { body } = e.requests[index]!;
  if (body === null) return null;
  const sentMs = e.sentMs(e.answers[index]!);
  if (e.isMalformed(index) && e.isRead(index)) return "the body is malformed";
  if (e.side.finMs <= sentMs && e.side.came.total < e.span(index).end) return "the body is cut off";
  return null;
}

function isBodyLate(e: Evidence, index: number): boolean {
  if (e.requests[index]!.body === null || !e.isRead(index)) return false;
  const sentMs = e.sentMs(e.answers[index]!);
  const { bodyBytesPerSecondMin, bodyRateWindowMs, bodyTimeoutMs } = e.clocks;
  const headMs = e.headMs(index);
  if (bodyBytesPerSecondMin > 0 && sentMs - headMs >= bodyRateWindowMs) return true;
  return e.side.came.longestGapMs(headMs, sentMs, e.span(index).data) >= bodyTimeoutMs;
}

// How the connection goes on.

function judgeClosing(e: Evidence, index: number, isApplications: boolean): void {
  const answer = e.answers[index]!;
  const request = e.requests[index]!;
  const isLast = closes(answer);
  const asked = request.connection === "close" ||
    request.version === 0 && request.connection !== "keep-alive";
  // What is wrong with a coding is not with the framing: the next request is where it should be.
  const isRefused = [400, 408, 413].includes(answer.status) && (request.body?.coding ?? "") === "";
  const must = asked || index + 1 >= e.plan.limits.requestsPerConnectionMax ||
    isApplications && request.does.closes || isRefused ||
    answer.framing === "close";
  if (must && !isLast) e.fail(`answer ${index} must say that it is the last`);
  if (must || !isLast) return;
  const mayHaveRest = request.body !== null &&
    (!e.isRead(index) || !isApplications);
  const isLate = !isApplications && isHandlerLate(e, index);
  // A GET would be delimited by the end of the connection, and HEAD says the same.
  const isOldHead = request.version === 0 && request.method === "HEAD";
  if (mayHaveRest || isLate || isOldHead || mayCloseAnyway(e, index)) return;
  e.fail(`answer ${index} closes without a reason`);
}

function mayCloseAnyway(e: Evidence, index: number): boolean {
  return e.closingMs <= e.sentMs(e.answers[index]!) ||
    index + 1 >= e.plan.limits.requestsPerConnectionMax;
}

function judgeInterims(e: Evidence, index: number, isApplications: boolean): void {
  const { interims } = e.answers[index]!;
  const { body, version } = e.requests[index]!;
  const isAwaited = body?.expects === true && version === 1 &&
    (body.framing === "chunked" || e.span(index).bodyBytes > 0) && e.isRead(index);
  if (interims > (isAwaited ? 1 : 0)) e.fail(`answer ${index} has ${interims} interim ones`);
  if (isAwaited && isApplications && interims === 0) e.fail(`answer ${index} had no 100 Continue`);
}

function textOf(answer: Received): string {
  return new TextDecoder().decode(bodyAsMade(answer, answer.body));
}
