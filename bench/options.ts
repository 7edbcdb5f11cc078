/**
 * The command line of the benchmark: names, defaults, and one clear line for what cannot be. It
 * runs nothing.
 *
 * @module
 */

import { parseArgs } from "node:util";
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

/** What is wrong with the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** @throws {UsageError} */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = readArgs(args);
  return {
    runtimes: namesOf("runtime", values.runtime, RUNTIMES),
    cases: namesOf("case", values.case, CASES),
    rounds: countOf("rounds", values.rounds, 9),
    seconds: countOf("seconds", values.seconds, 3),
    warmupSeconds: countOf("warmup", values.warmup, 5),
    connections: countOf("connections", values.connections, 64),
    quiet: values.quiet === true,
    json: values.json === true,
    help: values.help === true,
  };
}

/** True exactly when nothing is left out, so that the table may stand in the README. */
export function isWhole(options: BenchOptions): boolean {
  return options.runtimes.length === RUNTIMES.length &&
    options.cases.length === CASES.length &&
    options.rounds >= PUBLISHED_ROUNDS_MIN && !options.json;
}

function readArgs(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        runtime: text,
        case: text,
        rounds: text,
        seconds: text,
        warmup: text,
        connections: text,
        quiet: flag,
        json: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function namesOf<T extends string>(
  option: string,
  value: string | undefined,
  known: readonly T[],
): T[] {
  if (value === undefined) return [...known];
  const names = value.split(",");
  for (const name of names) {
    if (!known.includes(name as T)) {
      throw new UsageError(`--${option} knows ${known.join(", ")}, and not "${name}"`);
    }
  }
  return known.filter((name) => names.includes(name));
}

function countOf(option: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^[1-9]\d{0,4}$/.test(value)) {
    throw new UsageError(`--${option} takes a whole number from 1 on, and not "${value}"`);
  }
  return Number(value);
}
