/**
 * One simulated run: a whole server, its clients and the network between them, from a plan to a
 * verdict. It drives time; what must hold at the end is checked here for the server as a whole and
 * in `oracle.ts` for each connection.
 *
 * @module
 */

import type { Connection } from "../../core/connection.ts";
import { type CloseReport, Server } from "../../core/server.ts";
import { inspectSteps } from "../../core/work/step.ts";
import type { Address, Reactor } from "../../core/reactor.ts";
import { createMemoryReactor, type LogLine, type MemoryReactor } from "../../runtimes/memory.ts";
import { FAULT_NAMES } from "../../runtimes/memory/faults.ts";
import { Alarms } from "./alarms.ts";
import { SimApp } from "./app.ts";
import { SimClient } from "./client.ts";
import { Evidence } from "./evidence.ts";
import { type Deed, Violation } from "./facts.ts";
import { judgeConnection } from "./oracle.ts";
import { MISBEHAVING, type RunPlan } from "./plan.ts";
import { WatchingReactor } from "./watch.ts";

export interface RunStats {
  readonly connections: number;
  readonly requests: number;
  readonly answers: number;
  readonly faults: number;
  readonly virtualMs: number;
  /** Depends on every byte that a client received, and on when the run was over. */
  readonly digest: number;
}

export interface RunResult {
  /** What was wrong; null when nothing was. */
  readonly violation: string | null;
  readonly stats: RunStats;
  /** How often each fault happened. */
  readonly happened: Readonly<Record<string, number>>;
}

/** Puts something that breaks things between the core and the reactor: for canaries. */
export type Sabotage = (reactor: Reactor) => Reactor;

const ADDRESS: Address = { transport: "tcp", host: "127.0.0.1", port: 80 };
/** Those that every runtime has, and whose every version decodes what is cut off. */
const CODINGS = ["br", "gzip"] as const;
/** A close at the end of a run finds nothing to wait for. */
const LAST_CLOSE_MS = 1000;
/** How far the clock may be moved at once where only the server waits for something. */
const STRIDE_MS = 20_000;
/** A run that is not over after so many moves of the clock goes round in circles. */
const STRIDES_MAX = 200_000;

export async function runPlan(plan: RunPlan, sabotage?: Sabotage): Promise<RunResult> {
  const run = new Run(plan, sabotage ?? ((reactor) => reactor));
  let violation: string | null = null;
  try {
    await run.toTheEnd();
    violation = run.noticed;
  } catch (error) {
    violation = run.noticed ?? (error instanceof Violation ? error.message : textOf(error));
  }
  return { violation, stats: run.stats, happened: run.happened };
}

class Run {
  readonly #plan: RunPlan;
  readonly #reactor: MemoryReactor;
  readonly #watch: WatchingReactor;
  readonly #app: SimApp;
  readonly #server: Server;
  readonly #alarms = new Alarms();
  readonly #clients: SimClient[];
  /** Ports of the clients whose connection the network refused or broke. */
  readonly #struck = new Set<number>();
  #closing: Promise<void> | null = null;
  #closingMs = Infinity;
  #closeDeadlineMs = Infinity;
  #closedMs = Infinity;
  #report: CloseReport | null = null;

  constructor(plan: RunPlan, sabotage: Sabotage) {
    this.#plan = plan;
    this.#app = new SimApp(plan, {
      spend: (ms) => this.#reactor.spend(ms),
      turns: () => this.#watch.turns,
      after: (ms, then) => this.#reactor.after(ms, then),
      wentBytes: ({ exchange }) => this.#watch.side((exchange as Connection).handle).went.total,
      unreadyThreads: () => this.#watch.threads.unready,
    });
    this.#reactor = this.#reactorOf(plan);
    const { connectionsMax, connectionsPerAddressMax } = plan.limits;
    // All clients have one address.
    const roomFor = Math.min(connectionsMax, connectionsPerAddressMax);
    this.#watch = new WatchingReactor(sabotage(this.#reactor), roomFor);
    this.#watch.jobWorld = this.#app;
    const { limits, clocks, halfClose, requestBody, requestCodings } = plan;
    const compression = plan.compression !== null && { ...plan.compression, codings: CODINGS };
    const { handlers } = this.#app;
    this.#server = new Server(this.#watch, {
      handlers,
      limits,
      clocks,
      halfClose,
      requestBody,
      requestCodings,
      compression,
    });
    this.#app.loop = this.#server.loop;
    this.#clients = plan.clients.map((client, i) =>
      new SimClient(this.#reactor, this.#alarms, i, client, plan.limits)
    );
  }

  #reactorOf(plan: RunPlan): MemoryReactor {
    return createMemoryReactor({
      seed: plan.seed,
      faults: plan.faults,
      bufferBytes: plan.bufferBytes,
      segmentBytes: plan.segmentBytes,
      threadModules: this.#app.threadModules,
      onFault: ({ name, subject }) => {
        if (!STRIKING.has(name)) return;
        for (const [, port] of subject.matchAll(/:(\d{3,})/g)) this.#struck.add(Number(port));
      },
    });
  }

  /** What the application saw that must never happen; null for nothing. */
  get noticed(): string | null {
    return this.#app.violation?.message ?? null;
  }

  get happened(): Record<string, number> {
    const counts = this.#reactor.faultCounts;
    return Object.fromEntries(FAULT_NAMES.map((name) => [name, counts[name].happened]));
  }

  get stats(): RunStats {
    const answers = this.#clients.reduce((sum, client) => sum + client.answers.length, 0);
    return {
      connections: this.#watch.sides.size,
      requests: this.#app.deeds.length + this.#app.wild,
      answers,
      faults: Object.values(this.happened).reduce((sum, count) => sum + count, 0),
      virtualMs: this.#reactor.now(),
      digest: this.#clients.reduce((digest, client) => {
        return (Math.imul(digest, 31) + client.sum) | 0;
      }, Math.floor(this.#reactor.now())),
    };
  }

  async toTheEnd(): Promise<void> {
    await this.#server.listen(ADDRESS);
    for (const client of this.#clients) {
      this.#alarms.set(client.plan.startMs, () => client.begin(ADDRESS));
    }
    const { close } = this.#plan;
    if (close !== null) this.#alarms.set(close.atMs, () => this.#close(close.deadlineMs));
    await this.#drive();
    // Others may have waited for these, and may be of the same kind.
    while (this.#app.endNever() > 0) await this.#drive();
    this.#checkStuck();
    if (this.#closing === null) this.#close(LAST_CLOSE_MS);
    await this.#drive();
    const report = this.#report;
    if (report === null) throw new Violation("the close of the server does not end");
    this.#checkClose();
    if (close === null && !report.clean) {
      throw new Violation(`the last close was not clean: ${JSON.stringify(report.left)}`);
    }
    this.#checkLogs();
    const turnedAway = this.#turnedAway;
    for (const client of this.#clients) {
      judgeConnection(this.#evidenceOf(client, close !== null, turnedAway));
    }
    this.#checkRequests();
    this.#checkLeaks();
  }

  #close(deadlineMs: number): void {
    this.#app.isClosing = true;
    this.#closingMs = this.#reactor.now();
    this.#closeDeadlineMs = deadlineMs;
    this.#closing = this.#server.close({ deadlineMs }).then((report) => {
      this.#report = report;
      this.#closedMs = this.#reactor.now();
    });
  }

  /** A close ends with its deadline, whatever is under way. */
  #checkClose(): void {
    const tookMs = this.#closedMs - this.#closingMs;
    const lateMs = 4 * (this.#plan.faults.lateMsMax ?? 1000) + 1000 + this.#app.computedMs;
    if (tookMs <= this.#closeDeadlineMs + lateMs) return;
    throw new Violation(`a close took ${tookMs} ms, and may take ${this.#closeDeadlineMs}`);
  }

  /** Until nothing is left to happen. */
  async #drive(): Promise<void> {
    for (let strides = 0; strides < STRIDES_MAX; strides++) {
      await this.#reactor.settle();
      this.#alarms.ring(this.#reactor.now());
      await this.#reactor.settle();
      const reactorMs = this.#reactor.nextAtMs;
      const alarmMs = this.#alarms.nextAtMs;
      if (reactorMs === Infinity && alarmMs === Infinity) return;
      const untilMs = Math.min(alarmMs, reactorMs + STRIDE_MS);
      await this.#reactor.elapse(Math.max(0, untilMs - this.#reactor.now()));
    }
    throw new Violation("the run does not come to an end");
  }

  #checkStuck(): void {
    const stuck = this.#clients.filter((client) => client.hasBegun && client.closed === null);
    const { connections, requests } = this.#server.inspect();
    this.#checkThreads();
    if (stuck.length + connections + requests.length === 0) return;
    const who = stuck.map((client) => client.index).slice(0, 5).join(", ");
    throw new Violation(
      `stuck: nothing is left to happen, and clients [${who}] are open; the server has ` +
        `${connections} connections and ${JSON.stringify(requests.slice(0, 3))}`,
    );
  }

  /** With nothing left to happen, nobody waits for a thread, and none has a job. */
  #checkThreads(): void {
    const report = this.#server.threadsIfAsked?.report();
    if (report === undefined || this.#closing !== null) return;
    const { lost, queued, started, threads } = report;
    const isQuiet = queued === 0 && threads.every(({ state }) => state === "idle") &&
      threads.length === started - lost;
    if (!isQuiet) throw new Violation(`threads are not home: ${JSON.stringify(report)}`);
  }

  /** How many answers no handler made. */
  get #turnedAway(): number {
    return this.#clients.reduce((sum, { answers, index }) => {
      return sum + answers.filter((_, i) => this.#app.deedOf(index, i) === undefined).length;
    }, 0);
  }

  #evidenceOf(client: SimClient, closesEarly: boolean, turnedAway: number): Evidence {
    const { port } = client.hasBegun ? client.address as { port: number } : { port: 0 };
    return new Evidence({
      plan: this.#plan,
      app: this.#app,
      client,
      side: this.#watch.sides.get(port) ?? null,
      isStruck: this.#struck.has(port),
      closingMs: closesEarly ? this.#closingMs : Infinity,
      turnedAway,
    });
  }

  #checkRequests(): void {
    for (const deed of this.#app.deeds) {
      const { request } = deed;
      if (deed.overs !== 1) throw new Violation(`${deed} was over ${deed.overs} times`);
      if (!request.finalized && !request.terminated) throw new Violation(`${deed} has no end`);
      if (deed.begun !== deed.closed || deed.begun > 1) {
        throw new Violation(`the generator of ${deed} was not closed, or not once`);
      }
      this.#checkJob(deed);
      if (deed.aborts > 1) throw new Violation(`${deed} was aborted ${deed.aborts} times`);
      if (deed.terminations > 1) {
        throw new Violation(`${deed} was terminated ${deed.terminations} times`);
      }
      if (deed.signal !== null && deed.signal.aborted !== deed.wasAbortedAtOver) {
        throw new Violation(`the signal of ${deed} says aborted: ${deed.signal.aborted}`);
      }
    }
  }

  /** A job that came to its end has called the loop as often as it said. */
  #checkJob(deed: Deed): void {
    const { job } = deed;
    if (job === null || job.lostMs < Infinity) return;
    if (job.begun !== job.closed) throw new Violation(`the job of ${deed} was not closed`);
    const isWhole = job.endedMs < Infinity && !deed.wasAbortedAtOver;
    if (!isWhole || job.told === job.heard) return;
    throw new Violation(`the job of ${deed} made ${job.told} calls, and ${job.heard} came`);
  }

  #checkLeaks(): void {
    const { connections, requests, pool, loop } = this.#server;
    const left = {
      connections: connections.size,
      requests: requests.size,
      pool: pool.out,
      buffers: this.#app.owner.out,
      timers: loop.timers.count,
      posted: loop.posted.length,
      ...loop.waiting,
      steps: inspectSteps(this.#server).length,
      threads: this.#watch.threads.open,
      jobs: this.#server.threadsIfAsked?.report().queued ?? 0,
      ...this.#reactor.pending(),
    };
    const isBalanced = JSON.stringify(left) === JSON.stringify(NOTHING_LEFT);
    if (!isBalanced) throw new Violation(`something is left over: ${JSON.stringify(left)}`);
  }

  /** An application that behaves is not complained about; and nobody swallowed a fault. */
  #checkLogs(): void {
    for (const line of this.#reactor.logs) {
      if (/AssertionFault|Violation:/.test(line.text)) throw new Violation(line.text);
      if (line.level === "error" && !this.#isDeserved(line)) {
        throw new Violation(`a complaint about nothing: ${line.text}`);
      }
    }
  }

  #mayFail(deed: Deed): boolean {
    const client = this.#clients[deed.client]!;
    return this.#evidenceOf(client, true, 0).whyThreadFailed(deed.index) !== null;
  }

  #isDeserved(line: LogLine): boolean {
    const { badRead, deadThread, diskFull, noDirectory, noThread } = this.#plan.faults;
    const hasBadDisk = diskFull !== undefined || noDirectory !== undefined;
    if (hasBadDisk && line.text.includes("the body cannot be kept")) return true;
    if (badRead !== undefined && line.text.includes("cannot be read")) return true;
    if (/^the job \w+ (overran|goes on)/.test(line.text)) return true;
    const isLost = /^the job \w+ lost its thread|^a thread did not start/.test(line.text);
    const areLost = deadThread !== undefined || noThread !== undefined;
    if (isLost) return areLost || this.#app.deeds.some(isLate);
    const match = /^(?:step "|\w+ )\/sim\/(\d+)\/(\d+)(?:"|:) /.exec(line.text);
    const act = this.#plan.clients[Number(match?.[1])]?.requests[Number(match?.[2])]?.does;
    if (act === undefined) return false;
    const deed = this.#app.deedOf(Number(match![1]), Number(match![2]));
    if (act.via === "thread" && deed !== undefined && this.#mayFail(deed)) return true;
    return act.twice || MISBEHAVING.has(act.answer) ||
      act.via === "fetch" && act.answer === "decline";
  }
}

/** True exactly when the thread of a request was ended because it kept the loop waiting. */
function isLate({ job }: Deed): boolean {
  return job?.isLate === true;
}

const STRIKING: ReadonlySet<string> = new Set([
  "refuse",
  "reset",
  "halfClose",
  "sendError",
  "acceptError",
]);

const NOTHING_LEFT = {
  connections: 0,
  requests: 0,
  pool: 0,
  buffers: 0,
  timers: 0,
  posted: 0,
  suspended: 0,
  handles: 0,
  watches: 0,
  steps: 0,
  threads: 0,
  jobs: 0,
  runnable: [],
  postponed: [],
  open: [],
  listening: [],
  files: [],
  lentBufs: 0,
  wakeAtMs: Infinity,
};

function textOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}
