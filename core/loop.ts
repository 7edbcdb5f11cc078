/**
 * The loop: one reactor's clock and turn, with the posted queue and the timer wheel hung on them.
 * It is the one receiver of turn events; it knows nothing of sockets or of HTTP.
 *
 * @module
 */

import { Alarms } from "./alarms.ts";
import { type Posted, PostedQueue } from "./posted.ts";
import type { Clock, Turn, TurnEvents } from "./reactor.ts";
import { Timers } from "./timers.ts";

/** How many wait on a loop now. Whoever begins or ends a wait counts it; reports copy this. */
export interface WaitCounts {
  /** Generators (iterable applications, computations in steps) that wait for what they yielded. */
  suspended: number;
  /** Handles that were adopted or opened, and neither closed nor detached. */
  handles: number;
  /** Directions of these handles that a wait or a poller watches. */
  watches: number;
}

/**
 * One reactor's loop. A server makes its own, or is given one that it shares with other servers;
 * `request.service.loop` has the clock and the posted calls.
 */
export class Loop implements TurnEvents {
  /** Calls that run at the end of the turn. */
  readonly posted: PostedQueue;
  /** Deadlines to the grain of the wheel: for the many. */
  readonly timers: Timers;
  /** Deadlines to the millisecond: for the few. @internal */
  readonly alarms: Alarms;
  /** How many wait now. Whoever begins or ends a wait counts it here. */
  readonly waiting: WaitCounts = { suspended: 0, handles: 0, watches: 0 };
  /** Connections that came. Whoever gives way to them sets it back. */
  arrivals = 0;
  readonly #reactor: Clock & Turn;
  /** When the wheel and the alarms want to be woken, and what the reactor was asked for. */
  #timersWakeMs = Infinity;
  #alarmsWakeMs = Infinity;
  #askedMs = Infinity;

  /** Attaches itself to `reactor`, which must have no loop yet. */
  constructor(reactor: Clock & Turn) {
    this.#reactor = reactor;
    this.posted = new PostedQueue(reactor);
    this.timers = new Timers({
      wakeAt: (deadlineMs) => this.#wakeAt(deadlineMs, this.#alarmsWakeMs),
    });
    this.alarms = new Alarms({
      wakeAt: (deadlineMs) => this.#wakeAt(this.#timersWakeMs, deadlineMs),
    });
    reactor.attach(this);
  }

  /** Monotonic milliseconds, constant within one event. */
  now(): number {
    return this.#reactor.now();
  }

  /** Monotonic milliseconds that move on within an event: for measuring work. */
  stopwatchMs(): number {
    return this.#reactor.stopwatchMs();
  }

  /** Milliseconds since 1970 in UTC. May jump. */
  wallTime(): number {
    return this.#reactor.wallTime();
  }

  /** Runs `call` at the end of the turn; see `PostedQueue.post`. */
  post(call: Posted): void {
    this.posted.post(call);
  }

  /** Runs a function at the end of the turn; see `PostedQueue.postCall`. */
  postCall(run: () => void): void {
    this.posted.postCall(run);
  }

  /**
   * Runs a function `turns` turns from now. After two of them everybody who must read in order to
   * know has had one look at the world.
   */
  afterTurns(turns: number, run: () => void): void {
    this.postCall(turns > 1 ? () => this.afterTurns(turns - 1, run) : run);
  }

  endOfTurn(): void {
    this.posted.drain();
  }

  onWake(): void {
    this.#askedMs = Infinity;
    const nowMs = this.#reactor.now();
    if (this.#alarmsWakeMs <= nowMs) this.alarms.advance(nowMs);
    if (this.#timersWakeMs <= nowMs) {
      // The wheel takes a wake-up for used, and asks again only if it needs another.
      this.#timersWakeMs = Infinity;
      this.timers.advance(nowMs);
    }
    this.#wakeAt(this.#timersWakeMs, this.#alarmsWakeMs);
  }

  /** A runtime has one wake-up: the earlier of the two. */
  #wakeAt(timersMs: number, alarmsMs: number): void {
    this.#timersWakeMs = timersMs;
    this.#alarmsWakeMs = alarmsMs;
    const deadlineMs = Math.min(timersMs, alarmsMs);
    if (deadlineMs === this.#askedMs) return;
    this.#askedMs = deadlineMs;
    this.#reactor.wakeAt(deadlineMs);
  }
}
