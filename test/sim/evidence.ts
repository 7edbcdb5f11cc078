/**
 * All that is known of one connection at the end of a run, from both sides, and the questions that
 * the oracle asks of it. It knows facts and times; what they excuse is the oracle's affair.
 *
 * @module
 */

import type { SimApp } from "./app.ts";
import { isBuffered } from "./app_threads.ts";
import type { Received, SimClient } from "./client.ts";
import { fieldOf, OVERLOAD_TEXT } from "./client.ts";
import { bodyAsMade } from "./judge_coding.ts";
import { type Deed, type ServerSide, Violation } from "./facts.ts";
import type { Clocks } from "../../core/limits.ts";
import type { RequestPlan, RunPlan } from "./plan.ts";
import type { RequestSpan } from "./request_bytes.ts";

export interface EvidenceParts {
  readonly plan: RunPlan;
  readonly app: SimApp;
  readonly client: SimClient;
  /** Null when the server never saw the connection. */
  readonly side: ServerSide | null;
  /** True exactly when the network refused or broke the connection. */
  readonly isStruck: boolean;
  /** When the server began to close; `Infinity` when the run was over by then. */
  readonly closingMs: number;
  /** How many requests of the run were answered without the application. */
  readonly turnedAway: number;
}

export class Evidence {
  readonly plan: RunPlan;
  readonly client: SimClient;
  readonly isStruck: boolean;
  readonly closingMs: number;
  readonly #app: SimApp;
  readonly #side: ServerSide | null;
  readonly #turnedAway: number;

  constructor(parts: EvidenceParts) {
    this.plan = parts.plan;
    this.client = parts.client;
    this.isStruck = parts.isStruck;
    this.closingMs = parts.closingMs;
    this.#app = parts.app;
    this.#side = parts.side;
    this.#turnedAway = parts.turnedAway;
  }

  /**
   * How late something may come under the faults of the run, and that several times over; and since
   * the application computed.
   */
  get lateMs(): number {
    return 4 * (this.plan.faults.lateMsMax ?? 1000) + 1000 + this.#app.computedMs;
  }

  /**
   * The shortest clocks that were ever in force on the connection: requests may have had their own.
   */
  get clocks(): Clocks {
    const clocks: Record<string, number> = { ...this.plan.clocks };
    for (const [index, { does }] of this.requests.entries()) {
      if (does.clocks === null || this.deed(index) === undefined) continue;
      for (const [name, value] of Object.entries(does.clocks)) {
        clocks[name] = Math.min(clocks[name]!, value);
      }
    }
    return clocks as unknown as Clocks;
  }

  /** True exactly when somebody reads the body of a request, the server itself or the handler. */
  isRead(index: number): boolean {
    const { body, does } = this.requests[index]!;
    const isGiven = does.via === "thread" && does.style !== "promise";
    return does.reads !== "nothing" || isGiven ||
      body !== null && this.plan.requestBody === "buffer";
  }

  /** True exactly when the application gives up as soon as it hears that the client left. */
  quits(index: number): boolean {
    const { quits, via } = this.requests[index]!.does;
    return via === "step" || via === "native" && quits;
  }

  /** How many bytes a body has, coded or not, whichever is more. */
  bodyBytesMost(index: number): number {
    return Math.max(this.requests[index]!.body?.bytes ?? 0, this.span(index).bodyBytes);
  }

  /** True exactly when the body of a request cannot be read to its end, though all of it came. */
  isMalformed(index: number): boolean {
    const body = this.requests[index]!.body;
    if (body === null || body.defect === "") return false;
    if (body.defect !== "coding") return true;
    return body.coding !== "" && (body.framing === "chunked" || this.span(index).bodyBytes > 0);
  }

  /** When the head of a request was complete. */
  headMs(index: number): number {
    return this.side.came.passedMs(this.span(index).headEnd - 1);
  }

  /**
   * True exactly when an answer is the refusal of a request for which there was too much to do. So
   * many requests must have been open once, with those that were turned away before any handler,
   * whose answers may wait; save for those whose bodies wait before any handler.
   */
  isOverload(index: number): boolean {
    const answer = this.answers[index]!;
    const { limits, requestBody } = this.plan;
    if (answer.status !== 503 || fieldOf(answer, "retry-after") === "") return false;
    // Other refusals look the same to HEAD.
    const text = new TextDecoder().decode(bodyAsMade(answer, answer.body));
    const isHead = text === "" && this.deed(index) === undefined;
    if (!isHead && text !== OVERLOAD_TEXT) return false;
    if (limits.loopLagMaxMs < Infinity || requestBody === "buffer") return true;
    return this.#app.openMost + this.#turnedAway >= limits.requestsMax;
  }

  get wasAccepted(): boolean {
    return this.#side !== null;
  }

  get side(): ServerSide {
    if (this.#side === null) this.fail("the server never saw the connection");
    return this.#side;
  }

  get answers(): readonly Received[] {
    return this.client.answers;
  }

  get requests(): readonly RequestPlan[] {
    return this.client.plan.requests;
  }

  /** True exactly when the last answer says that it is the last one. */
  get lastCloses(): boolean {
    const last = this.answers.at(-1);
    return last !== undefined && closes(last);
  }

  /** True exactly when the client went in a way in which it takes no more answers. */
  get clientIsGone(): boolean {
    const { left } = this.client;
    return left === "reset" || left === "close";
  }

  /** True exactly when the answer that comes now, and is not complete, says that it is the last. */
  get insideCloses(): boolean {
    const { insideHead } = this.client.reader;
    return insideHead !== null && fieldOf(insideHead, "connection").includes("close");
  }

  /**
   * True exactly when the server sent something that the client has not seen; the FIN counts where
   * nothing else says that an answer is complete.
   */
  get hasMissedSome(): boolean {
    if (this.side.went.total > this.client.receivedBytes) return true;
    const { ended } = this.side;
    return this.insideCloses && this.client.endedMs === Infinity && ended !== null &&
      ended !== "abort";
  }

  /** Why the thread that had a request may have failed it; null when it may not have. */
  whyThreadFailed(index: number): string | null {
    const { does } = this.requests[index]!;
    const deed = this.deed(index);
    if (does.via !== "thread" || deed === undefined) return null;
    if (deed.job === null) {
      return this.#app.world.unreadyThreads() > 0 ? "no thread could be started" : null;
    }
    if (deed.job.lostMs < Infinity) return "its thread was lost";
    const { limits } = this.plan;
    if (!isBuffered(does)) return null;
    if (does.bytes > limits.threadResultMaxBytes) return "its result is too large";
    const isStored = does.bytes >= limits.threadResultBufferBytes;
    return this.hasBadDisk && isStored ? "its result could not be kept" : null;
  }

  /** True exactly when files may fail. */
  get hasBadDisk(): boolean {
    const { badRead, diskFull, noDirectory } = this.plan.faults;
    return badRead !== undefined || diskFull !== undefined || noDirectory !== undefined;
  }

  /** True exactly when a request may have found no place in the queue for threads. */
  mayFindNoThread(index: number): boolean {
    const deed = this.deed(index);
    return deed?.act.via === "thread" && deed.job === null &&
      this.#app.jobsMost > this.plan.limits.threadQueueMax;
  }

  deed(index: number): Deed | undefined {
    return this.#app.deedOf(this.client.index, index);
  }

  span(index: number): RequestSpan {
    const span = this.client.script.requests[index];
    if (span !== undefined) return span;
    const { bytes, tailStart } = this.client.script;
    return { start: tailStart, headEnd: bytes.length, end: bytes.length, bodyBytes: 0, data: [] };
  }

  /** When the server sent the first byte of an answer. */
  sentMs(answer: Received): number {
    return this.side.went.passedMs(answer.startByte);
  }

  /** True exactly when the server had the first `count` bytes at `byMs`. */
  hadCome(count: number, byMs: number): boolean {
    return count === 0 || this.side.came.passedMs(count - 1) <= byMs;
  }

  /** @throws {Violation} that says whose fault it is about. */
  fail(message: string): never {
    const { client } = this;
    const answers = client.answers.map(({ status }) => status).join(" ");
    const side = this.#side === null ? "never accepted" : describeSide(this.#side);
    throw new Violation(
      `client ${client.index}: ${message}\n` +
        `  client: answers [${answers}], received ${client.receivedBytes}, ` +
        `left ${client.left ?? "not"}${client.left === null ? "" : ` at ${client.leftMs}`}, ` +
        `FIN at ${client.endedMs}, closed ${client.closed ?? "not"}` +
        `${this.isStruck ? ", struck by the network" : ""}\n  server: ${side}; ` +
        `closing from ${this.closingMs}`,
    );
  }
}

/** True exactly when the answer says that it is the last one. */
export function closes(answer: Received): boolean {
  return fieldOf(answer, "connection").includes("close");
}

function describeSide(side: ServerSide): string {
  return `accepted at ${side.acceptedMs}, ${side.came.total} bytes came (last at ` +
    `${side.came.lastMs}), ${side.went.total} went (last at ${side.went.lastMs}), FIN at ` +
    `${side.finMs}, ended by ${side.ended ?? "nothing"} at ${side.endedMs}, ` +
    `closed ${side.closed ?? "not"} at ${side.closedMs}`;
}
