/**
 * The load: keep-alive connections that ask for `/` as fast as they are answered, by wrk where it
 * is installed and by autocannon elsewhere. It knows a port and nothing of the server behind it.
 *
 * @module
 */

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { cpuOfEndedChildren, cpuOfSelf } from "./cpu.ts";
import { peer } from "./peers/load.ts";
import { HOST } from "./servers/hello.ts";

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU that the load itself used. */
  readonly cpuSeconds: number;
}

export interface Load {
  /** Its name and version. */
  readonly name: string;
  /** True exactly when `LoadReport.cpuSeconds` is part of this process's own CPU. */
  readonly inThisProcess: boolean;
  /** Rejects when a single answer was missing or was not a 200. */
  run(port: number, options: LoadOptions): Promise<LoadReport>;
}

/** wrk, or else autocannon. */
export async function chooseLoad(): Promise<Load> {
  const { error, stdout } = spawnSync("wrk", ["--version"], {
    encoding: "utf8",
  });
  if (error !== undefined) return await autocannonLoad();
  const version = /wrk (\S+)/.exec(stdout)?.[1] ?? "of an unknown version";
  return {
    name: `wrk ${version}, one thread`,
    inThisProcess: false,
    run: runWrk,
  };
}

const execFileAsync = promisify(execFile);

async function runWrk(port: number, options: LoadOptions): Promise<LoadReport> {
  const cpuBefore = cpuOfEndedChildren();
  const { stdout } = await execFileAsync("wrk", [
    "-t1",
    `-c${options.connections}`,
    `-d${options.seconds}s`,
    "--latency",
    `http://${HOST}:${port}/`,
  ]);
  const cpuSeconds = cpuOfEndedChildren() - cpuBefore;
  const failed = /Socket errors:.*|Non-2xx.*/.exec(stdout);
  if (failed !== null) throw new Error(`wrk saw errors: ${failed[0]}`);
  const total = /(\d+) requests in ([\d.]+)(ms|s|m)/.exec(stdout);
  if (total === null) throw new Error(`wrk said something new: ${stdout}`);
  return {
    requests: Number(total[1]),
    seconds: inMs(total[2]!, total[3]!) / 1000,
    p50Ms: percentile(stdout, "50%"),
    p99Ms: percentile(stdout, "99%"),
    cpuSeconds,
  };
}

function percentile(stdout: string, name: string): number {
  const line = new RegExp(`^\\s*${name}\\s+([\\d.]+)(us|ms|s)`, "m").exec(stdout);
  return line === null ? NaN : inMs(line[1]!, line[2]!);
}

function inMs(amount: string, unit: string): number {
  const factors: Record<string, number> = {
    us: 0.001,
    ms: 1,
    s: 1000,
    m: 60_000,
  };
  return Number(amount) * factors[unit]!;
}

interface AutocannonResult {
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly duration: number;
  readonly errors: number;
  readonly non2xx: number;
}

type Autocannon = (options: {
  readonly url: string;
  readonly connections: number;
  readonly duration: number;
}) => Promise<AutocannonResult>;

async function autocannonLoad(): Promise<Load> {
  const { default: autocannon } = await peer<{ readonly default: Autocannon }>("autocannon");
  const run = async (port: number, options: LoadOptions) => {
    const cpuBefore = cpuOfSelf();
    const { connections, seconds: duration } = options;
    const result = await autocannon({
      url: `http://${HOST}:${port}/`,
      connections,
      duration,
    });
    if (result.errors > 0 || result.non2xx > 0) {
      throw new Error(`autocannon saw ${result.errors} errors, ${result.non2xx} wrong statuses`);
    }
    return {
      requests: result.requests.total,
      seconds: result.duration,
      p50Ms: result.latency.p50,
      p99Ms: result.latency.p99,
      cpuSeconds: cpuOfSelf() - cpuBefore,
    };
  };
  return { name: "autocannon", inThisProcess: true, run };
}
