/**
 * The command line of the probe: names, defaults, and one clear line for what cannot be. It runs
 * nothing.
 *
 * @module
 */

import { FLAG, namesOf, readArgs, TEXT, UsageError } from "../../test/command_line.ts";
import { type RuntimeName, RUNTIMES } from "../opponents.ts";

export interface ProbeOptions {
  readonly runtimes: readonly RuntimeName[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run probe -- [options]

Shows what clients see of the runtimes' own servers, with their defaults, and of Sluice: measured
live, over raw sockets. Takes about 2 minutes, since it waits for clocks. Ends with 1 when Sluice
over bytes is not the same on every runtime, and names the rows.

  --runtime node,deno,bun   the runtimes to probe (default: all)
  --quick                   short clocks for Sluice, and waits of 15 s at most
  --json                    print everything that was seen as JSON
  --write                   write the table into README.md as well; not with --runtime or --quick
  --help                    print this`;

/** @throws {UsageError} */
export function parseOptions(args: readonly string[]): ProbeOptions {
  const { runtime, quick, json, write, help } = readArgs(args, {
    runtime: TEXT,
    quick: FLAG,
    json: FLAG,
    write: FLAG,
    help: FLAG,
  });
  if (write && (quick || runtime !== undefined)) {
    throw new UsageError("--write takes the whole table: no --quick, no --runtime");
  }
  return { runtimes: namesOf("runtime", runtime, RUNTIMES), quick, json, write, help };
}
