/**
 * The command `serve`: one application from its module to its clean end. It knows the start line,
 * the signals of the process and the order of a shutdown; it refuses to know runtimes and HTTP.
 *
 * @module
 */

import process from "node:process";
import type { App } from "../../core/definition.ts";
import { type RunningServer, serve, ServeError, type Via } from "../serve.ts";
import { describeLeft } from "./describe_left.ts";
import { endProcess } from "./end_process.ts";
import { portOfEnvironment } from "./environment.ts";
import { serverOptionsOf } from "./flags.ts";
import { loadApp } from "./load_app.ts";
import { UsageError } from "./usage_error.ts";

/** Options as the command line has them: absent when not given. */
export interface ServeCommandOptions {
  readonly host?: string;
  readonly port?: number;
  readonly unix?: string;
  readonly reusePort?: boolean;
  readonly accessLog?: boolean;
  readonly via?: Via;
  /** In milliseconds. What is open after it is reset. */
  readonly shutdownTimeout?: number;
  /** Those of the table in `flags.ts`. */
  readonly [attribute: string]: unknown;
}

/**
 * Serves the application of `module` until a signal ends it. Resolves to the exit code: 0 when
 * everything that was open ended by itself.
 */
export async function runServe(
  module: string,
  options: ServeCommandOptions,
  version: string,
): Promise<number> {
  outliveReaders();
  const app = await loadApp(module) as App;
  const running = await start(module, app, options);
  // Whoever reads the start line may send a signal at once.
  const signal = firstSignal((exitCode) => {
    const threads = running.server.threadsIfAsked?.report().threads ?? [];
    if (threads.length > 0) endProcess(exitCode);
    process.exit(exitCode);
  });
  const { runtime, via } = running.server.reactor;
  process.stdout.write(`sluice ${version} on ${runtime} (${via}) · ${running.url}\n`);
  process.stdout.write(`${await signal}: closing ${describeOpen(running)}\n`);
  const { shutdownTimeout } = options;
  const limit = shutdownTimeout === undefined ? {} : { deadlineMs: shutdownTimeout };
  const report = await running.close(limit);
  if (report.clean) return 0;
  await new Promise((resolve) => process.stderr.write(describeLeft(report), resolve));
  if (report.threads > 0) endProcess(1);
  return 1;
}

/**
 * Whoever reads the output may be gone (`| head -1`, a collector of logs that was restarted). That
 * must neither end a server that has clients nor cut its shutdown short, as EPIPE does on Node 26
 * and, for standard output, on Deno 2.9: what nobody reads is dropped.
 */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

async function start(
  module: string,
  app: App,
  options: ServeCommandOptions,
): Promise<RunningServer> {
  try {
    const { host, unix, reusePort, via } = options;
    const where = { host, port: portFor(app, options), unix, reusePort, via };
    const accessLog = options.accessLog === true ? writeAccess : undefined;
    return await serve(app, { ...where, accessLog, ...serverOptionsOf(options) });
  } catch (error) {
    if (error instanceof ServeError && error.code !== "via") {
      throw new UsageError(`${module}: ${error.message}`);
    }
    throw error;
  }
}

/** A reader that is too slow loses lines, and the server no memory. */
function writeAccess(line: string): void {
  if (process.stdout.writableLength < UNREAD_MAX) process.stdout.write(`${line}\n`);
}

const UNREAD_MAX = 1 << 20;

/** That of the environment where neither the command line nor the module says where to listen. */
function portFor(app: App, { port, unix }: ServeCommandOptions): number | undefined {
  if (port !== undefined || unix !== undefined) return port;
  const own = app as { readonly port?: unknown; readonly unix?: unknown } | null | undefined;
  const place = own?.unix ?? own?.port ?? "";
  return place === "" ? portOfEnvironment() : undefined;
}

/** The exit code of a process that a signal ended, as shells report it: 128 and its number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof EXIT_CODES;

/**
 * At Ctrl-C the terminal signals the whole group, and a launcher like npm passes the signal on as
 * well, so one key press comes twice. The same signal within this time is the same key press.
 */
const SAME_PRESS_MS = 300;

/** Resolves with the first signal to end. From then on a second one calls `endNow`. */
function firstSignal(endNow: (exitCode: number) => never): Promise<EndSignal> {
  const { promise, resolve } = Promise.withResolvers<EndSignal>();
  let first: EndSignal | null = null;
  let firstMs = 0;
  const onSignal = (signal: EndSignal) => {
    if (first === null) {
      first = signal;
      firstMs = performance.now();
      resolve(signal);
    } else if (signal !== first || performance.now() - firstMs > SAME_PRESS_MS) {
      endNow(EXIT_CODES[signal]);
    }
  };
  for (const signal of Object.keys(EXIT_CODES) as EndSignal[]) {
    process.on(signal, () => onSignal(signal));
  }
  return promise;
}

function describeOpen(running: RunningServer): string {
  const { length } = running.server.inspect().requests;
  if (length === 0) return "with no open request";
  return `with ${length} open ${length === 1 ? "request" : "requests"}; again to end now`;
}
