/**
 * `npm run sim`: runs seeds, prints totals, and shrinks what fails. It knows the command line and
 * the order of things; a run is in `run.ts`.
 *
 * @module
 */

import process from "node:process";
import { runTool } from "../command_line.ts";
import { runAnomalies } from "./anomalies.ts";
import { drawPlan } from "./draw.ts";
import { COMMAND, type SimOptions } from "./options.ts";
import type { RunPlan } from "./plan.ts";
import { runPlan, type RunStats } from "./run.ts";
import { shrinkPlan, textOfPlan } from "./shrink.ts";

/** How many runs the search for a smaller plan may take. */
const SHRINK_RUNS_MAX = 2000;

/** Answers the exit code: 0 when all held, 1 when something did not. */
async function main(options: SimOptions): Promise<number> {
  return options.anomalies ? await searchAnomalies() : await searchSeeds(options);
}

async function searchSeeds(options: SimOptions): Promise<number> {
  const { clients } = options;
  const first = options.seed ?? Date.now() % 2 ** 32;
  const totals = new Totals();
  for (let run = 0; run < options.runs; run++) {
    const seed = (first + run) % 2 ** 32;
    const plan = drawPlan(seed, clients === undefined ? {} : { clients });
    nowRunning = `seed ${seed}`;
    const { stats, violation } = await runPlan(plan);
    totals.add(stats);
    if (options.verbose) process.stdout.write(`seed ${seed}: ${describe(stats)}\n`);
    if (violation === null) continue;
    process.stdout.write(`seed ${seed} fails: ${violation}\n\nmaking it smaller …\n`);
    await printSmaller(plan);
    const more = clients === undefined ? "" : ` --clients ${clients}`;
    process.stdout.write(`again: npm run sim -- --seed ${seed} --runs 1${more}\n`);
    process.stdout.write(`${totals}\n`);
    return 1;
  }
  process.stdout.write(`seeds ${first} to ${(first + options.runs - 1) % 2 ** 32}: ${totals}\n`);
  return 0;
}

async function searchAnomalies(): Promise<number> {
  const { requests, runs, violation } = await runAnomalies();
  const totals = `${runs} runs, ${requests} requests`;
  if (violation === null) {
    process.stdout.write(`anomalies: ${totals}, all as it should be\n`);
    return 0;
  }
  process.stdout.write(`anomalies: ${totals}\n${violation.text}\n${textOfPlan(violation.plan)}\n`);
  return 1;
}

/** Anything that is wrong counts: what a smaller plan fails with may be another sign of it. */
async function printSmaller(plan: RunPlan): Promise<void> {
  const fails = async (one: RunPlan): Promise<boolean> => (await runPlan(one)).violation !== null;
  const smaller = await shrinkPlan(plan, fails, SHRINK_RUNS_MAX);
  const { violation } = await runPlan(smaller.plan);
  const { clients } = smaller.plan;
  const requests = clients.reduce((sum, client) => sum + client.requests.length, 0);
  process.stdout.write(
    `after ${smaller.runs} runs, ${clients.length} clients and ${requests} requests are left: ` +
      `${violation}\n${textOfPlan(smaller.plan)}\n`,
  );
}

class Totals {
  readonly #startedMs = performance.now();
  #runs = 0;
  #sum = { connections: 0, requests: 0, answers: 0, faults: 0, virtualMs: 0 };

  add(stats: RunStats): void {
    this.#runs++;
    const sum = this.#sum;
    sum.connections += stats.connections;
    sum.requests += stats.requests;
    sum.answers += stats.answers;
    sum.faults += stats.faults;
    sum.virtualMs += stats.virtualMs;
  }

  toString(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const { connections, requests, answers, faults, virtualMs } = this.#sum;
    return `${this.#runs} runs, ${connections} connections, ${requests} requests, ` +
      `${answers} answers, ${faults} faults, ${(virtualMs / DAY_MS).toFixed(1)} days of virtual ` +
      `time in ${seconds.toFixed(1)} s`;
  }
}

const DAY_MS = 86_400_000;

function describe(stats: RunStats): string {
  const { connections, requests, answers } = stats;
  return `${connections} connections, ${requests} requests, ${answers} answers, ` +
    `${stats.faults} faults, ${stats.virtualMs} ms, digest ${(stats.digest >>> 0).toString(16)}`;
}

/** What a rejection that nobody handles belongs to. */
let nowRunning = "before the first run";

process.on("unhandledRejection", (error) => {
  const text = error instanceof Error ? error.stack ?? String(error) : String(error);
  process.stdout.write(`${nowRunning} fails: nobody handled ${text}\n`);
  process.exit(1);
});

await runTool(COMMAND, main);
