/**
 * The pool: a few threads, started when they are needed, and a bounded queue of jobs before them.
 * It knows that threads die; it knows nothing of requests, nor of what jobs make. How long a job
 * may take is `pool_job.ts`'s affair, and who waits for one `call_job.ts`'s.
 *
 * A job that is given up may still run in its thread: it is told, and when it does not end in time
 * the thread is ended and replaced. What a thread says of a job that it does not have is dropped.
 *
 * @module
 */

import type { Context } from "../capabilities/context.ts";
import type { Thread, ThreadEvents, Threads } from "../capabilities/threads.ts";
import { describe } from "../describe.ts";
import type { Clocks, Limits } from "../limits.ts";
import type { Loop } from "../loop.ts";
import type { LogLevel } from "../reactor.ts";
import {
  type CallOptions,
  type JobCall,
  type JobSink,
  type LoopFunction,
  ThreadError,
  type ThreadReport,
  type ThreadService,
  type ThreadsReport,
} from "../thread_service.ts";
import { Timer } from "../timers.ts";
import { callJob } from "./call_job.ts";
import { makeRing, type Ring } from "./ring.ts";
import { PoolJob, type PoolThread } from "./pool_job.ts";
import type { FromThread } from "./thread_messages.ts";

/** What the pool needs of a server. */
export interface PoolHost {
  readonly context: Context;
  readonly loop: Loop;
  readonly limits: Limits;
  readonly clocks: Clocks;
  log(level: LogLevel, text: string): void;
}

export class ThreadPool implements ThreadService {
  readonly host: PoolHost;
  readonly #threads: Threads;
  readonly #seats = new Set<Seat>();
  readonly #queue: PoolJob[] = [];
  readonly #functions = new Map<string, LoopFunction>();
  /** Rings that nobody uses: as many as there may be threads. */
  readonly #rings: Ring[] = [];
  #lastJob = 0;
  #jobs = 0;
  #started = 0;
  #lost = 0;
  #tookMs = 0;
  #waitedMs = 0;
  #closed: (() => void) | null = null;
  #isClosing = false;

  constructor(host: PoolHost, threads: Threads) {
    this.host = host;
    this.#threads = threads;
  }

  callInThread(
    module: URL | string,
    name: string,
    args: readonly unknown[] = [],
    options: CallOptions = {},
  ): Promise<unknown> {
    return callJob(this, this.host.clocks.threadDeadlineMs, module, name, args, options);
  }

  register(name: string, run: LoopFunction): void {
    if (typeof run !== "function") {
      throw new TypeError(`register takes a function for "${name}", not ${describe(run)}`);
    }
    if (this.#functions.has(name)) throw new TypeError(`"${name}" is registered already`);
    this.#functions.set(name, run);
  }

  startJob(call: JobCall, sink: JobSink): PoolJob | null {
    if (this.#isClosing) return null;
    if (this.#queue.length >= this.#freeSeats + this.host.limits.threadQueueMax) return null;
    const job = new PoolJob(++this.#lastJob, call, sink, this);
    this.#queue.push(job);
    this.#dispatch();
    return job;
  }

  report(): ThreadsReport {
    const nowMs = this.host.loop.now();
    return {
      threads: [...this.#seats].map((seat) => seat.report(nowMs)),
      queued: this.#queue.length,
      jobs: this.#jobs,
      started: this.#started,
      lost: this.#lost,
      tookMs: this.#tookMs,
      waitedMs: this.#waitedMs,
    };
  }

  close(withinMs: number): Promise<number> {
    this.#isClosing = true;
    for (const job of this.#queue.splice(0)) job.fail(stoppedByClose());
    for (const seat of this.#seats) seat.end(stoppedByClose());
    return new Promise((resolve) => {
      const { loop } = this.host;
      const timer = new Timer({
        onTimer: () => {
          for (const seat of this.#seats) seat.letGo();
          resolve(this.#seats.size);
        },
      });
      this.#closed = () => {
        loop.timers.disarm(timer);
        resolve(0);
      };
      if (this.#seats.size === 0) this.#closed();
      else loop.timers.arm(timer, loop.now() + withinMs);
    });
  }

  // For jobs and seats.

  /** A job that waits is wanted no more. */
  unqueue(job: PoolJob): void {
    const at = this.#queue.indexOf(job);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  takeRing(): Ring {
    return this.#rings.pop() ?? makeRing(this.host.limits.threadWindowBytes);
  }

  /** A ring that neither side uses any more. */
  giveRing(ring: Ring): void {
    if (this.#rings.length >= this.host.limits.threadsMax) return;
    ring.reset();
    this.#rings.push(ring);
  }

  seatIsFree(): void {
    this.#dispatch();
  }

  jobTook(tookMs: number, waitedMs: number): void {
    this.#tookMs += tookMs;
    this.#waitedMs += waitedMs;
  }

  seatIsOver(seat: Seat, wasReady: boolean): void {
    this.#seats.delete(seat);
    if (!seat.isEnded) this.#lost++;
    // A thread that cannot start would be started for ever: the job that it was for goes with it.
    if (!wasReady) this.#queue.shift()?.fail(new ThreadError("thread-died", CANNOT_START));
    if (this.#seats.size === 0) this.#closed?.();
    this.#dispatch();
  }

  functionOf(job: PoolJob, name: string): LoopFunction | undefined {
    if (Object.hasOwn(job.call.calls, name)) return job.call.calls[name];
    return this.#functions.get(name);
  }

  /** Threads that could have a job at once, those that are not started yet included. */
  get #freeSeats(): number {
    let free = Math.max(0, this.host.limits.threadsMax - this.#seats.size);
    for (const seat of this.#seats) if (seat.isFree || seat.isStarting) free++;
    return free;
  }

  #dispatch(): void {
    if (this.#isClosing) return;
    for (const seat of this.#seats) {
      while (seat.isFree && this.#queue.length > 0) {
        this.#jobs++;
        seat.run(this.#queue.shift()!);
      }
    }
    let starting = 0;
    for (const seat of this.#seats) if (seat.isStarting) starting++;
    while (this.#queue.length > starting && this.#seats.size < this.host.limits.threadsMax) {
      this.#started++;
      starting++;
      const seat = new Seat(this, this.host);
      this.#seats.add(seat);
      seat.start(this.#threads);
    }
  }
}

/** One thread's place in the pool. */
class Seat implements ThreadEvents, PoolThread {
  readonly #pool: ThreadPool;
  readonly #host: PoolHost;
  #thread!: Thread;
  /** True exactly when the thread has said that it listens. */
  #isReady = false;
  /** True exactly when the thread has ended. */
  #isOver = false;
  /** True exactly when the pool ended it: nothing was wrong with it. */
  isEnded = false;
  #job: PoolJob | null = null;
  #sinceMs: number;

  constructor(pool: ThreadPool, host: PoolHost) {
    this.#pool = pool;
    this.#host = host;
    this.#sinceMs = host.loop.now();
  }

  get isStarting(): boolean {
    return !this.#isReady;
  }

  get isFree(): boolean {
    return this.#isReady && !this.#isOver && this.#job === null;
  }

  start(threads: Threads): void {
    this.#thread = threads.start(THREAD_MAIN, this, this.#host.limits.threadHeapMaxBytes);
    this.#thread.hold();
  }

  run(job: PoolJob): void {
    this.#job = job;
    this.#sinceMs = this.#host.loop.now();
    this.#thread.hold();
    if (!job.begin(this)) this.#free();
  }

  letGo(): void {
    this.#thread.letGo();
  }

  post(message: unknown): void {
    this.#thread.post(message);
  }

  /** The thread is not to be trusted any more. */
  terminate(): void {
    this.#thread.terminate();
  }

  end(error: ThreadError): void {
    this.isEnded = true;
    this.#job?.fail(error);
    this.#thread.hold();
    this.#thread.terminate();
  }

  onMessage(message: unknown): void {
    // Code in a thread may post to its parent by itself, whatever it likes.
    if (typeof message !== "object" || message === null) return;
    const said = message as FromThread;
    if (said.kind === "ready") {
      if (this.#isReady) return;
      this.#isReady = true;
      this.#free();
      this.#pool.seatIsFree();
      return;
    }
    const job = this.#job;
    if (job === null || said.job !== job.id) return;
    if (said.kind === "wake") job.woke();
    else if (said.kind === "call") job.called(said.name, said.args);
    else if (said.kind === "over") {
      this.#free();
      this.#pool.jobTook(said.tookMs, said.waitedMs);
      job.over(said);
      this.#pool.seatIsFree();
    }
  }

  onExit(reason: string): void {
    // Whoever hears of it may bring the next job at once.
    this.#isOver = true;
    const job = this.#job;
    this.#job = null;
    if (job !== null) job.threadDied(reason);
    else if (!this.#isReady && !this.isEnded) {
      this.#host.log("error", `a thread did not start: ${reason}`);
    }
    this.#pool.seatIsOver(this, this.#isReady);
  }

  #free(): void {
    this.#job = null;
    this.#sinceMs = this.#host.loop.now();
    this.#thread.letGo();
  }

  get #state(): ThreadReport["state"] {
    if (this.isStarting) return "starting";
    if (this.#job === null) return "idle";
    return this.#job.isWanted ? "running" : "leaving";
  }

  report(nowMs: number): ThreadReport {
    const job = this.#job;
    return {
      state: this.#state,
      job: job === null ? null : job.call.name,
      ageMs: nowMs - this.#sinceMs,
      waits: job?.isHeldUp ?? false,
    };
  }
}

function stoppedByClose(): ThreadError {
  return new ThreadError("thread-stopped", "the server has closed");
}

const CANNOT_START = "no thread could be started";

/** The worker's module beside this one: `.ts` in the source, `.js` in the build. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const THREAD_MAIN = new URL("./thread_main" + EXTENSION, import.meta.url).href;
