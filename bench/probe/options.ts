/**
 * The command line of the probe: names, defaults, and one clear line for what cannot be. It runs
 * nothing.
 *
 * @module
 */

import { parseArgs } from "node:util";
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

/** What is wrong with the command line, in one line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** @throws {UsageError} */
export function parseOptions(args: readonly string[]): ProbeOptions {
  const { runtime, quick, json, write, help } = readArgs(args);
  if (write && (quick || runtime !== undefined)) {
    throw new UsageError("--write takes the whole table: no --quick, no --runtime");
  }
  return { runtimes: runtimesOf(runtime), quick, json, write, help };
}

function readArgs(args: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { runtime: { type: "string" }, quick: flag, json: flag, write: flag, help: flag },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

function runtimesOf(value: string | undefined): readonly RuntimeName[] {
  if (value === undefined) return RUNTIMES;
  const names = value.split(",");
  const unknown = names.find((name) => !(RUNTIMES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--runtime knows ${RUNTIMES.join(", ")}, and not "${unknown}"`);
  }
  return RUNTIMES.filter((name) => names.includes(name));
}
