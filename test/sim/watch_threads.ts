/**
 * Threads between the core and the in-memory ones, looked on: which job each has, how it ended, and
 * that nobody is told, or ended, who should not be. It changes nothing.
 *
 * @module
 */

import type { Thread, ThreadEvents, Threads } from "../../core/capabilities/threads.ts";
import type { FromThread, ToThread } from "../../core/work/thread_messages.ts";
import { type Deed, JobFacts } from "./facts.ts";
import { PassingThread, passThreads } from "../fakes/passing_thread.ts";
import type { RunPlan } from "./plan.ts";

/** What the run knows of whoever has jobs. */
export interface JobWorld {
  readonly plan: RunPlan;
  now(): number;
  deedOf(client: number, index: number): Deed | undefined;
  /** Notes what must never happen, and throws it: whoever calls may swallow that. */
  violate(text: string): never;
  /** How long the application has computed so far. */
  readonly computedMs: number;
  /** True exactly when the server is closing: then all threads are ended. */
  readonly isClosing: boolean;
}

export class WatchingThreads implements Threads {
  readonly world: JobWorld;
  /** How many threads are not over. */
  open = 0;
  /** How many ended before they were ready: each may take a job with it that waits. */
  unready = 0;
  readonly #under: Threads;

  constructor(under: Threads, world: JobWorld) {
    this.#under = passThreads(under, () => new WatchedThread(this));
    this.world = world;
  }

  start(module: string, events: ThreadEvents, heapBytesMax?: number): Thread {
    this.open++;
    const { world } = this;
    const { threadsMax } = world.plan.limits;
    if (this.open > threadsMax) {
      world.violate(`there are ${this.open} threads, and at most ${threadsMax} may be`);
    }
    return this.#under.start(module, events, heapBytesMax);
  }
}

class WatchedThread extends PassingThread {
  readonly #threads: WatchingThreads;
  #isReady = false;
  #isOver = false;
  /** The number of the job that it has, and what is known of that; null for none. */
  #job: { readonly id: number; readonly facts: JobFacts } | null = null;

  constructor(threads: WatchingThreads) {
    super();
    this.#threads = threads;
  }

  override post(message: unknown): void {
    const told = message as ToThread;
    if (told.kind === "job") this.#begins(told);
    super.post(message);
  }

  override terminate(): void {
    const facts = this.#job?.facts;
    if (facts !== undefined && !this.#isOver) this.#checkLate(facts);
    super.terminate();
  }

  override onMessage(message: unknown): void {
    const { world } = this.#threads;
    const said = message as FromThread;
    if (said.kind === "ready") this.#isReady = true;
    if (said.kind === "over") {
      if (this.#job?.id !== said.job) world.violate("a job ended that the thread had not");
      this.#job = null;
    }
    super.onMessage(message);
  }

  override onExit(reason: string): void {
    if (this.#isOver) this.#threads.world.violate("a thread ended twice");
    this.#isOver = true;
    this.#threads.open--;
    if (!this.#isReady) this.#threads.unready++;
    if (this.#job !== null) this.#job.facts.lostMs = this.#threads.world.now();
    this.#job = null;
    super.onExit(reason);
  }

  #begins(told: Extract<ToThread, { kind: "job" }>): void {
    const { world } = this.#threads;
    const [first] = told.args as [{ readonly target: string }];
    const [, , client, index] = first.target.split("/").map(Number);
    const deed = world.deedOf(client!, index!);
    if (deed === undefined) return world.violate(`nobody asked for ${first.target}`);
    if (this.#isOver) world.violate(`${deed} came to a thread that is over`);
    if (this.#job !== null) world.violate(`${deed} came to a thread that has a job`);
    if (deed.job !== null) world.violate(`${deed} was given to a thread twice`);
    deed.job = new JobFacts(told.style, world.now());
    this.#job = { id: told.job, facts: deed.job };
  }

  /** Whoever ends a thread needs a reason: that it keeps the loop waiting for too long. */
  #checkLate(facts: JobFacts): void {
    const { world } = this.#threads;
    facts.isLate = true;
    facts.lostMs = world.now();
    if (world.isClosing) return;
    const { clocks } = world.plan;
    const leastMs = Math.min(clocks.threadDeadlineMs, clocks.threadLeaveMs);
    const silentMs = facts.silentMs(world.now());
    if (silentMs + slackMs(world) >= leastMs) return;
    world.violate(
      `a thread is ended that kept nobody waiting: its job was silent for ${silentMs} ms`,
    );
  }
}

/** How much later than it happens something may come, of what is between a thread and the loop. */
function slackMs({ computedMs, plan }: JobWorld): number {
  const { faults } = plan;
  const isLate = LATE.some((name) => faults[name] !== undefined);
  return computedMs + (isLate ? 4 * (faults.lateMsMax ?? 1000) : 0) + GRAIN_MS;
}

const LATE = ["lateThread", "lateAnswer", "lateFile", "lateWake", "clockJump"] as const;
/** Of the timer wheel, with some rounding. */
const GRAIN_MS = 200;
