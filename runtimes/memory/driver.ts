/**
 * Driving the in-memory reactor where handlers have promises: after each event, all microtasks. It
 * knows the real event loop's turns and nothing of streams.
 *
 * One turn lets every chain of microtasks run out, however long, for about 1 µs (Node 26, Deno 2.9,
 * Bun 1.4). What settles through the real world instead (a digest, a file, a thread) needs
 * many turns; so before the clock moves, or before giving up, it is waited for.
 *
 * @module
 */

import { realTurn, realWait } from "../common/real_world.ts";

/** What this file needs of a reactor. */
export interface Driven {
  step(): boolean;
  now(): number;
  /** When something happens next: at once, later, or never (`Infinity`). */
  nextAtMs(): number;
  /** Moves the clock, forward only, to `ms`, or past it to `limitMs` at most. */
  moveTo(ms: number, limitMs: number): void;
  /** True exactly while the real world is waited for, and no event may run. */
  isLoading(): boolean;
  /** The error of a run that does not end. */
  restless(eventsMax: number): Error;
  pending(): unknown;
}

export interface RunUntilLimits {
  /** How far the clock may move, on the scale of `now()`. */
  readonly untilMs: number;
  /** How many turns of the real event loop pass with nothing to run before the clock moves. */
  readonly idleTurns: number;
  /** How many events may run at one time. */
  readonly eventsMax: number;
}

/** How often the real world is waited for, 1 ms each, when the clock cannot move any more. */
const PATIENCE_WAITS = 1000;

export class Driver {
  readonly #reactor: Driven;

  constructor(reactor: Driven) {
    this.#reactor = reactor;
  }

  async settle(eventsMax: number): Promise<void> {
    let events = 0;
    await realTurn();
    for (;;) {
      if (this.#reactor.step()) events++;
      else if (!this.#reactor.isLoading()) return;
      if (events > eventsMax) throw this.#reactor.restless(eventsMax);
      await realTurn();
    }
  }

  async elapse(untilMs: number, eventsMax: number): Promise<void> {
    await this.settle(eventsMax);
    while (this.#reactor.nextAtMs() <= untilMs) {
      this.#reactor.moveTo(this.#reactor.nextAtMs(), untilMs);
      await this.settle(eventsMax);
    }
    this.#reactor.moveTo(untilMs, untilMs);
    await this.settle(eventsMax);
  }

  async runUntil(condition: () => boolean, limits: RunUntilLimits): Promise<void> {
    const reactor = this.#reactor;
    let events = 0;
    let idle = 0;
    while (!condition()) {
      if (reactor.step()) {
        events++;
        idle = 0;
        if (events > limits.eventsMax) throw reactor.restless(limits.eventsMax);
      } else if (reactor.isLoading()) {
        idle = 0;
      } else if (idle < limits.idleTurns) {
        idle++;
      } else if (reactor.now() < limits.untilMs) {
        reactor.moveTo(Math.min(reactor.nextAtMs(), limits.untilMs), limits.untilMs);
        events = 0;
        idle = 0;
      } else if (idle < limits.idleTurns + PATIENCE_WAITS) {
        idle++;
        await realWait(1);
      } else {
        throw new Error(
          `what was waited for did not come by ${reactor.now()} ms; ` +
            `pending: ${JSON.stringify(reactor.pending(), inWords)}`,
        );
      }
      await realTurn();
    }
  }

  async waitFor<T>(promise: PromiseLike<T>, limits: RunUntilLimits): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.runUntil(() => isSettled, limits);
    return await promise;
  }
}

/** JSON has no infinity, and nobody reads ten thousand streams. */
function inWords(_key: string, value: unknown): unknown {
  if (Array.isArray(value) && value.length > LISTED_MAX) {
    return [...value.slice(0, LISTED_MAX), `and ${value.length - LISTED_MAX} more`];
  }
  return value === Infinity ? "never" : value;
}

const LISTED_MAX = 10;
