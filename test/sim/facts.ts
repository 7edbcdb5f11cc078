/**
 * What was seen of a run from outside of the core, for the oracle: what reached the server and
 * when, what the server did with each connection, what the application was told. It judges nothing,
 * save what must hold at every moment.
 *
 * @module
 */

import type { AbortCause } from "../../core/errors.ts";
import type { CloseReason, Handle } from "../../core/reactor.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import type { Act } from "./plan.ts";

/** What must never happen, as soon as it is seen. */
export class Violation extends Error {
  override name = "Violation";
}

/** A number of bytes by time: how many there were in all when the clock said so. */
class Progress {
  readonly #times: number[] = [];
  readonly #totals: number[] = [];

  get total(): number {
    return this.#totals.at(-1) ?? 0;
  }

  /** When the last bytes came; -1 before. */
  get lastMs(): number {
    return this.#times.at(-1) ?? -1;
  }

  add(nowMs: number, count: number): void {
    const total = this.total + count;
    if (this.lastMs === nowMs) this.#totals[this.#totals.length - 1] = total;
    else {
      this.#times.push(nowMs);
      this.#totals.push(total);
    }
  }

  /**
   * When there were more than `count` bytes for the first time; `Infinity` when there never were.
   */
  passedMs(count: number): number {
    const i = this.#totals.findIndex((total) => total > count);
    return i < 0 ? Infinity : this.#times[i]!;
  }

  /** When bytes came last until `byMs`; -1 when none did. */
  lastUntilMs(byMs: number): number {
    return this.#times.findLast((time) => time <= byMs) ?? -1;
  }

  /** How many bytes there were at `byMs`. */
  totalAt(byMs: number): number {
    const i = this.#times.findLastIndex((time) => time <= byMs);
    return i < 0 ? 0 : this.#totals[i]!;
  }

  /**
   * The longest time without progress between `fromMs` and `toMs`. With `runs` only bytes in one of
   * them are progress: each is the first and behind the last, in order.
   */
  longestGapMs(
    fromMs: number,
    toMs: number,
    runs: ReadonlyArray<readonly [number, number]> = EVERYTHING,
  ): number {
    let longest = 0;
    let before = fromMs;
    for (const [i, time] of this.#times.entries()) {
      if (time <= fromMs) continue;
      if (time >= toMs) break;
      const total = this.#totals[i]!;
      const earlier = this.#totals[i - 1] ?? 0;
      if (!runs.some(([first, end]) => first < total && end > earlier)) continue;
      longest = Math.max(longest, time - before);
      before = time;
    }
    return Math.max(longest, toMs - before);
  }
}

const EVERYTHING: ReadonlyArray<readonly [number, number]> = [[0, Infinity]];

/** One connection as the server's side of the reactor saw it. */
export class ServerSide {
  readonly handle: Handle;
  readonly acceptedMs: number;
  /** True exactly when as many were open as may be, without those that were refused. */
  readonly isRefused: boolean;
  /** How many that were refused were open, with this one, when it was accepted. */
  readonly refusedAtAccept: number;
  /** Bytes that `onData` brought. */
  readonly came: Progress = new Progress();
  /** Bytes that `send` took. */
  readonly went: Progress = new Progress();
  /** Since when it reads; `Infinity` while it does not. */
  readingMs: number;
  /** When `onEnd` came. */
  finMs = Infinity;
  /** What the server asked for first, of closing: never undone. */
  ended: "abort" | "close" | "shutdown" | null = null;
  endedMs = Infinity;
  /** How many bytes had come by then. */
  cameUntilEnd = Infinity;
  /** When it reset the connection, also after it had begun to close it. */
  abortedMs = Infinity;
  closed: CloseReason | null = null;
  closedMs = Infinity;
  /** The time of the last `send` that took something, or of the `onWritable` behind it. */
  lastSendMs = -1;

  constructor(handle: Handle, acceptedMs: number, isRefused: boolean, refused: number) {
    this.handle = handle;
    this.acceptedMs = this.readingMs = acceptedMs;
    this.isRefused = isRefused;
    this.refusedAtAccept = refused;
  }
}

/** A job in a thread, from both of its ends. */
export class JobFacts {
  readonly style: "value" | "output";
  /** When a thread was given it. */
  readonly beganMs: number;
  /** When it came to its own end. */
  endedMs = Infinity;
  /** When its thread ended, or was to be ended. */
  lostMs = Infinity;
  /** True exactly when its thread was to be ended because it kept the loop waiting. */
  isLate = false;
  /** Bytes that it wrote. */
  bytes = 0;
  /** How often it called the loop, and how often the loop was called. */
  told = 0;
  heard = 0;
  /** How often its generator was begun, and how often it was closed. */
  begun = 0;
  closed = 0;
  /** Since when it has slept without a byte in between; `Infinity` while it is awake. */
  #asleepMs = Infinity;
  #longestMs = 0;
  /** When it fell asleep first behind its last byte, and how many bytes there were by then. */
  #quietMs = 0;
  #quietBytes = -1;

  constructor(style: "value" | "output", beganMs: number) {
    this.style = style;
    this.beganMs = beganMs;
  }

  /** That it woke in between is heard by nobody. */
  sleeps(nowMs: number): void {
    if (this.#quietBytes !== this.bytes) {
      this.#quietBytes = this.bytes;
      this.#quietMs = nowMs;
    }
    this.#asleepMs = this.#quietMs;
  }

  wakes(nowMs: number): void {
    this.#longestMs = this.silentMs(nowMs);
    this.#asleepMs = Infinity;
  }

  /** How long nothing was heard of it at most: of one that only has a value, from its begin on. */
  silentMs(nowMs: number): number {
    if (this.style === "value") return nowMs - this.beganMs;
    return Math.max(this.#longestMs, nowMs - this.#asleepMs);
  }
}

/** One request as the application saw it. */
export class Deed {
  readonly client: number;
  readonly index: number;
  readonly act: Act;
  readonly request: HttpRequest;
  readonly beganMs: number;
  /** Bytes of the request's body that came. */
  bodyBytes = 0;
  /** A sum over them, in order. */
  bodySum = SUM_START;
  /** How the body ended, for whoever read it. */
  bodyEnd: "" | "whole" | "failed" = "";
  /** How often its generator was begun, and how often it was closed. */
  begun = 0;
  closed = 0;
  /** What is known of its job, as soon as a thread has it; null for none. */
  job: JobFacts | null = null;
  /** True exactly when its computation was refused, and rightly. */
  isRefusedSteps = false;
  /** The turn of the loop in which its computation last had a slice, and how long those took. */
  turn = 0;
  turnMs = 0;
  /** When the application sent its head, or its whole answer. */
  answeredMs = Infinity;
  /** When the application said that it is done. */
  doneMs = Infinity;
  /** How often its cleanups ran. */
  overs = 0;
  overMs = Infinity;
  aborts = 0;
  /** When it was told that not all is as usual, and why. */
  abortedMs = Infinity;
  abortCause: AbortCause | null = null;
  /** When it was told that no byte of an answer can reach the client any more, and how often. */
  terminatedMs = Infinity;
  terminations = 0;
  /** How often `finalizeRequest` answered the application true. */
  finalized = 0;
  /** `send` answered `AGAIN` and `onWritable` has not come. */
  isToldToWait = false;
  signal: AbortSignal | null = null;
  wasAbortedAtOver = false;

  constructor(client: number, index: number, act: Act, request: HttpRequest, beganMs: number) {
    this.client = client;
    this.index = index;
    this.act = act;
    this.request = request;
    this.beganMs = beganMs;
  }

  took(bytes: Uint8Array): void {
    this.bodyBytes += bytes.length;
    this.bodySum = sumOf(bytes, this.bodySum);
  }

  toString(): string {
    return `request ${this.index} of client ${this.client}`;
  }
}

export const SUM_START = 7;

/** A sum that depends on each byte and its place. */
export function sumOf(bytes: Uint8Array, from: number = SUM_START): number {
  let sum = from;
  for (let i = 0; i < bytes.length; i++) sum = (Math.imul(sum, 31) + bytes[i]!) | 0;
  return sum;
}
