/**
 * One server of the benchmark as a child process: starting it, the line that says where it listens,
 * and ending it. It knows nothing of what the server answers.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Opponent, RuntimeName } from "./opponents.ts";
import type { Announcement } from "./servers/hello.ts";

/** Loading the source and listening took 0.2 s at most where this was written. */
const START_MS = 20_000;
const END_MS = 5_000;

/** A server that accepts connections. */
export interface RunningServer extends Announcement {
  /** Ends it and resolves when the process is gone. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts `opponent`. `runtimeArgs` go before the file, for a profiler say. */
export async function startServer(
  opponent: Pick<Opponent, "args" | "file" | "runtime">,
  runtimeArgs: readonly string[] = [],
): Promise<RunningServer> {
  const { command, args } = commandOf(opponent.runtime);
  const file = fileURLToPath(new URL(opponent.file, import.meta.url));
  const child = spawn(command, [...args, ...runtimeArgs, file, ...opponent.args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const gone = once(child, "exit").finally(() => running.delete(child));
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  try {
    const announced = await Promise.race([firstLine(child), gone.then(() => null)]);
    if (announced === null) {
      throw new Error(`${opponent.file} on ${opponent.runtime} did not start`);
    }
    const stop = () => stopChild(child, gone);
    return { ...JSON.parse(announced) as Announcement, stop };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The runtimes of the project's own development dependencies, else those on the path. */
export function commandOf(runtime: RuntimeName): { command: string; args: readonly string[] } {
  const local = fileURLToPath(new URL(`../node_modules/.bin/${runtime}`, import.meta.url));
  const command = existsSync(local) ? local : runtime;
  return {
    command,
    args: runtime === "node" ? [] : runtime === "deno" ? ["run", "-A"] : ["run"],
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  // What it prints later is read and dropped, so that it never waits for us.
  const [line] = await once(lines, "line");
  return line as string;
}

async function stopChild(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await gone;
  clearTimeout(timer);
}
