/**
 * The command lines of the tools that belong to the tree: matrix, simulator, fuzzer, benchmarks.
 * Each is a command of `commander`, as `sluice` is: its help is made of its options, and what
 * cannot be is told in one line, with exit code 2. Which options there are is each tool's affair.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import process from "node:process";

/** A tool without options yet. `usage` is how it is called: `npm run sim --`. */
export function makeTool(usage: string, description: string): Command {
  return new Command(usage)
    .description(description)
    .helpOption("--help", "print this")
    .configureHelp({ helpWidth: HELP_CHARACTERS })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/\s*\n\s*/g, " ").trim() + "\n"),
    })
    .exitOverride();
}

const HELP_CHARACTERS = 100;

/** Reads an option's value: a number of decimal digits, from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

/** An option whose value is names of `known` with commas between them; without it, all of them. */
export function namesOption(flags: string, words: string, known: readonly string[]): Option {
  return new Option(flags, words).default(known, "all").argParser((text: string) => {
    const names = text.split(",");
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return known.filter((name) => names.includes(name));
    throw new InvalidArgumentError(`There are ${known.join(", ")}.`);
  });
}

/**
 * Runs a tool: `main` is given the options, and what stands beside them, and answers the exit code.
 * What it throws is no mistake of whoever called the tool, and goes up with its stack; a mistake
 * that options make together is for `command.error(…)` to tell.
 */
export async function runTool<Options>(
  command: Command,
  main: (options: Options, rest: readonly string[]) => Promise<number>,
): Promise<void> {
  try {
    command.parse(process.argv);
    process.exitCode = await main(command.opts() as Options, command.args);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has told it, or has printed the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
