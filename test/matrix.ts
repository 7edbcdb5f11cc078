/**
 * `npm test`: builds the package, runs every check and every test file on every runtime that it is
 * for, and prints one table. Knows the order of things and the command line; the jobs are planned,
 * run, read and shown by the files in matrix/.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTool, namesOption, runTool } from "./command_line.ts";
import { buildJob, type Column, COLUMNS, type Job, planJobs } from "./matrix/plan.ts";
import { type JobResult, killAll, runJob, versionsLine } from "./matrix/run.ts";
import { renderReport, renderSum, sumOf } from "./matrix/table.ts";

/**
 * Test files are short and often wait for sockets; more than this makes clocks in them unfair. With
 * wall-clock limits each has the machine for itself.
 */
const JOBS_AT_ONCE = 2;

const FULL_TIMEOUT_MS = 30 * 60_000;

interface MatrixOptions {
  readonly only: readonly Column[];
  readonly filter?: string;
  readonly full?: boolean;
  readonly verbose?: boolean;
}

const COMMAND = makeTool("npm test --", "Runs every check and every test, on every runtime.")
  .addOption(namesOption("--only <columns>", `of ${COLUMNS.join(",")}: these alone`, COLUMNS))
  .option("--filter <text>", "run the files and checks whose name contains this text")
  .option("--full", "full sizes and wall-clock limits, for the hard tests (SLUICE_FULL=1)")
  .option("--verbose", "print the whole of each failure and its output");

async function main(options: MatrixOptions): Promise<number> {
  const wanted = planJobs().filter((job) => isWanted(job, options))
    .map((job) => options.full ? { ...job, timeoutMs: FULL_TIMEOUT_MS } : job);
  if (options.full) process.env["SLUICE_FULL"] = "1";
  if (wanted.length === 0) {
    return COMMAND.error(`error: nothing matches --filter ${options.filter}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "sluice-matrix-"));
  process.on("exit", () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  const jobsAtOnce = options.full ? 1 : JOBS_AT_ONCE;
  const results = await runJobs([buildJob(), ...wanted], folder, jobsAtOnce);
  process.stdout.write(renderReport(results, options.verbose === true));
  process.stdout.write(`\n${versionsLine()}\n${renderSum(results)}\n`);
  return sumOf(results).failed === 0 ? 0 : 1;
}

/** The first job is the build, which others need; the rest run side by side in any order. */
async function runJobs(
  jobs: readonly Job[],
  folder: string,
  jobsAtOnce: number,
): Promise<JobResult[]> {
  const results: JobResult[] = [];
  const queue = jobs.map((job, index) => ({ job, report: join(folder, `${index}.xml`) }));
  const runNext = async () => {
    const next = queue.shift();
    if (next === undefined) return false;
    const result = await runJob(next.job, next.report);
    results.push(result);
    showProgress(result, results.length, jobs.length);
    return true;
  };
  await runNext();
  const lane = async () => {
    while (await runNext());
  };
  await Promise.all(Array.from({ length: jobsAtOnce }, lane));
  return results;
}

function showProgress(result: JobResult, done: number, all: number): void {
  const { job, elapsedMs } = result;
  const seconds = (elapsedMs / 1000).toFixed(1);
  const where = job.runtime === job.column ? job.column : `${job.column} (${job.runtime})`;
  process.stderr.write(
    `[${done}/${all}] ${where} ${job.row}: ${renderSum([result])}, ${seconds} s\n`,
  );
}

function isWanted(job: Job, { only, filter = "" }: MatrixOptions): boolean {
  return only.includes(job.column) &&
    (job.row.includes(filter) || (job.file ?? "").includes(filter));
}

await runTool(COMMAND, main);
