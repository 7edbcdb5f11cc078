/**
 * The command line of the simulator: names, meanings and defaults. It runs nothing.
 *
 * @module
 */

import { makeTool, wholeNumber } from "../command_line.ts";

export interface SimOptions {
  /** The first seed; undefined for one that the clock gives. */
  readonly seed?: number;
  readonly runs: number;
  /** How many clients each run has; undefined for as many as its seed says. */
  readonly clients?: number;
  readonly anomalies?: boolean;
  readonly verbose?: boolean;
}

const DESCRIPTION =
  `Runs whole servers with many clients in memory, under faults: one run for each seed. Each draws
its faults, limits, clocks, clients and applications from its seed; an oracle checks each answer,
every connection and every buffer. Prints one line of totals; a failure prints its seed and the
smallest plan found that fails, and ends with exit code 1. The same seed fails again.`;

const SEED_MAX = 2 ** 32 - 1;

export const COMMAND = makeTool("npm run sim --", DESCRIPTION)
  .option(
    "--seed <n>",
    `the first seed, 0 … ${SEED_MAX} (default: by the clock)`,
    wholeNumber(0, SEED_MAX),
  )
  .option("--runs <m>", "how many seeds, from the first on", wholeNumber(1, 1e9), 100)
  .option(
    "--clients <c>",
    "how many clients in each run (default: as the seed says)",
    wholeNumber(1, 16_383),
  )
  .option(
    "--anomalies",
    "instead of seeds: each fault at each opportunity of small scenarios",
  )
  .option("--verbose", "one line for each run")
  .addHelpText("after", "\nSee docs/simulation.md.");
