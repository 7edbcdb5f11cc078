/**
 * What the byte-level runtimes have in common of a loop: the clock that stands still within an
 * event, the one wake-up, the turn, the log line and random bytes. It uses only what Node, Deno
 * and Bun all have (`performance`, `crypto`, `console`, `node:timers`), and knows nothing of
 * sockets.
 *
 * @module
 */

import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Clock, Entropy, Log, LogLevel, Turn, TurnEvents } from "../../core/reactor.ts";

/** The longest delay that `setTimeout` takes on all three: 2^31 - 1 ms, 24.8 days. */
const DELAY_MAX_MS = 0x7fffffff;

export abstract class LoopBase implements Clock, Turn, Log, Entropy {
  #turnEvents: TurnEvents | null = null;
  /** True exactly when `soon` was asked and `endOfTurn` has not come yet. */
  #turnAsked = false;
  /** True exactly when the event is the end of a turn. */
  #inTurn = false;
  /** True exactly when an event is being delivered: then `now()` does not move. */
  #inEvent = false;
  /** The time of the running event; negative until somebody asks for it. */
  #eventMs = -1;
  /** When the core wants to be woken; `Infinity` when it does not. */
  #deadlineMs = Infinity;
  /** What the timer was set for. May be earlier than the deadline, never later. */
  #armedMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;

  now(): number {
    if (!this.#inEvent) return this.readClock();
    if (this.#eventMs < 0) this.#eventMs = this.eventClock();
    return this.#eventMs;
  }

  /** The time outside of events, to the fraction of a millisecond. */
  protected readClock(): number {
    return performance.now();
  }

  /** The time of an event. Where reading the clock is dear, up to a millisecond early. */
  protected eventClock(): number {
    return performance.now();
  }

  stopwatchMs(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  /**
   * A deadline that moves later costs nothing: the timer fires at the old one and is set again.
   * Timer wheels move theirs later with almost every request.
   */
  wakeAt(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs;
    if (deadlineMs < this.#armedMs) this.#arm();
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = Math.ceil(this.#deadlineMs - performance.now());
    this.#armedMs = this.#deadlineMs;
    this.#timer = setTimeout(this.#timerFired, Math.min(Math.max(delayMs, 1), DELAY_MAX_MS));
    this.#timer.unref();
  }

  readonly #timerFired = (): void => {
    this.#timer = null;
    this.#armedMs = Infinity;
    if (this.#deadlineMs === Infinity) return;
    // Too early when the deadline has moved, and by a fraction of a millisecond on Node, whose
    // timers count in whole ones.
    if (this.readClock() < this.#deadlineMs) {
      this.#arm();
      return;
    }
    this.#deadlineMs = Infinity;
    this.enterEvent();
    this.#turnEvents?.onWake();
    this.leaveEvent();
  };

  attach(events: TurnEvents): void {
    if (this.#turnEvents !== null) {
      throw new Error("a reactor serves one loop: attach was called twice");
    }
    this.#turnEvents = events;
  }

  /** Immediates run when the loop has delivered all that one poll found, on all three runtimes. */
  soon(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    if (this.#inTurn) this.nextTurn(this.#turnOver);
    else setImmediate(this.#turnOver);
  }

  /**
   * Calls `call` for a turn that the one before asked for. Where immediates that follow one another
   * starve sockets, the shim overrides it.
   */
  protected nextTurn(call: () => void): void {
    setImmediate(call);
  }

  readonly #turnOver = (): void => {
    this.#turnAsked = false;
    this.enterEvent();
    this.#inTurn = true;
    this.#turnEvents?.endOfTurn();
    this.#inTurn = false;
    this.leaveEvent();
  };

  log(level: LogLevel, text: string): void {
    console.error(`${new Date().toISOString()} ${level} ${text}`);
  }

  random(into: Uint8Array): void {
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  }

  /** Begins an event of the runtime's loop: the clock stands until `leaveEvent`. */
  enterEvent(): void {
    this.#inEvent = true;
    this.#eventMs = -1;
  }

  leaveEvent(): void {
    this.#inEvent = false;
  }

  /** True exactly when the caller runs inside an event. */
  get inEvent(): boolean {
    return this.#inEvent;
  }
}
