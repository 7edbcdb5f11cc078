/**
 * The command line of the benchmark: names, meanings and defaults. It runs nothing.
 *
 * @module
 */

import { makeTool, namesOption, wholeNumber } from "../test/command_line.ts";
import { type CaseName, CASES, type RuntimeName, RUNTIMES } from "./opponents.ts";

export interface BenchOptions {
  readonly runtimes: readonly RuntimeName[];
  readonly cases: readonly CaseName[];
  readonly rounds: number;
  /** How long one server is loaded in one round. */
  readonly seconds: number;
  /** How long it is loaded before that, so that its code is hot. */
  readonly warmupSeconds: number;
  readonly connections: number;
  /** Repeats rounds that other processes disturbed. */
  readonly quiet: boolean;
  readonly json: boolean;
}

/** A run with fewer rounds, or with parts left out, is not published. */
export const PUBLISHED_ROUNDS_MIN = 9;

const DESCRIPTION =
  `Sets Sluice beside the runtimes' own servers and its peers, in one run, and writes the table into
bench/README.md and all rounds into bench/results/. A run that leaves something out, or has fewer
than ${PUBLISHED_ROUNDS_MIN} rounds, is printed and not written.`;

const count = wholeNumber(1, 99_999);

export const COMMAND = makeTool("npm run bench --", DESCRIPTION)
  .addOption(namesOption("--runtime <names>", "to measure, of node,deno,bun", RUNTIMES))
  .addOption(namesOption("--case <names>", "to measure, of hello,hono", CASES))
  .option("--rounds <n>", "each has every server once, in a fresh order", count, 9)
  .option("--seconds <n>", "of load for each server in each round", count, 3)
  .option("--warmup <n>", "seconds of load before that", count, 5)
  .option("--connections <n>", "that are kept alive", count, 64)
  .option("--quiet", "repeat rounds that other processes or the host disturbed")
  .option("--json", "print all rounds as JSON, and write nothing");

/** The options by their names on the command line. */
export interface BenchValues extends Pick<BenchOptions, "rounds" | "seconds" | "connections"> {
  readonly runtime: readonly RuntimeName[];
  readonly case: readonly CaseName[];
  readonly warmup: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function optionsOf(values: BenchValues): BenchOptions {
  const { runtime: runtimes, case: cases, warmup: warmupSeconds } = values;
  const { rounds, seconds, connections, quiet = false, json = false } = values;
  return { runtimes, cases, rounds, seconds, warmupSeconds, connections, quiet, json };
}

/** True exactly when nothing is left out, so that the table may stand in the README. */
export function isWhole(options: BenchOptions): boolean {
  return options.runtimes.length === RUNTIMES.length &&
    options.cases.length === CASES.length &&
    options.rounds >= PUBLISHED_ROUNDS_MIN && !options.json;
}
