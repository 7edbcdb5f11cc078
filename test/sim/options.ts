/**
 * The command line of the simulator: names, defaults, and one clear line for what cannot be. It
 * runs nothing.
 *
 * @module
 */

import { FLAG, numberOf, readArgs, TEXT } from "../command_line.ts";

export interface SimOptions {
  /** The first seed; null for one that the clock gives. */
  readonly seed: number | null;
  readonly runs: number;
  /** How many clients each run has; null for as many as its seed says. */
  readonly clients: number | null;
  readonly anomalies: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run sim -- [options]

Runs whole servers with many clients in memory, under faults: one run for each seed. Each run draws
its faults, limits, clocks, clients and applications from its seed, an oracle checks each answer,
every connection and every buffer. Prints one line of totals; a failure prints its seed and the
smallest plan found that fails, and ends with exit code 1. The same seed fails again.

  --seed N       the first seed, 0 … ${2 ** 32 - 1} (default: by the clock)
  --runs M       how many seeds, from the first on (default: 100)
  --clients C    how many clients in each run (default: as the seed says)
  --anomalies    instead of seeds: each fault at each opportunity of a few small scenarios
  --verbose      one line for each run
  --help         print this

See docs/simulation.md.`;

/** @throws {UsageError} */
export function parseOptions(args: readonly string[]): SimOptions {
  const { seed, runs, clients, anomalies, verbose, help } = readArgs(args, {
    seed: TEXT,
    runs: TEXT,
    clients: TEXT,
    anomalies: FLAG,
    verbose: FLAG,
    help: FLAG,
  });
  return {
    seed: numberOf("seed", seed, 0, 2 ** 32 - 1, null),
    runs: numberOf("runs", runs, 1, 1e9, 100),
    clients: numberOf("clients", clients, 1, 16_383, null),
    anomalies,
    verbose,
    help,
  };
}
