/**
 * Starts programs for tests and waits for what they print or how they end, never for time. Knows
 * processes; a program that hangs is ended with a message that names it, and none outlives its
 * test.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: { readonly [name: string]: string | undefined };
  /** The longest that the program may run, as a guard against a hang. */
  readonly timeoutMs?: number;
}

export type EndSignal = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGKILL";

const TIMEOUT_MS = 60_000;

const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => killGroup(child, "SIGKILL")));

/** A running program. */
export class Program {
  /** Settles when the program has ended and closed its output; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #stdout = "";
  #stderr = "";
  #ending: Ending | undefined;
  #check: () => void = () => {};

  constructor(command: string, args: readonly string[], options: ProgramOptions) {
    this.#name = [command, ...args].join(" ");
    const child = spawn(command, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: undefined, ...options.env },
    });
    this.#child = child;
    running.add(child);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stdout += chunk;
      this.#check();
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => this.#stderr += chunk);
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const guard = setTimeout(() => {
      this.#stderr += `${this.#name} was still running after ${timeoutMs} ms\n`;
      killGroup(child, "SIGKILL");
    }, timeoutMs);
    const end = (code: number | null, signal: string | null) => {
      clearTimeout(guard);
      running.delete(child);
      this.#ending = { code, signal, stdout: this.#stdout, stderr: this.#stderr };
      resolve(this.#ending);
      this.#check();
    };
    child.on("error", (error) => {
      this.#stderr += `${error.message}\n`;
      end(127, null);
    });
    child.on("close", end);
  }

  /** Waits for something on standard output. Rejects when the program ends without it. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    this.#check = () => {
      const match = pattern.exec(this.#stdout);
      if (match !== null) resolve(match);
      else if (this.#ending !== undefined) {
        const said = `${this.#ending.stdout}${this.#ending.stderr}`;
        reject(new Error(`${this.#name} ended without printing ${pattern}:\n${said}`));
      }
    };
    this.#check();
    return promise;
  }

  /** Closes the reading end of its output: what it writes from now on fails with EPIPE. */
  dropOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Sends a signal to the program and all that it started, and waits for its end. */
  stop(signal: EndSignal): Promise<Ending> {
    killGroup(this.#child, signal);
    return this.ended;
  }
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<Ending> {
  return new Program(command, args, options).ended;
}

/** Runs a program to its end, which must be a success, and answers its standard output. */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  const { code, signal, stdout, stderr } = await runProgram(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}:\n${stdout}${stderr}`);
}

function killGroup(child: ChildProcess, signal: EndSignal): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
