/**
 * How much a server has to do: its open requests, and how late its loop is; and whether that is
 * more than it may be. It counts and measures; what an overload means is its owner's affair.
 *
 * The loop's lag is how much later than asked a wake-up comes: an event that arrives waits as long.
 * It is sampled every 100 ms while requests come and go, every second while they are only open, and
 * not at all while there are none: an idle process has no timer for it, and no lag. `lagMs` is an
 * average that moves by a quarter of the difference with each sample, so that one long computation
 * does not count for as much as a loop that is always late.
 *
 * @module
 */

import type { Limits } from "./limits.ts";
import type { Loop } from "./loop.ts";
import { Timer, TIMER_GRAIN_MS, type TimerOwner } from "./timers.ts";

/** What a report says of it. */
export interface LoadReport {
  /** How late the loop is on average, in milliseconds. */
  readonly lagMs: number;
  /** Requests that have begun and are not over. */
  readonly requests: number;
  /** True exactly while nothing more is accepted. */
  readonly isOverloaded: boolean;
}

/** Told when an overload begins or ends. */
export interface LoadEvents {
  loadChanged(isOverloaded: boolean): void;
}

/** A server's load as it is now: `server.load`, `request.service.load`. To be read, not written. */
export class Load implements TimerOwner, LoadReport {
  requests = 0;
  lagMs = 0;
  isOverloaded = false;
  readonly #loop: Loop;
  readonly #limits: Pick<Limits, "loopLagMaxMs" | "requestsMax">;
  readonly #events: LoadEvents;
  readonly #timer: Timer = new Timer(this);
  /** True exactly while the loop is late: from past its maximum until half of that. */
  #isLate = false;
  readonly #isMeasured: boolean;
  /** True exactly when a request began or ended since the last sample. */
  #isBusy = false;

  constructor(
    loop: Loop,
    limits: Pick<Limits, "loopLagMaxMs" | "requestsMax">,
    events: LoadEvents,
  ) {
    this.#loop = loop;
    this.#limits = limits;
    this.#events = events;
    this.#isMeasured = limits.loopLagMaxMs < Infinity;
  }

  /** True exactly when the request that began last is one too many. */
  get isTooMuch(): boolean {
    return this.#isLate || this.requests > this.#limits.requestsMax;
  }

  /** The core counts a request that begins. */
  requestBegins(): void {
    this.requests++;
    this.#isBusy = true;
    if (!this.#timer.isArmed && this.#isMeasured) this.#sampleIn(SAMPLE_BUSY_TICKS);
    if (this.requests > this.#limits.requestsMax) this.#judge();
  }

  /** The core counts a request that is over. */
  requestEnds(): void {
    this.requests--;
    this.#isBusy = true;
    if (this.isOverloaded) this.#judge();
  }

  /** A copy that stays as it is. */
  report(): LoadReport {
    const { lagMs, requests, isOverloaded } = this;
    return { lagMs, requests, isOverloaded };
  }

  onTimer(timer: Timer): void {
    const lateMs = Math.max(0, this.#loop.now() - timer.deadlineMs);
    this.lagMs += (lateMs - this.lagMs) * SAMPLE_WEIGHT;
    if (this.lagMs < LAG_MIN_MS) this.lagMs = 0;
    this.#judge();
    if (this.#isBusy || this.#isLate) this.#sampleIn(SAMPLE_BUSY_TICKS);
    else if (this.requests > 0) this.#sampleIn(SAMPLE_QUIET_TICKS);
    else this.lagMs = 0;
    this.#isBusy = false;
  }

  #sampleIn(ticks: number): void {
    const tick = Math.floor(this.#loop.now() / TIMER_GRAIN_MS);
    this.#loop.timers.arm(this.#timer, (tick + ticks) * TIMER_GRAIN_MS);
  }

  #judge(): void {
    const { loopLagMaxMs, requestsMax } = this.#limits;
    this.#isLate = this.lagMs > (this.#isLate ? loopLagMaxMs / 2 : loopLagMaxMs);
    const requestsMost = this.isOverloaded
      ? Math.floor(requestsMax * REQUESTS_ENOUGH)
      : requestsMax;
    const isOverloaded = this.#isLate || this.requests > requestsMost;
    if (isOverloaded === this.isOverloaded) return;
    this.isOverloaded = isOverloaded;
    this.#events.loadChanged(isOverloaded);
  }
}

const SAMPLE_BUSY_TICKS = 1;
const SAMPLE_QUIET_TICKS = 10;
const SAMPLE_WEIGHT = 1 / 4;
/** Runtimes' timers count in whole milliseconds: less than this is nothing. */
const LAG_MIN_MS = 2;
/** An overload by requests ends when a tenth of them is over. */
const REQUESTS_ENOUGH = 0.9;

/** What the log says when an overload begins or ends. */
export function loadLine(load: LoadReport): string {
  const what = load.isOverloaded
    ? "overloaded: new requests may get 503, and accepting stops"
    : "the overload is over: accepting goes on";
  return `${what}; ${load.requests} requests are open, and the loop is ${
    Math.round(load.lagMs)
  } ms late`;
}
