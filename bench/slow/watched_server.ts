/**
 * The server of this folder as a child process that says what it holds whenever it is asked. It
 * knows how to start, ask and end it; who is set upon it is its callers' affair.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Clocks } from "../../core/limits.ts";
import type { RuntimeName } from "../opponents.ts";
import { commandOf } from "../server_process.ts";

/** What the server says of itself: its process's memory, and what `inspect()` has. */
export interface Report {
  readonly rss: number;
  readonly connections: number;
  readonly requests: number;
  readonly bytes: { readonly output: number; readonly lent: number };
}

/** A column of the tables, and how its server is started. */
export interface Column {
  readonly title: string;
  readonly runtime: RuntimeName;
  readonly args: readonly string[];
}

export const COLUMNS: readonly Column[] = [
  { title: "node", runtime: "node", args: [] },
  { title: "deno", runtime: "deno", args: [] },
  { title: "bun", runtime: "bun", args: [] },
  { title: "bun_serve", runtime: "bun", args: ["--via", "serve"] },
];

const SERVER = fileURLToPath(new URL("./server.ts", import.meta.url));
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class WatchedServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  static async start(column: Column, clocks: Partial<Clocks>): Promise<WatchedServer> {
    const { command, args } = commandOf(column.runtime);
    const all = [...args, SERVER, "--clocks", JSON.stringify(clocks), ...column.args];
    const child = spawn(command, all, { stdio: ["pipe", "pipe", "inherit"] });
    running.add(child);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const { port } = await nextOf(lines) as { port: number };
    return new WatchedServer(child, lines, port);
  }

  /** What it holds now. One question at a time. */
  async report(): Promise<Report> {
    this.#child.stdin!.write("\n");
    return await nextOf(this.#lines) as Report;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
    running.delete(this.#child);
  }
}

async function nextOf(lines: AsyncIterator<string>): Promise<unknown> {
  const { done, value } = await lines.next();
  if (done === true) throw new Error("the server has ended by itself");
  return JSON.parse(value);
}
