/**
 * The command lines of the tools that belong to the tree: simulator, fuzzer, benchmarks. It knows
 * options and values, and has one clear line for what cannot be; which options there are is each
 * tool's affair.
 *
 * @module
 */

import process from "node:process";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** What is wrong with the command line, in one line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An option with a value, and one without. */
export const TEXT = { type: "string" } as const;
export const FLAG = { type: "boolean", default: false } as const;

/**
 * The values of `options` in `args`.
 *
 * @throws {UsageError} for anything else in `args`.
 */
export function readArgs<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

/**
 * A number of decimal digits; `otherwise` without a value.
 *
 * @throws {UsageError} for anything else, and for one outside of `least … most`.
 */
export function numberOf<Otherwise>(
  option: string,
  value: string | undefined,
  least: number,
  most: number,
  otherwise: Otherwise,
): number | Otherwise {
  if (value === undefined) return otherwise;
  const number = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(
    `--${option} is a whole number from ${least} to ${most}, and not "${value}"`,
  );
}

/**
 * Names of `known` with commas between them, in the order of `known`; all of them without a value.
 *
 * @throws {UsageError} for a name that is not among them.
 */
export function namesOf<Name extends string>(
  option: string,
  value: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (value === undefined) return known;
  const names = value.split(",");
  const unknown = names.find((name) => !(known as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--${option} knows ${known.join(", ")}, and not "${unknown}"`);
  }
  return known.filter((name) => names.includes(name));
}

/**
 * Runs the tool `name`: `main` answers its exit code. A bad command line is told in one line, and
 * the exit code is 2 then.
 */
export async function runTool(
  name: string,
  main: (args: string[]) => Promise<number>,
): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 2;
  }
}
