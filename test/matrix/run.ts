/**
 * Runs one job in a process group of its own and says what became of it. A runner that hangs, dies,
 * says nothing, or exits with an error that no test explains is a failure, never zero tests. Knows
 * processes and exit codes; leaves the reports to junit.ts.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { type Case, readCases } from "./junit.ts";
import { COMMANDS, type Job, ROOT } from "./plan.ts";

/** What a job came to. `problem` is a failure of the run itself, beside those of its cases. */
export interface JobResult {
  readonly job: Job;
  readonly cases: readonly Case[];
  readonly problem: string | undefined;
  /** The end of what the process printed. */
  readonly output: string;
  readonly elapsedMs: number;
}

/** How a process ended, as far as the operating system knows. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
}

/** What must not leak from the surroundings into a run. */
const CHILD_ENV = {
  NO_COLOR: "1",
  FORCE_COLOR: undefined,
  NODE_OPTIONS: undefined,
  // Under `node --test` this one would turn a child's report into the parent's private format.
  NODE_TEST_CONTEXT: undefined,
};

const OUTPUT_CHARACTERS_MAX = 64 * 1024;

const CANCELLED = /did not finish before its parent/;

const running = new Set<ChildProcess>();

/** Ends whatever still runs, with all that it started. */
export function killAll(): void {
  for (const child of running) killGroup(child);
}

/** Runs a job to its end, or to its time-out. Never rejects. */
export async function runJob(job: Job, reportPath: string): Promise<JobResult> {
  const startMs = performance.now();
  const { ending, output } = await runProcess(job, reportPath);
  const elapsedMs = performance.now() - startMs;
  if (job.file === undefined) {
    const problem = explainEnding(job, ending);
    const name = job.row.replace(/^check: /, "");
    const cases: Case[] = problem === undefined
      ? [{ path: [name], outcome: "passed", text: "" }]
      : [{ path: [name], outcome: "failed", text: `${problem}\n${output}` }];
    return { job, cases, problem: undefined, output, elapsedMs };
  }
  let cases: Case[] = [];
  let problem: string | undefined;
  try {
    if (existsSync(reportPath)) cases = readCases(readFileSync(reportPath, "utf8"), job.runtime);
  } catch (error) {
    problem = `its report can not be read: ${(error as Error).message}`;
  }
  problem = judge(job, ending, cases) ?? problem;
  return { job, cases, problem, output, elapsedMs };
}

/** What is wrong with a run beside its failed cases, in words, or `undefined`. */
export function judge(job: Job, ending: Ending, cases: readonly Case[]): string | undefined {
  // Node cancels the tests of a suite whose hook broke, and its report drops what the hook said.
  const explained = cases.some((one) => one.outcome === "failed" && !CANCELLED.test(one.text));
  const problem = explainEnding(job, ending);
  if (problem !== undefined && (ending.timedOut || ending.signal !== null || !explained)) {
    return problem;
  }
  return cases.length === 0 ? "it holds no test" : undefined;
}

function explainEnding(job: Job, ending: Ending): string | undefined {
  if (ending.timedOut) return `still running after ${job.timeoutMs / 1000} s, ended`;
  if (ending.signal !== null) return `ended by ${ending.signal}`;
  if (ending.code !== 0) return `exit code ${ending.code}`;
  return undefined;
}

function runProcess(job: Job, reportPath: string): Promise<{ ending: Ending; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ending: Ending; output: string }>();
  const child = spawn(job.command, job.args.map((one) => one.replace("$REPORT", reportPath)), {
    cwd: ROOT,
    // A group of its own, so that what a test leaves behind ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...CHILD_ENV },
  });
  running.add(child);
  let output = "";
  let timedOut = false;
  const keep = (chunk: string) => output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const guard = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, job.timeoutMs);
  child.on("error", (error) => {
    keep(`${error.message}\n`);
    end({ code: 127, signal: null, timedOut });
  });
  // What a test left behind may hold the pipes open, so "exit" ends the group and "close" the run.
  child.on("exit", () => killGroup(child));
  child.on("close", (code, signal) => end({ code, signal, timedOut }));
  function end(ending: Ending): void {
    clearTimeout(guard);
    running.delete(child);
    resolve({ ending, output });
  }
  return promise;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

/** One line: the runtimes of this run. */
export function versionsLine(): string {
  const versions = Object.entries(COMMANDS).map(([name, command]) => {
    try {
      const text = execFileSync(command, ["--version"], { encoding: "utf8" });
      return `${name} ${/\d+\.\d+\.\d+/.exec(text)?.[0] ?? "?"}`;
    } catch {
      return `${name} missing`;
    }
  });
  return `${versions.join(", ")}; memory runs on all three`;
}
