/**
 * How a column starts the project's programs: the runtime that runs the test, and its arguments.
 * Knows the start line of `serve`, and ends what it started.
 *
 * @module
 */

import process from "node:process";
import { assertEquals, assertMatch } from "@std/assert";
import { type Ending, Program, type ProgramOptions, runProgram } from "../programs.ts";
import { ROOT } from "../tidy/tree.ts";

/** The columns of which each has a process of its own. */
export type ProcessColumn = "node" | "deno" | "bun" | "bun_serve";

interface Facts {
  /** What comes between the runtime's executable and the script. */
  readonly run: readonly string[];
  readonly serve: readonly string[];
  /** What the runtime wants to hear so that processes may share a port. */
  readonly sharing: readonly string[];
  /** What the start line says. */
  readonly runtime: string;
  readonly via: string;
}

const FACTS: { readonly [column in ProcessColumn]: Facts } = {
  node: { run: [], serve: [], sharing: [], runtime: "node", via: "node:net" },
  deno: {
    run: ["run", "-A"],
    serve: [],
    sharing: ["--unstable-net"],
    runtime: "deno",
    via: "Deno.listen",
  },
  bun: { run: ["run"], serve: [], sharing: [], runtime: "bun", via: "Bun.listen" },
  bun_serve: {
    run: ["run"],
    serve: ["--via", "serve"],
    sharing: [],
    runtime: "bun",
    via: "Bun.serve",
  },
};

/** Runs a script of the project to its end. */
export function runScript(
  column: ProcessColumn,
  args: readonly string[],
  env: ProgramOptions["env"] = {},
): Promise<Ending> {
  return runProgram(process.execPath, [...FACTS[column].run, ...args], { cwd: ROOT, env });
}

export function startScript(column: ProcessColumn, args: readonly string[]): Program {
  return new Program(process.execPath, [...FACTS[column].run, ...args], { cwd: ROOT });
}

/** The command line of a script of the project. */
export function commandOf(column: ProcessColumn, args: readonly string[]): string[] {
  return [process.execPath, ...FACTS[column].run, ...args];
}

/** An application that is served by a process of its own. */
export interface Serving {
  readonly url: string;
  readonly program: Program;
}

/** Starts `serve` with `args` behind it, which say on which port, and waits for its start line. */
export function startServing(column: ProcessColumn, args: readonly string[]): Promise<Serving> {
  const line = ["runtimes/main.ts", "serve", ...FACTS[column].serve, ...args];
  return served(column, startScript(column, line));
}

/** As `startServing`, on a port that other processes may have too. */
export function startSharing(column: ProcessColumn, args: readonly string[]): Promise<Serving> {
  const { run, sharing, serve } = FACTS[column];
  const line = [...run, ...sharing, "runtimes/main.ts", "serve", "--reuse-port", ...serve, ...args];
  return served(column, new Program(process.execPath, line, { cwd: ROOT }));
}

async function served(column: ProcessColumn, program: Program): Promise<Serving> {
  const facts = FACTS[column];
  const [, runtime, via, url] = await program.waitFor(START_LINE);
  assertEquals({ runtime, via }, { runtime: facts.runtime, via: facts.via });
  return { url: url!, program };
}

/** Runs `serve` to its end, which comes before it listens. */
export function runServing(
  column: ProcessColumn,
  args: readonly string[],
  env: ProgramOptions["env"] = {},
): Promise<Ending> {
  return runScript(column, ["runtimes/main.ts", "serve", ...FACTS[column].serve, ...args], env);
}

/**
 * Serves `module`, with `flags`, on a free port for as long as `body` takes, then ends it as Ctrl-C
 * would: it must have logged nothing, and answer 0.
 */
export async function whileServing(
  column: ProcessColumn,
  module: string,
  body: (serving: Serving) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const serving = await startServing(column, [module, "--port", "0", ...flags]);
  try {
    await body(serving);
    const { code, stdout, stderr } = await serving.program.stop("SIGINT");
    // On a busy machine a slice takes longer than it computes, and that is said.
    const said = stderr.replaceAll(/^\S+ warn step ".*" took .* for one slice: .*\n/gm, "");
    assertEquals({ code, stderr: said }, { code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.length, 2);
    assertMatch(lines[1]!, /^SIGINT: closing with (?:no|\d+) open requests?/);
  } finally {
    await serving.program.stop("SIGKILL");
  }
}

const START_LINE =
  /^sluice \d+\.\d+\.\d+ on (\w+) \d\S* \((.+)\) · (http:\/\/127\.0\.0\.1:\d+|unix:.+)\n/;
