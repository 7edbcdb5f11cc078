/**
 * Shares the loop among computations: in each turn one budget of time, given out round robin. It
 * knows how long a slice took and whose turn is next; what a slice computes is `step.ts`'s affair.
 *
 * Fairness is by time, not by the number of slices (deficit round robin, Shreedhar and Varghese,
 * 1995): each visit adds a quantum to a computation's credit, each slice takes what it cost, and
 * one that is in debt is passed over. So a computation with long slices gets no more than one with
 * short ones.
 *
 * A turn that brought a connection is a turn without slices: Node 26 accepts one in each turn, so
 * many that come at once would wait for a budget each. They have as much time as the computations
 * have: between two turns with slices never more than a budget.
 *
 * The turn comes from the posted queue, which asks for an immediate: 4 to 26 µs on the three
 * runtimes, where a timer would cost 1 to 2 ms.
 *
 * @module
 */

import type { Loop } from "../loop.ts";
import type { Posted } from "../posted.ts";

/** A computation, as the ring sees it. The ring's own fields start as they are described. */
export interface Sliced {
  /** Runs one slice. It may take itself out of its ring, and put others in. */
  runSlice(): void;
  /** One slice took longer than all of them together may use of a turn. */
  overran(tookMs: number, budgetMs: number): void;
  /** What it may use of one turn; `Infinity` for its share, whatever that is. */
  readonly budgetMs: number;
  /** The turn in which it last had a slice. Start with 0. */
  turn: number;
  /** What it used of that turn. Start with 0. */
  turnMs: number;
  /** How long all slices took so far. The ring adds to it; start with 0. */
  usedMs: number;
  /** What it may still use on this visit; below zero what it used too much. Start with 0. */
  creditMs: number;
  /** The ring that it is in. Start with `null`. */
  ring: Stepper | null;
  /** The one behind it in the ring. Start with `null`. */
  nextSliced: Sliced | null;
  /** The one before it in the ring. Start with `null`. */
  previousSliced: Sliced | null;
}

/**
 * A slice counts for this much at least: clocks may not see a shorter one, and a turn must end.
 */
const SLICE_MIN_MS = 0.001;
/** Turns in a row that give way, where the clock stands still. */
const GIVES_WAY_MAX = 64;
/** A visit is worth this much at least, however many share the budget: less is spent on visits. */
const QUANTUM_MIN_MS = 0.1;

export class Stepper implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  /** How many computations can go on now; those that are paused or wait are not among them. */
  runnable = 0;
  /** Everybody who may still get a slice, paused or not. */
  readonly live: Set<Sliced> = new Set();
  readonly #loop: Loop;
  readonly #budgetMs: number;
  #turn = 0;
  /** Whose visit is next. */
  #next: Sliced | null = null;
  /** When the last turn with slices ended, and how many turns gave way since. */
  #endedMs = -Infinity;
  #gaveWay = 0;

  /** `budgetMs`: what all of them together may use of one turn. */
  constructor(loop: Loop, budgetMs: number) {
    this.#loop = loop;
    this.#budgetMs = budgetMs;
  }

  /** Puts a computation behind all others; from the next turn on it gets slices. */
  add(sliced: Sliced): void {
    if (sliced.ring !== null) return;
    sliced.ring = this;
    this.runnable++;
    const next = this.#next;
    if (next === null) {
      this.#next = sliced.nextSliced = sliced.previousSliced = sliced;
    } else {
      const last = next.previousSliced!;
      last.nextSliced = sliced;
      sliced.previousSliced = last;
      sliced.nextSliced = next;
      next.previousSliced = sliced;
    }
    this.#loop.post(this);
  }

  /** Takes one out. Does nothing for one that is not in. */
  remove(sliced: Sliced): void {
    if (sliced.ring !== this) return;
    const next = sliced.nextSliced!;
    const previous = sliced.previousSliced!;
    previous.nextSliced = next;
    next.previousSliced = previous;
    if (this.#next === sliced) this.#next = next === sliced ? null : next;
    sliced.nextSliced = sliced.previousSliced = sliced.ring = null;
    this.runnable--;
  }

  /** One turn's share, unless this one is left to whoever came. */
  runPosted(): void {
    if (this.#givesWay()) {
      this.#loop.post(this);
      return;
    }
    try {
      this.#runTurn();
    } finally {
      this.#gaveWay = 0;
      this.#endedMs = this.#loop.stopwatchMs();
      if (this.#next !== null) this.#loop.post(this);
    }
  }

  #givesWay(): boolean {
    const loop = this.#loop;
    const { arrivals } = loop;
    loop.arrivals = 0;
    return arrivals > 0 && this.#next !== null && this.#gaveWay++ < GIVES_WAY_MAX &&
      loop.stopwatchMs() - this.#endedMs < this.#budgetMs;
  }

  /** Visits until the budget is used up or nobody is left. */
  #runTurn(): void {
    const budgetMs = this.#budgetMs;
    let spentMs = 0;
    // How many in a row had used up what they may use of one turn.
    let sated = 0;
    this.#turn++;
    while (this.#next !== null && spentMs < budgetMs && sated < this.runnable) {
      const sliced = this.#next;
      this.#next = sliced.nextSliced;
      if (sliced.turn === this.#turn && sliced.turnMs >= sliced.budgetMs) {
        sated++;
        continue;
      }
      sated = 0;
      const quantumMs = Math.max(budgetMs / this.runnable, QUANTUM_MIN_MS);
      // Whoever used much too much is not passed over for longer than one turn.
      sliced.creditMs = Math.max(sliced.creditMs, -budgetMs) + quantumMs;
      spentMs += this.#visit(sliced, budgetMs - spentMs);
    }
  }

  /** Slices of one computation, until its credit or what is left of the turn is used up. */
  #visit(sliced: Sliced, leftMs: number): number {
    const loop = this.#loop;
    let spentMs = 0;
    let startedMs = loop.stopwatchMs();
    if (sliced.turn !== this.#turn) {
      sliced.turn = this.#turn;
      sliced.turnMs = 0;
    }
    const mayMs = Math.min(leftMs, sliced.budgetMs - sliced.turnMs);
    while (sliced.ring === this && sliced.creditMs > 0 && spentMs < mayMs) {
      sliced.runSlice();
      const endedMs = loop.stopwatchMs();
      const tookMs = Math.max(endedMs - startedMs, SLICE_MIN_MS);
      startedMs = endedMs;
      spentMs += tookMs;
      sliced.usedMs += tookMs;
      sliced.creditMs -= tookMs;
      if (tookMs > this.#budgetMs) sliced.overran(tookMs, this.#budgetMs);
    }
    sliced.turnMs += spentMs;
    return spentMs;
  }
}
