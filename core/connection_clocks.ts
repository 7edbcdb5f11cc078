/**
 * The clocks of one connection: which phase of reading is timed, whether output makes progress,
 * whether the handler is late. It knows deadlines; what happens at one is the connection's affair.
 *
 * While somebody waits for a request's body the body clock runs and the handler's stands still, so
 * that of the two there is always one, and never both.
 *
 * A clock that stops is not taken off the wheel: the wheel's later call finds it stopped and does
 * nothing. So a request that comes and goes costs a few writes to fields.
 *
 * @module
 */

import type { Clocks } from "./limits.ts";
import type { Loop } from "./loop.ts";
import type { Output, OutputWatcher } from "./output.ts";
import { Rate } from "./rate.ts";
import { Timer, TIMER_GRAIN_MS, type TimerOwner } from "./timers.ts";

/** What the read clock measures: nothing, or one of the phases of reading. */
export const NO_PHASE = 0;
export const HEADER_PHASE = 1;
export const KEEP_ALIVE_PHASE = 2;
export const BODY_PHASE = 3;
export const LINGER_PHASE = 4;
/** Idle while the server closes. */
export const CLOSING_PHASE = 5;
export type ReadPhase =
  | typeof NO_PHASE
  | typeof HEADER_PHASE
  | typeof KEEP_ALIVE_PHASE
  | typeof BODY_PHASE
  | typeof LINGER_PHASE
  | typeof CLOSING_PHASE;

/** Called when a clock has run out. Each stopped itself before the call. */
export interface ClockEvents {
  readTimedOut(phase: ReadPhase): void;
  sendTimedOut(): void;
  handlerTimedOut(): void;
}

/** What the send clock asks of an output. */
export type WatchedOutput = Pick<Output, "takeProgress" | "hasLeft" | "leftBytes" | "watcher">;

/** How rarely the send clock looks for progress that no event tells of. */
function lookMsMaxOf(timeoutMs: number): number {
  return Math.min(1000, timeoutMs / 16);
}

/** The next tick of the wheel. */
const SOON_MS = 1;

/** A timer that is so late was held up by the loop, and others were as well. */
const HELD_UP_MS = TIMER_GRAIN_MS;

export class ConnectionClocks implements TimerOwner, OutputWatcher {
  /** Those of the request that is answered, or was answered last. */
  inForce: Clocks;
  readPhase: ReadPhase = NO_PHASE;
  /** True exactly while output is timed. */
  sendRuns = false;
  readonly #loop: Loop;
  readonly #events: ClockEvents;
  readonly #read: Timer = new Timer(this);
  readonly #send: Timer = new Timer(this);
  readonly #handler: Timer = new Timer(this);
  /** When the phase began, or made progress last. */
  #readSinceMs = 0;
  /** Made for the first body. */
  #rate: Rate | null = null;
  /** When output began to wait, and when it made progress last. */
  #sendBeganMs = 0;
  #sendSinceMs = 0;
  #sendLookMs = SOON_MS;
  #output: WatchedOutput | null = null;
  /** True exactly when the output is asked for its progress: of some all progress is an event. */
  #looks = false;
  /** Made for the first output that a look finds waiting. */
  #sendRate: Rate | null = null;
  /** True exactly when it measures this wait: one that is over at the first look costs nothing. */
  #isRated = false;
  #handlerRuns = false;
  /** When the handler began, later by all the time in which its clock stood still. */
  #handlerSinceMs = 0;
  /** Since when the handler's clock stands still; -1 when it does not. */
  #handlerStoodMs = -1;

  constructor(loop: Loop, clocks: Clocks, events: ClockEvents) {
    this.#loop = loop;
    this.inForce = clocks;
    this.#events = events;
  }

  /** The request that is answered has clocks of its own: those that run go by them at once. */
  use(clocks: Clocks): void {
    this.inForce = clocks;
    if (this.#handlerRuns && this.#handlerStoodMs < 0) this.#armHandler();
    if (this.readPhase === BODY_PHASE) this.#armBody();
    if (this.sendRuns) this.#armSend();
  }

  // Reading.

  /** Starts the read clock for `phase`; it has until `timeoutMs` from now. */
  readStart(phase: ReadPhase, timeoutMs: number): void {
    this.readPhase = phase;
    this.#readSinceMs = this.#loop.now();
    this.#loop.timers.arm(this.#read, this.#readSinceMs + timeoutMs);
  }

  /**
   * Nothing of a next request is here, or not all of its head. The first one's clock runs already.
   */
  waitForHead(headStarted: boolean, isFirst: boolean): void {
    const { readPhase, inForce } = this;
    if (headStarted) {
      if (readPhase !== HEADER_PHASE) this.readStart(HEADER_PHASE, inForce.headerTimeoutMs);
    } else if (!isFirst && readPhase !== KEEP_ALIVE_PHASE && readPhase !== CLOSING_PHASE) {
      this.readStart(KEEP_ALIVE_PHASE, inForce.keepAliveTimeoutMs);
    }
  }

  /**
   * The server closes, and nothing of a next request is here. Answers false when it was idle for
   * `leastMs` already; otherwise it is given the rest of them.
   */
  closingStart(leastMs: number): boolean {
    const restMs = this.#readSinceMs + leastMs - this.#loop.now();
    if (restMs > 0) this.readStart(CLOSING_PHASE, restMs);
    return restMs > 0;
  }

  readStop(): void {
    this.readPhase = NO_PHASE;
  }

  // The body.

  /** The head of a request with a body is here. */
  bodyBegins(): void {
    if (this.#rate === null) this.#rate = new Rate();
    else this.#rate.reset();
  }

  /**
   * Somebody waits for the body from now on, or reads it only to drop it. Whoever says so while it
   * is waited for wins no time by it.
   */
  bodyWaits(): void {
    if (this.readPhase === BODY_PHASE) return;
    const nowMs = this.#loop.now();
    this.readPhase = BODY_PHASE;
    this.#readSinceMs = nowMs;
    this.#rate!.waits(nowMs);
    this.#armBody();
    if (this.#handlerRuns && this.#handlerStoodMs < 0) this.#handlerStoodMs = nowMs;
  }

  /** There are `seen` bytes of the body by now. */
  bodyCame(seen: number): void {
    this.#rate!.came(seen);
    if (this.readPhase !== BODY_PHASE) return;
    this.#readSinceMs = this.#loop.now();
    this.#armBody();
  }

  /** Nobody waits for the body any more, or it is complete: the rest is up to the handler. */
  bodyStops(): void {
    if (this.readPhase === BODY_PHASE) {
      this.readPhase = NO_PHASE;
      this.#rate!.stops(this.#loop.now());
    }
    if (this.#handlerStoodMs < 0) return;
    this.#handlerSinceMs += this.#loop.now() - this.#handlerStoodMs;
    this.#handlerStoodMs = -1;
    if (this.#handlerRuns) this.#armHandler();
  }

  #armBody(): void {
    const lateMs = this.#readSinceMs + this.inForce.bodyTimeoutMs;
    const { bodyBytesPerSecondMin, bodyRateWindowMs } = this.inForce;
    const lookMs = this.#rate!.windowEndMs(bodyBytesPerSecondMin, bodyRateWindowMs);
    this.#loop.timers.arm(this.#read, Math.min(lateMs, lookMs));
  }

  #bodyIsLate(): boolean {
    const nowMs = this.#loop.now();
    const { bodyTimeoutMs, bodyBytesPerSecondMin, bodyRateWindowMs } = this.inForce;
    if (nowMs >= this.#readSinceMs + bodyTimeoutMs) return true;
    if (this.#rate!.isTooLow(nowMs, bodyBytesPerSecondMin, bodyRateWindowMs)) return true;
    this.#armBody();
    return false;
  }

  // Sending.

  /** Output waits, and has just made progress or begun to. */
  sendStart(output: WatchedOutput): void {
    this.#sendStart(output, false);
  }

  /**
   * As `sendStart`, with progress counted from here on. What the runtime has counts as well, and of
   * that no event tells: so the clock looks often, in order to be late by one look at most. It
   * looks at each tick behind progress, and ever more rarely while there is none.
   */
  outputWaits(output: WatchedOutput): void {
    output.takeProgress();
    output.watcher = this;
    this.#sendStart(output, true);
  }

  #sendStart(output: WatchedOutput, looks: boolean): void {
    const nowMs = this.#loop.now();
    if (!this.sendRuns) {
      this.#sendBeganMs = nowMs;
      this.#isRated = false;
    }
    this.sendRuns = true;
    this.#output = output;
    this.#looks = looks;
    this.#sendSinceMs = nowMs;
    this.#sendLookMs = SOON_MS;
    this.#armSend();
  }

  #armSend(): void {
    const { sendTimeoutMs, sendBytesPerSecondMin, sendRateWindowMs } = this.inForce;
    const lateMs = this.#sendSinceMs + sendTimeoutMs;
    const looksSoon = this.#looks || !this.#isRated && sendBytesPerSecondMin > 0;
    const lookMs = looksSoon ? this.#loop.now() + this.#sendLookMs : lateMs;
    const rateMs = this.#isRated
      ? this.#sendRate!.windowEndMs(sendBytesPerSecondMin, sendRateWindowMs)
      : Infinity;
    this.#loop.timers.arm(this.#send, Math.min(lateMs, lookMs, rateMs));
  }

  /** Answers whether output still waits and has made too little progress in its time. */
  #sendIsLate(): boolean {
    if (!this.sendRuns) return false;
    const output = this.#output!;
    if (this.#looks && output.hasLeft) return false;
    const nowMs = this.#loop.now();
    const { sendTimeoutMs } = this.inForce;
    if (this.#looks && output.takeProgress()) {
      this.#sendSinceMs = nowMs;
      this.#sendLookMs = SOON_MS;
    } else {
      if (nowMs >= this.#sendSinceMs + sendTimeoutMs) return true;
      const nextMs = Math.max(TIMER_GRAIN_MS, 2 * this.#sendLookMs);
      this.#sendLookMs = Math.min(nextMs, lookMsMaxOf(sendTimeoutMs));
    }
    if (this.#sendsTooLittle(output, nowMs)) return true;
    this.#armSend();
    return false;
  }

  #sendsTooLittle(output: WatchedOutput, nowMs: number): boolean {
    const { sendBytesPerSecondMin, sendRateWindowMs } = this.inForce;
    if (sendBytesPerSecondMin === 0) return false;
    const rate = this.#sendRate ??= new Rate();
    if (!this.#isRated) {
      this.#isRated = true;
      rate.reset(output.leftBytes);
      rate.waits(this.#sendBeganMs);
    }
    rate.came(output.leftBytes);
    return rate.isTooLow(nowMs, sendBytesPerSecondMin, sendRateWindowMs);
  }

  outputHasLeft(): void {
    this.sendStop();
  }

  sendStop(): void {
    this.sendRuns = false;
  }

  // The handler.

  /** A request's head is complete: from here on its clocks count. */
  handlerStart(clocks: Clocks): void {
    this.inForce = clocks;
    this.#handlerRuns = true;
    this.#handlerSinceMs = this.#loop.now();
    // At the level of requests somebody may wait for the body already.
    this.#handlerStoodMs = this.readPhase === BODY_PHASE ? this.#handlerSinceMs : -1;
    this.#armHandler();
  }

  handlerStop(): void {
    this.#handlerRuns = false;
  }

  #armHandler(): void {
    const lateMs = this.#handlerSinceMs + this.inForce.handlerTimeoutMs;
    this.#loop.timers.arm(this.#handler, lateMs);
  }

  /** The connection is closed: nothing may come any more. */
  stopAll(): void {
    this.#loop.timers.disarm(this.#read);
    this.#loop.timers.disarm(this.#send);
    this.#loop.timers.disarm(this.#handler);
    this.readPhase = NO_PHASE;
    this.sendRuns = this.#handlerRuns = false;
  }

  /**
   * A loop that was held up finds timers due and bytes in the kernel, that came in time, at once:
   * the bytes come first.
   */
  onTimer(timer: Timer): void {
    if (!this.#runs(timer)) return;
    if (this.#loop.now() - timer.deadlineMs <= HELD_UP_MS) this.#ranOut(timer);
    else this.#loop.afterTurns(2, () => void (timer.isArmed || this.#ranOut(timer)));
  }

  #runs(timer: Timer): boolean {
    if (timer === this.#read) return this.readPhase !== NO_PHASE;
    return timer === this.#send ? this.sendRuns : this.#handlerRuns;
  }

  #ranOut(timer: Timer): void {
    if (timer === this.#read) {
      const phase = this.readPhase;
      if (phase === NO_PHASE || phase === BODY_PHASE && !this.#bodyIsLate()) return;
      this.readPhase = NO_PHASE;
      this.#events.readTimedOut(phase);
    } else if (timer === this.#send) {
      if (!this.#sendIsLate()) return;
      this.sendRuns = false;
      this.#events.sendTimedOut();
    } else if (this.#handlerRuns && this.#handlerStoodMs < 0) {
      this.#handlerRuns = false;
      this.#events.handlerTimedOut();
    }
  }
}
