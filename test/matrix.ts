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
import { parseArgs } from "node:util";
import { buildJob, COLUMNS, type Job, planJobs } from "./matrix/plan.ts";
import { type JobResult, killAll, runJob, versionsLine } from "./matrix/run.ts";
import { renderReport, renderSum, sumOf } from "./matrix/table.ts";

/**
 * Test files are short and often wait for sockets; more than this makes clocks in them unfair. With
 * wall-clock limits each has the machine for itself.
 */
const JOBS_AT_ONCE = 2;

const FULL_TIMEOUT_MS = 30 * 60_000;

const HELP = `npm test -- [options]

  --only <columns>   run these columns alone, by comma: ${COLUMNS.join(",")}
  --filter <text>    run the files and checks whose name contains this text
  --full             full sizes and wall-clock limits, for the hard tests (SLUICE_FULL=1)
  --verbose          print the whole of each failure and its output
  --help             print this
`;

interface Options {
  readonly only: readonly string[];
  readonly filter: string;
  readonly full: boolean;
  readonly verbose: boolean;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === "number") return options;
  const wanted = planJobs().filter((job) => isWanted(job, options))
    .map((job) => options.full ? { ...job, timeoutMs: FULL_TIMEOUT_MS } : job);
  if (options.full) process.env["SLUICE_FULL"] = "1";
  if (wanted.length === 0) return refuse(`nothing matches --filter ${options.filter}`);
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
  process.stdout.write(renderReport(results, options.verbose));
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

function isWanted(job: Job, options: Options): boolean {
  return (options.only.length === 0 || options.only.includes(job.column)) &&
    (job.row.includes(options.filter) || (job.file ?? "").includes(options.filter));
}

/** The options, or the exit code when there is nothing to run. */
function readOptions(args: readonly string[]): Options | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", default: "" },
        filter: { type: "string", default: "" },
        full: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const only = values.only.split(",").filter((name) => name !== "");
    const unknown = only.find((name) => !(COLUMNS as readonly string[]).includes(name));
    if (unknown !== undefined) {
      return refuse(`no column "${unknown}"; there are ${COLUMNS.join(", ")}`);
    }
    const { filter, full, verbose } = values;
    return { only, filter, full, verbose };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(message: string): number {
  process.stderr.write(`matrix: ${message.split("\n")[0]}\n`);
  return 2;
}

process.exitCode = await main();
