/**
 * The application of the hard test of finishing later: two handlers, the first of which declines
 * everything, and the events in which held requests go on. Which event it is, the dice say. It
 * knows trials by the numbers in their targets.
 *
 * @module
 */

import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DECLINED, type ResultCode } from "../../../core/status.ts";
import { Timer } from "../../../core/timers.ts";
import type { Events } from "./fates.ts";
import type { Dice, HardBench } from "./hard_bench.ts";
import type { Trial } from "./trial.ts";

/** A timer's longest delay: two grains of the wheel. */
const DELAY_MAX_MS = 200;
/** What waits for an event of another connection waits no longer than this. */
const PATIENCE_MS = 100;

export class LaterApp implements Events {
  readonly handlers: readonly Handler[];
  readonly #bench: HardBench;
  readonly #dice: Dice;
  readonly #trials: readonly Trial[];
  /** What goes on in an event of another connection. */
  #waiting: Array<() => void> = [];
  readonly #patience = new Timer({ onTimer: () => this.#goOn(this.#waiting.length) });

  /** `spoil` may take the protocol of a request apart before anybody uses it. */
  constructor(
    bench: HardBench,
    dice: Dice,
    trials: readonly Trial[],
    spoil: (request: HttpRequest) => void,
  ) {
    this.#bench = bench;
    this.#dice = dice;
    this.#trials = trials;
    const decliner: Handler = (request) => {
      this.#goOn(1);
      spoil(request);
      this.#trialOf(request).begin(request);
      return this.#dice.below(2) === 0 ? DECLINED : Promise.resolve(DECLINED);
    };
    const app: Handler = (request): ResultCode | Promise<ResultCode> => {
      const trial = this.#trialOf(request);
      return trial.fate.act(trial, this);
    };
    this.handlers = [decliner, app];
  }

  later(trial: Trial, act: () => void): void {
    trial.plans++;
    const run = () => {
      trial.plans--;
      act();
    };
    const { loop } = this.#bench.server;
    const kind = this.#dice.below(8);
    if (kind < 3) {
      loop.postCall(run);
    } else if (kind < 5) {
      Promise.resolve().then(run);
    } else if (kind < 7) {
      this.#waiting.push(run);
      if (!this.#patience.isArmed) loop.timers.arm(this.#patience, loop.now() + PATIENCE_MS);
    } else {
      loop.timers.arm(new Timer({ onTimer: run }), loop.now() + this.#dice.below(DELAY_MAX_MS));
    }
  }

  /** Up to `count` of those that wait for somebody else's event go on in this one. */
  #goOn(count: number): void {
    const now = this.#waiting.splice(0, count);
    if (this.#waiting.length === 0 && this.#bench.server !== undefined) {
      this.#bench.server.loop.timers.disarm(this.#patience);
    }
    for (const run of now) run();
  }

  #trialOf(request: HttpRequest): Trial {
    return this.#trials[Number(request.target.slice("/t/".length))]!;
  }
}
