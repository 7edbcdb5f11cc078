/**
 * The command line of the benchmark: names, defaults, and one clear line for what cannot be. It
 * runs nothing.
 *
 * @module
 */

import { FLAG, namesOf, numberOf, readArgs, TEXT } from "../test/command_line.ts";
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
  readonly help: boolean;
}

/** A run with fewer rounds, or with parts left out, is not published. */
export const PUBLISHED_ROUNDS_MIN = 9;

export const USAGE = `Usage: npm run bench -- [options]

Sets Sluice beside the runtimes' own servers and its peers, in one run, and writes the table into
bench/README.md and all rounds into bench/results/. A run that leaves something out, or has fewer
than ${PUBLISHED_ROUNDS_MIN} rounds, is printed and not written.

  --runtime node,deno,bun   the runtimes to measure (default: all)
  --case hello,hono         the cases to measure (default: all)
  --rounds N                rounds; each has every server once, in a fresh order (default: 9)
  --seconds N               seconds of load for each server in each round (default: 3)
  --warmup N                seconds of load before that (default: 5)
  --connections N           keep-alive connections (default: 64)
  --quiet                   repeat rounds that other processes or the host disturbed
  --json                    print all rounds as JSON, and write nothing
  --help                    print this`;

/** @throws {UsageError} */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { runtime, rounds, seconds, warmup, connections, quiet, json, help, ...values } = readArgs(
    args,
    {
      runtime: TEXT,
      case: TEXT,
      rounds: TEXT,
      seconds: TEXT,
      warmup: TEXT,
      connections: TEXT,
      quiet: FLAG,
      json: FLAG,
      help: FLAG,
    },
  );
  return {
    runtimes: namesOf("runtime", runtime, RUNTIMES),
    cases: namesOf("case", values.case, CASES),
    rounds: numberOf("rounds", rounds, 1, COUNT_MAX, 9),
    seconds: numberOf("seconds", seconds, 1, COUNT_MAX, 3),
    warmupSeconds: numberOf("warmup", warmup, 1, COUNT_MAX, 5),
    connections: numberOf("connections", connections, 1, COUNT_MAX, 64),
    quiet,
    json,
    help,
  };
}

/** True exactly when nothing is left out, so that the table may stand in the README. */
export function isWhole(options: BenchOptions): boolean {
  return options.runtimes.length === RUNTIMES.length &&
    options.cases.length === CASES.length &&
    options.rounds >= PUBLISHED_ROUNDS_MIN && !options.json;
}

const COUNT_MAX = 99_999;
