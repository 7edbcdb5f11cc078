/**
 * The command line: its commands, options and help, and what each failure prints and answers. It
 * knows words and exit codes; what a command does is in a file of its own.
 *
 * Exit codes: 0 for a clean end, 1 when it failed while it ran, 2 when it could not begin.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { existsSync } from "node:fs";
import process from "node:process";
import { CLOSE_DEADLINE_MS } from "../../core/closing.ts";
import { ListenError } from "../../core/reactor.ts";
import { ServeError, type Via } from "../choose.ts";
import { addServerFlags, optionOf } from "./flags.ts";
import { runServe } from "./run_serve.ts";
import { readPort, TIME } from "./units.ts";
import { UsageError } from "./usage_error.ts";

const VERSION = "0.1.0";

/** Runs the command that `args` asks for: no runtime, no script. Resolves to the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = programOf((code) => exitCode = code);
  try {
    const [command] = args;
    if (command === undefined) throw new UsageError("no command given: try sluice serve <module>");
    const topic = command === "help" ? args[1] : undefined;
    // Commander shows its help for one that it does not know.
    if (topic !== undefined && topic !== "serve") {
      throw new UsageError(`unknown command '${topic}'`);
    }
    if (command !== "serve" && existsSync(command)) {
      throw new UsageError(`unknown command '${command}' (Did you mean serve ${command}?)`);
    }
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return failed(error);
  }
}

/** `done` gets the exit code of a command that ran. */
function programOf(done: (exitCode: number) => void): Command {
  const program = new Command("sluice")
    .description("One HTTP server core that behaves the same on Node, Deno and Bun.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help, or that of a command")
    .helpCommand("help [command]", "print the help of a command")
    .configureOutput({ outputError: (text, write) => write(`sluice: ${oneLine(text)}\n`) })
    .configureHelp({ subcommandTerm: termOf })
    .exitOverride();
  const serve = program.command("serve")
    .description("Serve an application until Ctrl-C.")
    .argument("<module>", "the file whose default export is the application")
    .option("-p, --port <number>", "port to listen on; 0 takes any free one", portOf)
    .option("--host <name>", "address to listen on")
    .addOption(
      new Option("--unix <path>", "Unix socket to listen on instead")
        .conflicts(["host", "port", "reusePort"]),
    )
    .option("--reuse-port", "let other processes listen on the same port")
    .option("--access-log", "a line of JSON for each request, on standard output")
    .option("--compression", "compress answers for clients that want it")
    .option("--via <way>", "another way to listen: serve is Bun.serve, on Bun", readVia)
    .addOption(SHUTDOWN_TIMEOUT)
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", SERVE_HELP)
    .action(async (module: string, options) => done(await runServe(module, options, VERSION)));
  addServerFlags(serve);
  program.addHelpText("after", PROGRAM_HELP);
  return program;
}

function termOf(command: Command): string {
  return command.name() === "serve" ? "serve <module> [options]" : "help [command]";
}

function portOf(text: string): number {
  const port = readPort(text);
  if (port !== null) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}

function readVia(text: string): Via {
  if (text === "serve") return text;
  throw new InvalidArgumentError("There is only serve.");
}

/** Says in one line on stderr what went wrong. Answers the exit code. */
function failed(error: unknown): number {
  // Commander has printed its own line, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (
    error instanceof UsageError || error instanceof ServeError || error instanceof ListenError
  ) {
    process.stderr.write(`sluice: ${oneLine(error.message)}\n`);
    return 2;
  }
  const text = error instanceof Error ? error.stack ?? String(error) : String(error);
  process.stderr.write(`sluice: failed: ${text}\n`);
  return 1;
}

function oneLine(text: string): string {
  return text.trim().replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
}

const SHUTDOWN_TIMEOUT = optionOf(
  "--shutdown-timeout",
  TIME,
  "allowed",
  "how long open requests may take to end",
  CLOSE_DEADLINE_MS,
);

const PROGRAM_HELP = `
Examples:
  sluice serve app.ts
  sluice serve app.ts --port 3000 --host 0.0.0.0
  sluice serve --help

From the source, on any of the three runtimes:
  node runtimes/main.ts serve examples/hono.ts
  deno run -A runtimes/main.ts serve examples/hono.ts
  bun run runtimes/main.ts serve examples/hono.ts
`;

const SERVE_HELP = `
The module exports by default one of
  an object with fetch(request), as Hono and others are
  a native handler: (request: HttpRequest) => ResultCode
  defineServer({ fetch, handlers, limits, clocks, compression, … })

Without --host, --port and --unix the module's own count. Without those the port is
that of the environment's PORT, else 8080, and the host 127.0.0.1.
A time is 500ms, 2s, 1m or 1h, and a size 4096, 16k, 1m or 1g.
Ctrl-C, SIGTERM and SIGHUP let open requests end, within --shutdown-timeout; a second
signal ends at once.
`;
