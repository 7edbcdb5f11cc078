/**
 * One probed server as a child process: starting it, what it reports while it works, and ending it.
 * It knows nothing of what is asked of the server.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf } from "../server_process.ts";
import type { Announcement } from "../servers/hello.ts";
import { Changes } from "./changes.ts";
import type { Column } from "./columns.ts";
import type { Report } from "./servers/app.ts";

/** Loading the source and listening takes 1 s where seven servers start at once on two cores. */
const START_MS = 30_000;
const ERRORS_CHARACTERS_MAX = 4096;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class ProbedServer {
  readonly changes: Changes = new Changes();
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #reports: Report[] = [];
  #announced: Announcement | null = null;
  #ended = false;
  #errors = "";

  /** `args` go behind those of the column. */
  constructor(column: Column, args: readonly string[]) {
    const { command, args: before } = commandOf(column.runtime);
    const file = fileURLToPath(new URL(column.file, import.meta.url));
    const child = spawn(command, [...before, file, ...column.args, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    createInterface({ input: child.stdout! }).on("line", (line) => this.#takeLine(line));
    // A server logs each refusal; that counts only when it does not start.
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-ERRORS_CHARACTERS_MAX);
    });
    this.#gone = once(child, "exit").catch(() => {}).finally(() => {
      running.delete(child);
      this.#ended = true;
      this.changes.tell();
    });
  }

  /** True exactly when the process is gone, which only `stop` should bring about. */
  get ended(): boolean {
    return this.#ended;
  }

  get port(): number {
    return this.#announced!.port;
  }

  /** The runtime and its version. */
  get runtime(): string {
    return this.#announced!.runtime;
  }

  /** The end of what it wrote to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** Resolves when it accepts connections. Rejects when it does not come to that. */
  async started(): Promise<void> {
    await this.changes.until(() => this.#announced !== null || this.#ended, START_MS);
    if (this.#announced === null) throw new Error(`it did not start\n${this.#errors}`);
  }

  /** True exactly when the server has reported `event`, and not `first` before it. */
  hasReported(event: Report["event"], id: string, first?: Report["event"]): boolean {
    const at = (one: Report["event"]) =>
      this.#reports.findIndex((report) => report.id === id && report.event === one);
    const found = at(event);
    if (found < 0 || first === undefined) return found >= 0;
    return at(first) < 0 || at(first) > found;
  }

  /** Ends the process and resolves when it is gone. Nothing in it is worth an orderly end. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  #takeLine(line: string): void {
    const value = JSON.parse(line) as Announcement | Report;
    if ("event" in value) this.#reports.push(value);
    else this.#announced = value;
    this.changes.tell();
  }
}
