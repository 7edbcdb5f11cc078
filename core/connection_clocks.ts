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

import { BodyRate } from "./body_rate.ts";
import type { Clocks } from "./limits.ts";
import type { Loop } from "./loop.ts";
import type { Output } from "./output.ts";
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
export type WatchedOutput = Pick<Output, "takeProgress" | "hasLeft">;

/** How rarely the send clock looks for progress that no event tells of. */
function lookMsMaxOf(timeoutMs: number): number {
  return Math.min(1000, timeoutMs / 16);
}

/** The next tick of the wheel. */
const SOON_MS = 1;

export class ConnectionClocks implements TimerOwner {
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
  #rate: BodyRate | null = null;
  #sendSinceMs = 0;
  #sendLookMs = SOON_MS;
  /**
   * The output that is asked for its progress; null when whoever started the clock knows better.
   */
  #watched: WatchedOutput | null = null;
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
    if (this.#rate === null) this.#rate = new BodyRate();
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
    const lookMs = this.#rate!.windowEndMs(this.inForce);
    this.#loop.timers.arm(this.#read, Math.min(lateMs, lookMs));
  }

  #bodyIsLate(): boolean {
    const nowMs = this.#loop.now();
    if (nowMs >= this.#readSinceMs + this.inForce.bodyTimeoutMs) return true;
    if (this.#rate!.isTooLow(nowMs, this.inForce)) return true;
    this.#armBody();
    return false;
  }

  // Sending.

  /** Output waits, and has just made progress or begun to. */
  sendStart(): void {
    this.#watched = null;
    this.#sendRestarts();
  }

  /**
   * As `sendStart`, with progress counted from here on. What the runtime has counts as well, and of
   * that no event tells: so the clock looks often, in order to be late by one look at most. It
   * looks at each tick behind progress, and ever more rarely while there is none.
   */
  outputWaits(output: WatchedOutput): void {
    output.takeProgress();
    this.#watched = output;
    this.#sendRestarts();
  }

  #sendRestarts(): void {
    this.sendRuns = true;
    this.#sendSinceMs = this.#loop.now();
    this.#sendLookMs = SOON_MS;
    this.#armSend();
  }

  #armSend(): void {
    const lateMs = this.#sendSinceMs + this.inForce.sendTimeoutMs;
    const lookMs = this.#watched === null ? lateMs : this.#loop.now() + this.#sendLookMs;
    this.#loop.timers.arm(this.#send, Math.min(lateMs, lookMs));
  }

  /** Answers whether output still waits and has made no progress for its time. */
  #sendIsLate(): boolean {
    const watched = this.#watched;
    if (!this.sendRuns || watched === null) return this.sendRuns;
    if (watched.hasLeft) return false;
    const nowMs = this.#loop.now();
    const { sendTimeoutMs } = this.inForce;
    if (watched.takeProgress()) {
      this.#sendSinceMs = nowMs;
      this.#sendLookMs = SOON_MS;
    } else {
      if (nowMs >= this.#sendSinceMs + sendTimeoutMs) return true;
      const nextMs = Math.max(TIMER_GRAIN_MS, 2 * this.#sendLookMs);
      this.#sendLookMs = Math.min(nextMs, lookMsMaxOf(sendTimeoutMs));
    }
    this.#armSend();
    return false;
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

  onTimer(timer: Timer): void {
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
