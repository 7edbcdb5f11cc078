/**
 * Faults by seed: a schedule under which things go wrong as they do in the world, and never in a
 * way that the reactor contract rules out. It knows chances and times; it knows nothing of streams.
 *
 * Each fault has random numbers of its own: switching one on or off changes none of the others'.
 *
 * @module
 */

import { Random } from "./random.ts";
import type { Again, Blow, Delay, Move, Schedule, Subject } from "./schedule.ts";

/**
 * How often a fault happens: the chance of it at each opportunity, 0 … 1; or `{ at: n }`, at its
 * n-th opportunity (1, 2, 3 …) and at no other.
 */
export type FaultRate = number | { readonly at: number };

/** The faults. What is left out does not happen. */
export interface MemoryFaults {
  /** An `onData` brings fewer bytes than there are. */
  readonly partialRead?: FaultRate;
  /** `send` takes fewer bytes than fit, or fewer travel at a time than could. */
  readonly partialWrite?: FaultRate;
  /** `send` answers `AGAIN` though there is room: having taken nothing, or what was offered. */
  readonly again?: FaultRate;
  /** An `onRelease` comes late. `onClose` waits for it. */
  readonly lateRelease?: FaultRate;
  /** Another event comes next than the one that has waited longest. */
  readonly reorder?: FaultRate;
  /** The bytes of one direction of a stream, or its FIN, stay where they are for a while. */
  readonly stall?: FaultRate;
  /** The `onOpen` of one end comes late. */
  readonly lateOpen?: FaultRate;
  /** A wake-up comes late. */
  readonly lateWake?: FaultRate;
  /**
   * The process sleeps: the clock moves on past the next thing that was to happen, though not past
   * where the control that moves it ends.
   */
  readonly clockJump?: FaultRate;
  /** Somebody sets the wall clock, by a day at most, forward or back. `now()` does not feel it. */
  readonly wallJump?: FaultRate;
  /** A connect fails: `onClose("error")` alone. */
  readonly refuse?: FaultRate;
  /**
   * A stream is reset on its way, while bytes travel or within `lateMsMax` after: both ends see it.
   */
  readonly reset?: FaultRate;
  /**
   * The connecting end is lost behind what it sent so far: it sees a reset, and the accepting end a
   * FIN. What the latter still sends seems to be sent; then it sees a reset too.
   */
  readonly halfClose?: FaultRate;
  /** A call on a file settles late. */
  readonly lateFile?: FaultRate;
  /** The directory of a temporary file is gone when one is to be made. */
  readonly noDirectory?: FaultRate;
  /** There is no room for what is written to a file. */
  readonly diskFull?: FaultRate;
  /** `send` answers `ERROR`: it is the one that finds out that the stream is dead. */
  readonly sendError?: FaultRate;
  /** The accept of a connection fails: a reset for the connecting end, nothing for the other. */
  readonly acceptError?: FaultRate;
  /** A thread starts late. */
  readonly lateThread?: FaultRate;
  /** What a thread says comes late: that it has written, a call, its result. */
  readonly lateAnswer?: FaultRate;
  /** A thread dies when it says something, which nobody hears, or when it is told something. */
  readonly deadThread?: FaultRate;
  /** A thread does not start. */
  readonly noThread?: FaultRate;
  /** The bytes of a file cannot be read. */
  readonly badRead?: FaultRate;
  /** How late what is late comes at most, in milliseconds. Default: 1,000. */
  readonly lateMsMax?: number;
}

/** What can go wrong, by name. */
export type FaultName = Exclude<keyof MemoryFaults, "lateMsMax">;

/** Each fault, in the order of `MemoryFaults`. */
export const FAULT_NAMES: readonly FaultName[] = [
  "partialRead",
  "partialWrite",
  "again",
  "lateRelease",
  "reorder",
  "stall",
  "lateOpen",
  "lateWake",
  "clockJump",
  "wallJump",
  "refuse",
  "reset",
  "halfClose",
  "lateFile",
  "noDirectory",
  "diskFull",
  "sendError",
  "acceptError",
  "lateThread",
  "lateAnswer",
  "deadThread",
  "noThread",
  "badRead",
];

/** One fault that happened. */
export interface FaultEvent {
  /** Which one. */
  readonly name: FaultName;
  /**
   * Whom it happened to: `local -> remote` of one end of a stream, a file's name, `thread 1`, or
   * `""`.
   */
  readonly subject: string;
}

/** Opportunities so far, and how many of them were taken. */
export interface FaultCount {
  /** How often it could have happened. */
  readonly chances: number;
  /** How often it did. */
  readonly happened: number;
}

/** The counts where nothing goes wrong. */
export const NO_FAULTS: Readonly<Record<FaultName, FaultCount>> = countsOf(() => ({
  chances: 0,
  happened: 0,
}));

function countsOf(count: (name: FaultName) => FaultCount): Record<FaultName, FaultCount> {
  const counts = FAULT_NAMES.map((name) => [name, count(name)] as const);
  return Object.fromEntries(counts) as Record<FaultName, FaultCount>;
}

const LATE_MS_MAX = 1000;
const DAY_MS = 86_400_000;
const WORDS = 2 ** 32;

const FAULT_OF: { readonly [delay in Delay]: FaultName } = {
  open: "lateOpen",
  carry: "stall",
  release: "lateRelease",
  wake: "lateWake",
  file: "lateFile",
  threadStart: "lateThread",
  threadMessage: "lateAnswer",
};

export class FaultSchedule implements Schedule {
  readonly #dice: Readonly<Record<FaultName, Dice>>;
  readonly #lateMsMax: number;
  readonly #onFault: ((fault: FaultEvent) => void) | undefined;

  /**
   * @throws {RangeError} for a rate that is none.
   * @throws {TypeError} for a fault that does not exist.
   */
  constructor(faults: MemoryFaults, seed: number, onFault?: (fault: FaultEvent) => void) {
    this.#lateMsMax = faults.lateMsMax ?? LATE_MS_MAX;
    this.#onFault = onFault;
    if (!(this.#lateMsMax >= 1 && this.#lateMsMax < Infinity)) {
      throw new RangeError(`lateMsMax must be 1 or more milliseconds, not ${this.#lateMsMax}`);
    }
    for (const name of Object.keys(faults)) {
      if (name !== "lateMsMax" && !FAULT_NAMES.includes(name as FaultName)) {
        throw new TypeError(`there is no fault "${name}": ${FAULT_NAMES.join(", ")}`);
      }
    }
    const dice = FAULT_NAMES.map((name, i) =>
      [name, new Dice(name, faults[name], seed, i)] as const
    );
    this.#dice = Object.fromEntries(dice) as Record<FaultName, Dice>;
  }

  /** How often each fault could have happened so far, and did. */
  count(): Readonly<Record<FaultName, FaultCount>> {
    return countsOf((name) => {
      const { chances, happened } = this.#dice[name];
      return { chances, happened };
    });
  }

  next(count: number): number {
    const dice = this.#dice.reorder;
    return count > 1 && this.#happens(dice, "") ? dice.below(count) : 0;
  }

  bytes(move: Move, most: number, stream: Subject): number {
    const dice = move === "deliver" ? this.#dice.partialRead : this.#dice.partialWrite;
    if (most === 1 || !this.#happens(dice, stream)) return most;
    // A few bytes are what splits heads and chunk lines; a part of all is what splits bodies.
    return 1 + dice.below(dice.below(2) === 0 ? Math.min(most, FEW_BYTES) : most);
  }

  again(stream: Subject): Again {
    const dice = this.#dice.again;
    if (!this.#happens(dice, stream)) return "no";
    return dice.below(2) === 0 ? "taking nothing" : "taking what fits";
  }

  lateByMs(delay: Delay, subject: Subject): number {
    const dice = this.#dice[FAULT_OF[delay]];
    return this.#happens(dice, subject) ? this.#late(dice) : 0;
  }

  strikes(blow: Blow, subject: Subject): boolean {
    return this.#happens(this.#dice[blow], subject);
  }

  resetInMs(stream: Subject): number {
    const dice = this.#dice.reset;
    if (!this.#happens(dice, stream)) return -1;
    // Half of them come among the bytes, half while nobody says anything.
    return dice.below(2) === 0 ? 0 : this.#late(dice);
  }

  sleptMs(): number {
    const dice = this.#dice.clockJump;
    return this.#happens(dice, "") ? this.#late(dice) : 0;
  }

  wallStepMs(): number {
    const dice = this.#dice.wallJump;
    return this.#happens(dice, "") ? dice.below(2 * DAY_MS) - DAY_MS : 0;
  }

  #late(dice: Dice): number {
    return 1 + dice.below(this.#lateMsMax);
  }

  #happens(dice: Dice, subject: Subject): boolean {
    if (!dice.roll()) return false;
    this.#onFault?.({ name: dice.name, subject: subject.toString() });
    return true;
  }
}

const FEW_BYTES = 8;

/** One fault's chances and random numbers. */
class Dice {
  readonly name: FaultName;
  chances = 0;
  happened = 0;
  readonly #random: Random;
  /** Words below this are hits. */
  readonly #hitsBelow: number;
  /** The one opportunity that is taken; 0 where chance decides. */
  readonly #at: number;

  constructor(name: FaultName, rate: FaultRate | undefined, seed: number, index: number) {
    this.name = name;
    this.#random = new Random(Math.imul(seed | 0, 31) + index + 1);
    this.#at = typeof rate === "object" ? rate.at : 0;
    const chance = typeof rate === "object" ? 0 : rate ?? 0;
    this.#hitsBelow = chance * WORDS;
    const isRate = typeof rate === "object"
      ? Number.isInteger(rate.at) && rate.at >= 1
      : chance >= 0 && chance <= 1;
    if (isRate) return;
    throw new RangeError(
      `${name} must be a chance from 0 to 1, or { at: n } with n from 1, not ${
        JSON.stringify(rate)
      }`,
    );
  }

  /** One opportunity: true exactly when it is taken. */
  roll(): boolean {
    this.chances++;
    const isHit = this.#at > 0
      ? this.chances === this.#at
      : this.#hitsBelow > 0 && this.#random.word() < this.#hitsBelow;
    if (isHit) this.happened++;
    return isHit;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#random.word() / WORDS * count);
  }
}
