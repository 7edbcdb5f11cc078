/**
 * One client of a simulated run: writes its script as its plan says, reads answers, and leaves. It
 * knows the reactor and the plan; whether the answers are right is the oracle's affair.
 *
 * @module
 */

import { type Buf, bufOf, releaseBuf } from "../../core/buf.ts";
import { Chain } from "../../core/chain.ts";
import type { Address, CloseReason, Handle, StreamEvents } from "../../core/reactor.ts";
import { AGAIN } from "../../core/status.ts";
import type { MemoryReactor } from "../../runtimes/memory.ts";
import type { Alarms } from "./alarms.ts";
import {
  type AnswerHead,
  AnswerReader,
  BadAnswer,
  type ReadAnswer,
} from "../../runtimes/memory/answer_reader.ts";
import { SUM_START, sumOf } from "./facts.ts";
import type { ClientPlan, Leave } from "./plan.ts";
import { type Script, scriptOf } from "./request_bytes.ts";
import { answersOfTail, type TailAnswer } from "./tails.ts";
import type { Limits } from "../../core/limits.ts";

/** How long a client waits for `100 Continue` before it sends its body all the same. */
const CONTINUE_MS = 1000;

/** A final answer, with how many interim ones came before it. */
export interface Received extends ReadAnswer {
  readonly interims: number;
}

export class SimClient implements StreamEvents {
  readonly index: number;
  readonly plan: ClientPlan;
  readonly script: Script;
  readonly tail: readonly TailAnswer[];
  readonly reader: AnswerReader;
  readonly answers: Received[] = [];
  isOpen = false;
  /** When it left, and how. */
  left: Leave["how"] | null = null;
  leftMs = Infinity;
  /** How many bytes it had on their way by then: what the network had taken from it. */
  sentBytes = 0;
  /** When the server's FIN came. */
  endedMs = Infinity;
  closed: CloseReason | null = null;
  receivedBytes = 0;
  /** Over all bytes that came, in order. */
  sum = SUM_START;
  /** What was wrong with the bytes that came. */
  bad: string | null = null;

  readonly #reactor: MemoryReactor;
  readonly #alarms: Alarms;
  #handle: Handle | null = null;
  readonly #chain = new Chain();
  #isBlocked = false;
  #pos = 0;
  #piece = 0;
  #isPausing = false;
  /** It has thought about all items before this one. */
  #thoughtOf = 1;
  #isThinking = false;
  readonly #continued = new Set<number>();
  #isAwaiting = false;
  #interims = 0;
  /** An answer said that it is the last one. */
  #isToldToClose = false;
  #mayStop: boolean;

  constructor(
    reactor: MemoryReactor,
    alarms: Alarms,
    index: number,
    plan: ClientPlan,
    limits: Limits,
  ) {
    this.#reactor = reactor;
    this.#alarms = alarms;
    this.index = index;
    this.plan = plan;
    this.script = scriptOf(plan, index);
    this.tail = plan.tail === null ? [] : answersOfTail(plan.tail, limits);
    this.#mayStop = plan.stops !== null;
    this.reader = new AnswerReader(
      (i, head) => this.#methodOf(i) === "HEAD" && !isRefusal(head),
      (answer) => this.#answered(answer),
    );
  }

  /** Its own address, once it has begun. */
  get address(): Address {
    return this.#reactor.localAddress(this.#handle!);
  }

  get hasBegun(): boolean {
    return this.#handle !== null;
  }

  begin(address: Address): void {
    this.#handle = this.#reactor.connect(address, this);
    const { when, at } = this.plan.leave;
    if (when === "ms") this.#alarms.set(this.#reactor.now() + at, () => this.leave());
  }

  /** Goes as its plan says. */
  leave(how: Leave["how"] = this.plan.leave.how): void {
    if (this.left !== null || this.closed !== null) return;
    this.left = how;
    this.leftMs = this.#reactor.now();
    this.sentBytes = this.#pos - this.#chain.size();
    this.#chain.drop();
    if (how === "close") this.#reactor.close(this.#handle!);
    else if (how === "fin") this.#reactor.shutdown(this.#handle!);
    else if (how === "reset") this.#reactor.abort(this.#handle!);
  }

  /** The run is over: whatever it was about, it goes. */
  giveUp(): void {
    if (this.#handle !== null && this.closed === null) this.#reactor.abort(this.#handle);
  }

  // Events.

  onOpen(): void {
    this.isOpen = true;
    if (this.#mayStop && this.plan.stops!.atBytes === 0) this.#stop();
    this.#pump();
  }

  onData(_handle: Handle, bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    this.sum = sumOf(bytes, this.sum);
    try {
      if (this.bad === null) this.reader.feed(bytes);
    } catch (error) {
      if (!(error instanceof BadAnswer)) throw error;
      this.bad = error.message;
    }
    const { leave, stops } = this.plan;
    if (leave.when === "received" && this.receivedBytes >= leave.at) this.leave();
    if (this.#mayStop && this.receivedBytes >= stops!.atBytes) this.#stop();
    this.#pump();
  }

  onWritable(): void {
    this.#isBlocked = false;
    this.#push();
    this.#pump();
  }

  onRelease(_handle: Handle, buf: Buf): void {
    releaseBuf(buf);
  }

  onEnd(): void {
    this.endedMs = this.#reactor.now();
    this.reader.end();
    if (this.left === null || this.left === "stay") this.#reactor.close(this.#handle!);
  }

  onClose(_handle: Handle, reason: CloseReason): void {
    this.closed = reason;
    this.#chain.drop();
  }

  #methodOf(index: number): string {
    const { requests } = this.plan;
    return requests[index]?.method ?? this.tail[index - requests.length]?.method ?? "";
  }

  #answered(answer: ReadAnswer): void {
    if (answer.status < 200) {
      this.#interims++;
      this.#continued.add(this.answers.length);
      return;
    }
    this.#continued.add(this.answers.length);
    this.answers.push({ ...answer, interims: this.#interims });
    this.#interims = 0;
    if (fieldOf(answer, "connection").includes("close")) this.#isToldToClose = true;
  }

  // Writing.

  #pump(): void {
    while (this.#maySpeak()) {
      const limit = this.#limit();
      if (this.#pos >= limit) break;
      const size = this.plan.pieces[this.#piece++ % this.plan.pieces.length]!;
      const end = Math.min(limit, this.#pos + size);
      this.#chain.append(bufOf(this.script.bytes.subarray(this.#pos, end)));
      this.#pos = end;
      this.#push();
      if (this.plan.pauseMs > 0) this.#pause();
    }
    this.#leaveInTime();
  }

  #maySpeak(): boolean {
    return this.isOpen && this.left === null && this.closed === null && !this.#isBlocked &&
      !this.#isPausing && !this.#isToldToClose && this.endedMs === Infinity;
  }

  #push(): void {
    if (this.#chain.isEmpty || this.left !== null || this.closed !== null) return;
    this.#isBlocked = this.#reactor.send(this.#handle!, this.#chain) === AGAIN;
  }

  #leaveInTime(): void {
    const { leave, requests } = this.plan;
    if (!this.isOpen || this.left !== null || this.#isBlocked) return;
    if (leave.when === "sent" && this.#pos >= Math.min(leave.at, this.script.bytes.length)) {
      this.leave();
    }
    const isSaid = this.#pos === this.script.bytes.length;
    const isAnswered = this.answers.length >= requests.length + this.tail.length;
    if (leave.when === "end" && isSaid && isAnswered) this.leave();
  }

  /** Up to where it may write now; sees to it that it hears of the moment when it may go on. */
  #limit(): number {
    const { leave, requests, thinkMs, window } = this.plan;
    const { bytes, requests: spans, tailStart } = this.script;
    const most = leave.when === "sent" ? Math.min(leave.at, bytes.length) : bytes.length;
    for (let i = this.#firstUnfinished(); i <= requests.length; i++) {
      const start = spans[i]?.start ?? tailStart;
      if (i > 0 && this.#asksToClose(i - 1)) return Math.min(most, start);
      if (this.#pos <= start && i >= this.answers.length + window) return Math.min(most, start);
      if (this.#pos <= start && thinkMs > 0 && i >= this.#thoughtOf) {
        if (this.#pos === start) this.#think(i);
        return Math.min(most, start);
      }
      if (requests[i]?.body?.expects !== true || this.#continued.has(i)) continue;
      const { headEnd } = spans[i]!;
      if (this.#pos === headEnd) this.#await(i);
      if (this.#pos <= headEnd) return Math.min(most, headEnd);
    }
    return most;
  }

  #firstUnfinished(): number {
    const i = this.script.requests.findIndex((span) => span.end > this.#pos);
    return i < 0 ? this.plan.requests.length : i;
  }

  /** True exactly when nothing may be sent behind a request. */
  #asksToClose(index: number): boolean {
    const { connection, version } = this.plan.requests[index]!;
    return connection === "close" || version === 0 && connection !== "keep-alive";
  }

  #pause(): void {
    this.#isPausing = true;
    this.#later(this.plan.pauseMs, () => this.#isPausing = false);
  }

  #think(item: number): void {
    if (this.#isThinking) return;
    this.#isThinking = true;
    this.#later(this.plan.thinkMs, () => {
      this.#isThinking = false;
      this.#thoughtOf = item + 1;
    });
  }

  #await(item: number): void {
    if (this.#isAwaiting) return;
    this.#isAwaiting = true;
    this.#later(CONTINUE_MS, () => {
      this.#isAwaiting = false;
      this.#continued.add(item);
    });
  }

  #stop(): void {
    this.#mayStop = false;
    this.#reactor.readStop(this.#handle!);
    this.#later(this.plan.stops!.forMs, () => {
      if (this.closed === null) this.#reactor.readStart(this.#handle!);
    });
  }

  #later(ms: number, then: () => void): void {
    this.#alarms.set(this.#reactor.now() + ms, () => {
      then();
      this.#pump();
    });
  }
}

/**
 * True exactly when this is no answer to a request, but to a part of one: who sends it does not
 * know the method, and its text is longer than that of an answer.
 */
function isRefusal({ status, reason, fields }: AnswerHead): boolean {
  if (status < 400 || fields.some(([name]) => name === "x-id")) return false;
  const length = fieldOf({ fields }, "content-length");
  if (length === "") return false;
  const bytes = Number(length);
  return bytes !== `${status} ${reason}\n`.length && bytes !== OVERLOAD_TEXT.length &&
    bytes !== NO_THREAD_TEXT.length;
}

/** What a request gets that begins while there is too much to do. */
export const OVERLOAD_TEXT = "503 Service Unavailable: the server is overloaded\n";

/** What a request gets whose job finds no place in the queue for threads. */
export const NO_THREAD_TEXT = "503 Service Unavailable: too many jobs wait already\n";

/** The values of a field, joined; `""` without. */
export function fieldOf(answer: Pick<ReadAnswer, "fields">, name: string): string {
  return answer.fields.filter(([field]) => field === name).map(([, value]) => value).join(", ");
}
