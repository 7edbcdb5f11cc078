/**
 * What the hard tests need beside a server and its clients: their sizes, a seed, the count of open
 * handles, and a line for each number that was measured. It knows the process that it runs in, and
 * no runtime.
 *
 * The short sizes are for every run; `SLUICE_FULL=1` makes them full, with wall-clock limits.
 * `SLUICE_SEED` has a failed run again.
 *
 * @module
 */

import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { Random } from "../../../runtimes/memory/random.ts";
import type { ColumnRig } from "../rig.ts";
import { ServerBench } from "../server/bench.ts";

/** True exactly when the tests run in their full sizes. */
export const IS_FULL = process.env["SLUICE_FULL"] === "1";

const REQUESTS_FULL = 10_000;
const REQUESTS_SHORT = 1_000;

export interface HardRig extends ColumnRig {
  /** How many requests finish later in the short size. Default: 1,000. */
  readonly requests?: number;
  /** How many handles of the runtime are open. Default: how many sockets the process has. */
  openHandles?(): number | null;
}

export class HardBench extends ServerBench {
  readonly timeIsReal: boolean;
  readonly column: string;
  /** How many requests finish later, all fates together. */
  readonly requests: number;
  readonly #rig: HardRig;

  constructor(rig: HardRig, column: string) {
    super(rig);
    this.#rig = rig;
    this.timeIsReal = rig.timeIsReal ?? true;
    this.requests = IS_FULL ? REQUESTS_FULL : rig.requests ?? REQUESTS_SHORT;
    this.column = column;
  }

  /** How many handles are open now; null where nobody can tell. */
  openHandles(): number | null {
    return this.#rig.openHandles === undefined ? socketsOfProcess() : this.#rig.openHandles();
  }

  /** True exactly when the check of this name cannot hold on this column. */
  isGap(check: string): boolean {
    return this.#rig.gaps?.[check] !== undefined;
  }

  /** Puts a number into the table of `npm run hard`. */
  measured(what: string, value: string): void {
    if (IS_FULL) process.stdout.write(`\nmeasured: ${this.column} | ${what} | ${value}\n`);
  }
}

/** Linux lists what a process has open. */
function socketsOfProcess(): number | null {
  let names: string[];
  try {
    names = readdirSync("/proc/self/fd");
  } catch {
    return null;
  }
  return names.filter(isSocket).length;
}

function isSocket(name: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${name}`).startsWith("socket:");
  } catch {
    // The listing itself was one of them, and is closed by now.
    return false;
  }
}

/** Dice with a seed: the same seed, the same run, as far as the column's events repeat. */
export class Dice {
  readonly seed: number;
  readonly #random: Random;

  constructor(seed: number = seedOfRun()) {
    this.seed = seed;
    this.#random = new Random(seed);
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return this.#random.word() % bound;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

function seedOfRun(): number {
  const asked = Number(process.env["SLUICE_SEED"] ?? "");
  if (asked > 0) return asked;
  return IS_FULL ? Date.now() % 1_000_000_007 : 1;
}
