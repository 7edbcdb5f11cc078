/**
 * Threads in memory: simulated, on the one real thread, in the order of the schedule. Starting,
 * each message and each end is an event of its own. It knows tasks and faults; it knows nothing of
 * jobs.
 *
 * Nothing can block here, so a job that writes more than its window has to await or to yield. While
 * a module is being imported no event runs at all: so the order of events does not depend on how
 * long the real world takes.
 *
 * @module
 */

import type {
  Thread,
  ThreadEvents,
  ThreadModule,
  ThreadPort,
  Threads,
} from "../../core/capabilities/threads.ts";
import { type Schedule, Task, type TaskQueue } from "./schedule.ts";

/** The exports of a module, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/** What this file needs of a reactor. */
export interface ThreadWorld {
  readonly schedule: Schedule;
  readonly tasks: TaskQueue;
  postpone(task: Task, inMs: number): void;
  now(): number;
}

export class MemoryThreads implements Threads {
  readonly world: ThreadWorld;
  readonly #modules: Readonly<Record<string, Exports>>;
  #loading = 0;
  #started = 0;

  /** Modules that are not in `modules`, by URL, are imported. */
  constructor(world: ThreadWorld, modules: Readonly<Record<string, Exports>>) {
    this.world = world;
    this.#modules = modules;
  }

  /** True exactly while a module is being imported. */
  get isLoading(): boolean {
    return this.#loading > 0;
  }

  start(module: string, events: ThreadEvents): Thread {
    return new MemoryThread(`thread ${++this.#started}`, module, events, this);
  }

  async load(url: string): Promise<Exports> {
    const known = this.#modules[url];
    if (known !== undefined) return known;
    this.#loading++;
    try {
      return await import(url) as Exports;
    } finally {
      this.#loading--;
    }
  }
}

class MemoryThread implements Thread {
  readonly #name: string;
  readonly #module: string;
  readonly #events: ThreadEvents;
  readonly #threads: MemoryThreads;
  readonly #toThread: unknown[] = [];
  readonly #toLoop: unknown[] = [];
  readonly #deliver: Task;
  readonly #answer: Task;
  readonly #exit: Task;
  /** Set when the thread listens. */
  #onMessage: ((message: unknown) => void) | null = null;
  /** Sees to it that what still runs of it writes nothing. */
  #ended = (): void => {};
  /** True exactly when nothing of it is heard any more. */
  #isOver = false;
  #reason = "";

  constructor(name: string, module: string, events: ThreadEvents, threads: MemoryThreads) {
    this.#name = name;
    this.#module = module;
    this.#events = events;
    this.#threads = threads;
    this.#deliver = new Task("message to", this, () => this.#delivered());
    this.#answer = new Task("message from", this, () => this.#answered());
    this.#exit = new Task("end of", this, () => this.#events.onExit(this.#reason));
    this.#add(new Task("start of", this, () => void this.#start()), "threadStart");
  }

  toString(): string {
    return this.#name;
  }

  post(message: unknown): void {
    if (this.#isOver) return;
    this.#toThread.push(structuredClone(message));
    if (this.#onMessage !== null) this.#threads.world.tasks.add(this.#deliver);
  }

  terminate(): void {
    this.#end("it was terminated");
  }

  /** In memory a control says how long the process lives. */
  hold(): void {}
  letGo(): void {}

  async #start(): Promise<void> {
    if (this.#isOver) return;
    if (this.#threads.world.schedule.strikes("noThread", this)) {
      this.#end("it could not be started");
      return;
    }
    try {
      const { startThread } = await this.#threads.load(this.#module) as unknown as ThreadModule;
      if (!this.#isOver) startThread(this.#port());
    } catch (error) {
      this.#end(String(error));
    }
  }

  #port(): ThreadPort {
    return {
      post: (message) => this.#said(message),
      listen: (onMessage) => {
        this.#onMessage = onMessage;
        if (this.#toThread.length > 0) this.#threads.world.tasks.add(this.#deliver);
      },
      onEnd: (ended) => this.#ended = ended,
      load: (url) => this.#threads.load(url),
      now: () => this.#threads.world.now(),
      wait: null,
    };
  }

  #said(message: unknown): void {
    const copy = structuredClone(message);
    if (this.#isOver) return;
    this.#toLoop.push(copy);
    this.#add(this.#answer, "threadMessage");
  }

  #delivered(): void {
    const message = this.#toThread.shift();
    if (this.#toThread.length > 0) this.#threads.world.tasks.add(this.#deliver);
    if (this.#isOver) return;
    if (this.#threads.world.schedule.strikes("deadThread", this)) this.#end("it died");
    else this.#onMessage!(message);
  }

  #answered(): void {
    if (this.#isOver) return;
    if (this.#threads.world.schedule.strikes("deadThread", this)) {
      this.#end("it died");
      return;
    }
    const message = this.#toLoop.shift();
    if (this.#toLoop.length > 0) this.#add(this.#answer, "threadMessage");
    this.#events.onMessage(message);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.#ended();
    this.#threads.world.tasks.add(this.#exit);
  }

  #add(task: Task, delay: "threadStart" | "threadMessage"): void {
    if (task.isWaiting) return;
    const { schedule, tasks, postpone } = this.#threads.world;
    const lateMs = schedule.lateByMs(delay, this);
    if (lateMs > 0) postpone(task, lateMs);
    else tasks.add(task);
  }
}
