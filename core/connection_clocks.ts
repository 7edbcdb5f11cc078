/**
 * The clocks of one connection: which phase of reading is timed, whether output makes progress,
 * whether the handler is late. It knows deadlines; what happens at one is the connection's affair.
 *
 * A clock that stops is not taken off the wheel: the wheel's later call finds it stopped and does
 * nothing. So a request that comes and goes costs a few writes to fields.
 *
 * @module
 */

import type { Clocks } from "./limits.ts";
import type { Loop } from "./loop.ts";
import type { Output } from "./output.ts";
import { Timer, type TimerOwner } from "./timers.ts";

/** What the read clock measures: nothing, or one of the phases of reading. */
export const NO_PHASE = 0;
export const HEADER_PHASE = 1;
export const KEEP_ALIVE_PHASE = 2;
export const BODY_PHASE = 3;
export const LINGER_PHASE = 4;
export type ReadPhase =
  | typeof NO_PHASE
  | typeof HEADER_PHASE
  | typeof KEEP_ALIVE_PHASE
  | typeof BODY_PHASE
  | typeof LINGER_PHASE;

/** Called when a clock has run out. Each stopped itself before the call. */
export interface ClockEvents {
  readTimedOut(phase: ReadPhase): void;
  sendTimedOut(): void;
  handlerTimedOut(): void;
}

/** What the send clock asks of an output. */
export type WatchedOutput = Pick<Output, "takeProgress" | "hasLeft">;

/** How often the send clock looks for progress that no event tells of. */
function lookMsOf(timeoutMs: number): number {
  return Math.min(1000, timeoutMs / 16);
}

export class ConnectionClocks implements TimerOwner {
  readonly #loop: Loop;
  readonly #events: ClockEvents;
  readonly #read: Timer = new Timer(this);
  readonly #send: Timer = new Timer(this);
  readonly #handler: Timer = new Timer(this);
  readPhase: ReadPhase = NO_PHASE;
  /** True exactly while output is timed. */
  sendRuns = false;
  #handlerRuns = false;
  #sendDeadlineMs = Infinity;
  #sendTimeoutMs = Infinity;
  /**
   * The output that is asked for its progress; null when whoever started the clock knows better.
   */
  #watched: WatchedOutput | null = null;

  constructor(loop: Loop, events: ClockEvents) {
    this.#loop = loop;
    this.#events = events;
  }

  /** Starts the read clock for `phase`; it has until `timeoutMs` from now. */
  readStart(phase: ReadPhase, timeoutMs: number): void {
    this.readPhase = phase;
    this.#loop.timers.arm(this.#read, this.#loop.now() + timeoutMs);
  }

  /**
   * Nothing of a next request is here, or not all of its head. The first one's clock runs already.
   */
  waitForHead(headStarted: boolean, isFirst: boolean, clocks: Clocks): void {
    if (headStarted) {
      if (this.readPhase !== HEADER_PHASE) this.readStart(HEADER_PHASE, clocks.headerTimeoutMs);
    } else if (!isFirst && this.readPhase !== KEEP_ALIVE_PHASE) {
      this.readStart(KEEP_ALIVE_PHASE, clocks.keepAliveTimeoutMs);
    }
  }

  readStop(): void {
    this.readPhase = NO_PHASE;
  }

  /** Output waits, and has just made progress or begun to. */
  sendStart(clocks: Clocks): void {
    this.#watched = null;
    this.#sendRunsFor(clocks.sendTimeoutMs, clocks.sendTimeoutMs);
  }

  /**
   * As `sendStart`, with progress counted from here on. What the runtime has counts as well, and of
   * that no event tells: so the clock looks often, in order to be late by one look at most.
   */
  outputWaits(output: WatchedOutput, clocks: Clocks): void {
    output.takeProgress();
    this.#watched = output;
    this.#sendRunsFor(clocks.sendTimeoutMs, lookMsOf(clocks.sendTimeoutMs));
  }

  #sendRunsFor(timeoutMs: number, lookMs: number): void {
    this.sendRuns = true;
    this.#sendTimeoutMs = timeoutMs;
    const nowMs = this.#loop.now();
    this.#sendDeadlineMs = nowMs + timeoutMs;
    this.#loop.timers.arm(this.#send, nowMs + Math.min(timeoutMs, lookMs));
  }

  /** Answers whether output still waits and has made no progress for its time. */
  #sendIsLate(): boolean {
    const watched = this.#watched;
    if (!this.sendRuns || watched === null) return this.sendRuns;
    if (watched.hasLeft) return false;
    const nowMs = this.#loop.now();
    if (watched.takeProgress()) this.#sendDeadlineMs = nowMs + this.#sendTimeoutMs;
    if (nowMs >= this.#sendDeadlineMs) return true;
    const nextMs = Math.min(this.#sendDeadlineMs, nowMs + lookMsOf(this.#sendTimeoutMs));
    this.#loop.timers.arm(this.#send, nextMs);
    return false;
  }

  sendStop(): void {
    this.sendRuns = false;
  }

  handlerStart(clocks: Clocks): void {
    this.#handlerRuns = true;
    this.#loop.timers.arm(this.#handler, this.#loop.now() + clocks.handlerTimeoutMs);
  }

  handlerStop(): void {
    this.#handlerRuns = false;
  }

  /** The connection is closed: nothing may come any more. */
  stopAll(): void {
    this.#loop.timers.disarm(this.#read);
    this.#loop.timers.disarm(this.#send);
    this.#loop.timers.disarm(this.#handler);
    this.readPhase = NO_PHASE;
    this.sendRuns = this.#handlerRuns = false;
  }

  onTimer(timer: Timer): void {
    if (timer === this.#read) {
      const phase = this.readPhase;
      this.readPhase = NO_PHASE;
      if (phase !== NO_PHASE) this.#events.readTimedOut(phase);
    } else if (timer === this.#send) {
      if (!this.#sendIsLate()) return;
      this.sendRuns = false;
      this.#events.sendTimedOut();
    } else {
      const runs = this.#handlerRuns;
      this.#handlerRuns = false;
      if (runs) this.#events.handlerTimedOut();
    }
  }
}
