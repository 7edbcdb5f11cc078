/**
 * The loop: one reactor's clock and turn, with the posted queue and the timer wheel hung on them.
 * It is the one receiver of turn events; it knows nothing of sockets or of HTTP.
 *
 * @module
 */

import { type Posted, PostedQueue } from "./posted.ts";
import type { Clock, Turn, TurnEvents } from "./reactor.ts";
import { Timers } from "./timers.ts";

export class Loop implements TurnEvents {
  readonly posted: PostedQueue;
  readonly timers: Timers;
  readonly #reactor: Clock & Turn;

  /** Attaches itself to `reactor`, which must have no loop yet. */
  constructor(reactor: Clock & Turn) {
    this.#reactor = reactor;
    this.posted = new PostedQueue(reactor);
    this.timers = new Timers(reactor);
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

  endOfTurn(): void {
    this.posted.drain();
  }

  onWake(): void {
    this.timers.advance(this.#reactor.now());
  }
}
