/**
 * The measuring itself: the gate, and then rounds in which every server gets the same load once, in
 * a fresh order, each time in a fresh process. It knows no table.
 *
 * A process keeps the luck that it had with its memory and its compiler, so that rounds in one
 * process agree with each other more than they should; fresh ones make the interval honest.
 *
 * @module
 */

import { cpuOfMachine, cpuOfProcess, cpuOfSelf } from "./cpu.ts";
import { checkServer, type GateReport } from "./gate.ts";
import type { Load } from "./load.ts";
import { keyOf, type Opponent } from "./opponents.ts";
import type { BenchOptions } from "./options.ts";
import { type RunningServer, startServer } from "./server_process.ts";
import { shuffled } from "./statistics.ts";

/** One server in one round. */
export interface Sample {
  readonly server: string;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** CPU of the server's process, in microseconds. */
  readonly cpuPerRequestUs: number;
  /** The part of it outside the kernel. */
  readonly userCpuPerRequestUs: number;
  readonly clientCpuPerRequestUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU that neither the server nor the load used, in seconds per second. */
  readonly otherCpu: number;
  /** CPU that the host took, in seconds per second. */
  readonly stolenCpu: number;
}

export interface Round {
  /** In the order in which they ran. */
  readonly samples: readonly Sample[];
  /** True exactly when others used more than 2 % of a core, or the host took more than 1 %. */
  readonly disturbed: boolean;
}

export interface GatedServer {
  readonly server: string;
  readonly runtime: string;
  readonly gate: GateReport;
}

const OTHER_CPU_MAX = 0.02;
const STOLEN_CPU_MAX = 0.01;
/** With `--quiet`, how many rounds are tried for each one that counts. */
const TRIES_PER_ROUND = 3;

/** Starts each server once and refuses to go on with one that answers differently. */
export async function passGate(opponents: readonly Opponent[]): Promise<GatedServer[]> {
  const passed: GatedServer[] = [];
  for (const opponent of opponents) {
    const server = await startServer(opponent);
    try {
      const gate = await checkServer(server.port);
      passed.push({ server: keyOf(opponent), runtime: server.runtime, gate });
    } catch (error) {
      throw new Error(`${keyOf(opponent)} does not pass the gate: ${(error as Error).message}`);
    } finally {
      await server.stop();
    }
  }
  return passed;
}

/** Runs the rounds. `tell` gets a line for each. */
export async function runRounds(
  opponents: readonly Opponent[],
  load: Load,
  options: BenchOptions,
  tell: (line: string) => void,
): Promise<Round[]> {
  const rounds: Round[] = [];
  const triesMax = options.quiet ? options.rounds * TRIES_PER_ROUND : options.rounds;
  for (let tries = 1; rounds.length < options.rounds; tries++) {
    const round = await runRound(opponents, load, options);
    const again = round.disturbed && options.quiet;
    tell(`round ${rounds.length + 1} of ${options.rounds}${wordOf(round, again)}`);
    if (!again) rounds.push(round);
    else if (tries === triesMax) throw new Error("the machine is not quiet enough for --quiet");
  }
  return rounds;
}

function wordOf(round: Round, again: boolean): string {
  return round.disturbed ? `: disturbed${again ? ", again" : ""}` : "";
}

async function runRound(
  opponents: readonly Opponent[],
  load: Load,
  options: BenchOptions,
): Promise<Round> {
  const samples: Sample[] = [];
  for (const opponent of shuffled(opponents, Math.random)) {
    try {
      samples.push(await runServer(opponent, load, options));
    } catch {
      // A machine that stalls for seconds makes the load give up. Whoever is to blame fails again.
      samples.push(await runServer(opponent, load, options));
    }
  }
  const disturbed = samples.some((sample) =>
    sample.otherCpu > OTHER_CPU_MAX || sample.stolenCpu > STOLEN_CPU_MAX
  );
  return { samples, disturbed };
}

async function runServer(opponent: Opponent, load: Load, options: BenchOptions): Promise<Sample> {
  const server = await startServer(opponent);
  try {
    const { connections, warmupSeconds } = options;
    await load.run(server.port, { connections, seconds: warmupSeconds });
    return await measure(keyOf(opponent), server, load, options);
  } catch (error) {
    throw new Error(`${keyOf(opponent)}: ${(error as Error).message}`, { cause: error });
  } finally {
    await server.stop();
  }
}

async function measure(
  key: string,
  server: RunningServer,
  load: Load,
  options: BenchOptions,
): Promise<Sample> {
  const before = snapshot(server.pid);
  const report = await load.run(server.port, options);
  const after = snapshot(server.pid);
  const userCpu = after.server.user - before.server.user;
  const serverCpu = userCpu + after.server.system - before.server.system;
  const wall = (after.timeMs - before.timeMs) / 1000;
  const ownCpu = load.inThisProcess ? 0 : after.self - before.self;
  const otherCpu = after.machine.busy - before.machine.busy - serverCpu -
    ownCpu -
    report.cpuSeconds;
  return {
    server: key,
    requests: report.requests,
    requestsPerSecond: report.requests / report.seconds,
    cpuPerRequestUs: serverCpu / report.requests * 1e6,
    userCpuPerRequestUs: userCpu / report.requests * 1e6,
    clientCpuPerRequestUs: report.cpuSeconds / report.requests * 1e6,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    otherCpu: Math.max(0, otherCpu / wall),
    stolenCpu: (after.machine.stolen - before.machine.stolen) / wall,
  };
}

function snapshot(pid: number) {
  return {
    timeMs: performance.now(),
    server: cpuOfProcess(pid),
    self: cpuOfSelf(),
    machine: cpuOfMachine(),
  };
}
