/**
 * The in-memory runtime: a whole reactor with no sockets and no real time, for testing
 * applications. Clients are made with `client` or with `connect`; nothing happens until a control
 * says so (`run`, `advance`, `runUntil`, …); and the same calls give the same events, to the byte.
 *
 * It knows the reactor contract and nothing of HTTP. `docs/testing.md` shows its use.
 *
 * @module
 */

import { assert } from "../core/assert.ts";
import type { Polls } from "../core/capabilities/polls.ts";
import type { Codecs } from "../core/capabilities/codecs.ts";
import type { Context } from "../core/capabilities/context.ts";
import type { Threads } from "../core/capabilities/threads.ts";
import type { Chain } from "../core/chain.ts";
import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  LogLevel,
  Reactor,
  StreamEvents,
  TurnEvents,
} from "../core/reactor.ts";
import type { SendCode } from "../core/status.ts";
import { createCodecs } from "./common/codecs.ts";
import { ambientContext } from "./common/context.ts";
import { MemoryClient } from "./memory/client.ts";
import { type DiskOptions, MemoryDisk } from "./memory/disk.ts";
import { Driver, type RunUntilLimits } from "./memory/driver.ts";
import { type Endpoint, MemoryHandle, SCRATCH_START, type Wire } from "./memory/endpoint.ts";
import {
  type FaultCount,
  type FaultEvent,
  type FaultName,
  type FaultRate,
  FaultSchedule,
  type MemoryFaults,
  NO_FAULTS,
} from "./memory/faults.ts";
import { Network } from "./memory/network.ts";
import { type MemoryPipe, MemoryPolls } from "./memory/polls.ts";
import type { LogLine, MemoryReactorOptions, Pending, RunUntilOptions } from "./memory/options.ts";
import { Random } from "./memory/random.ts";
import { MemoryThreads } from "./memory/threads.ts";
import { IN_ORDER, type Schedule, Task, TaskQueue } from "./memory/schedule.ts";

export {
  type DiskOptions,
  type FaultCount,
  type FaultEvent,
  type FaultName,
  type FaultRate,
  type LogLine,
  MemoryClient,
  MemoryDisk,
  type MemoryFaults,
  type MemoryPipe,
  type MemoryReactorOptions,
  type Pending,
  type RunUntilOptions,
};

/**
 * A reactor in memory. Nothing that it was asked for happens before one of its controls is called.
 */
export function createMemoryReactor(options: MemoryReactorOptions = {}): MemoryReactor {
  return new MemoryReactor(options);
}

const BUFFER_BYTES = 64 * 1024;
/** The bound of `onData` in the contract. */
const SEGMENT_BYTES_MAX = 64 * 1024;
/** Any date that is not today's: a test that passes by the real clock's grace fails here. */
const WALL_TIME_MS = Date.UTC(2030, 0, 1);
/** More events than this at one time are taken for a loop that never ends. */
const EVENTS_MAX = 1_000_000;
const IDLE_TURNS = 20;

/** A reactor in memory, with its controls. `createMemoryReactor` makes one. */
export class MemoryReactor implements Reactor {
  readonly runtime: string = "memory";
  readonly via: string = "in memory";
  readonly polls: Polls;
  readonly codecs: Codecs = createCodecs();
  /** The disk: what is on it, and what is open. */
  readonly files: MemoryDisk;
  readonly context: Context = ambientContext;
  readonly threads: Threads;
  /** Every line that was logged. */
  readonly logs: LogLine[] = [];

  readonly #schedule: Schedule;
  readonly #tasks: TaskQueue;
  readonly #wire: Wire;
  readonly #network: Network;
  readonly #random: Random;
  readonly #driver: Driver;
  readonly #pipes: MemoryPolls;
  readonly #threads: MemoryThreads;
  readonly #onLog: ((line: LogLine) => void) | undefined;
  #wallOffsetMs: number;
  #nowMs: number;
  #wakeMs = Infinity;
  #turnEvents: TurnEvents | null = null;
  #isInEvent = false;
  /** How long the running event has computed so far, as `spend` says. */
  #spentMs = 0;
  readonly #turnTask = new Task("end of turn", NOBODY, () => this.#turnEvents!.endOfTurn());
  readonly #wakeTask = new Task("wake-up", NOBODY, () => this.#wake());

  constructor(options: MemoryReactorOptions = {}) {
    const { bufferBytes = BUFFER_BYTES, segmentBytes = SEGMENT_BYTES_MAX } = options;
    checkWhole("bufferBytes", bufferBytes, Number.MAX_SAFE_INTEGER);
    checkWhole("segmentBytes", segmentBytes, SEGMENT_BYTES_MAX);
    this.#nowMs = options.startTimeMs ?? 0;
    this.#wallOffsetMs = (options.wallTimeMs ?? WALL_TIME_MS) - this.#nowMs;
    this.#onLog = options.onLog;
    const { faults, onFault, seed = 1 } = options;
    this.#schedule = faults === undefined ? IN_ORDER : new FaultSchedule(faults, seed, onFault);
    this.#random = new Random(seed);
    this.#tasks = new TaskQueue(this.#schedule);
    this.#wire = {
      schedule: this.#schedule,
      tasks: this.#tasks,
      postpone: (task, inMs) => this.#tasks.postpone(task, this.#nowMs + inMs),
      bufferBytes,
      segmentBytes,
      isWatching: options.watchLent ?? true,
      scratch: new Uint8Array(SCRATCH_START + segmentBytes),
      open: new Set<Endpoint>(),
    };
    this.files = new MemoryDisk(this.#wire, options);
    this.#network = new Network(this.#wire, this);
    this.polls = this.#pipes = new MemoryPolls(this);
    this.threads = this.#threads = new MemoryThreads(
      { ...this.#wire, now: () => this.#nowMs },
      options.threadModules ?? {},
    );
    this.#driver = new Driver({
      step: () => this.step(),
      now: () => this.#nowMs,
      nextAtMs: () => this.nextAtMs,
      isLoading: () => this.#threads.isLoading,
      moveTo: (ms, limitMs) => this.#moveTo(ms, limitMs),
      restless: (eventsMax) => this.#restless(eventsMax),
      pending: () => this.pending(),
    });
  }

  // The controls.

  /** Runs one event. False when there was none to run. What a handler throws comes out here. */
  step(): boolean {
    assert(!this.#isInEvent, "a control of the in-memory reactor was called from inside an event");
    if (this.#threads.isLoading) return false;
    const task = this.#tasks.take();
    if (task === null) return false;
    this.#isInEvent = true;
    try {
      task.run();
    } finally {
      this.#isInEvent = false;
      const tillMs = this.#nowMs + this.#spentMs;
      this.#spentMs = 0;
      if (tillMs > this.#nowMs) this.#moveTo(tillMs, tillMs);
    }
    return true;
  }

  /**
   * For code that runs in an event: as if it had computed for `ms`. The stopwatch moves at once;
   * the clock, which stands still within an event, behind it.
   */
  spend(ms: number): void {
    assert(this.#isInEvent, "spend() was called outside of an event");
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`nobody can compute for ${ms} ms`);
    this.#spentMs += ms;
  }

  /**
   * Runs events until none is left at this time, without letting promises settle in between.
   * Answers how many ran. Throws when more than `eventsMax` (a million) do: something feeds itself.
   */
  run(eventsMax: number = EVENTS_MAX): number {
    let events = 0;
    while (this.step()) {
      events++;
      if (events > eventsMax) throw this.#restless(eventsMax);
    }
    return events;
  }

  /**
   * Moves the clock by `ms`, from wake-up to wake-up, and runs at each stop what there is to run.
   * Answers how many events ran.
   */
  advance(ms: number): number {
    const untilMs = this.#untilOf(ms);
    let events = this.run();
    while (this.nextAtMs <= untilMs) {
      this.#moveTo(this.nextAtMs, untilMs);
      events += this.run();
    }
    this.#moveTo(untilMs, untilMs);
    return events + this.run();
  }

  /**
   * Runs events, each with all of its microtasks, until there are none at this time. For handlers
   * with promises, where `run` is not enough.
   */
  settle(eventsMax: number = EVENTS_MAX): Promise<void> {
    return this.#driver.settle(eventsMax);
  }

  /** As `advance`, letting promises settle after each event. */
  elapse(ms: number): Promise<void> {
    return this.#driver.elapse(this.#untilOf(ms), EVENTS_MAX);
  }

  /**
   * Runs events, each with all of its microtasks, until `condition` holds. When there is nothing to
   * run, the clock moves on, by `withinMs` at most (default 0). Rejects when it never holds, with
   * what is pending.
   */
  runUntil(condition: () => boolean, options: RunUntilOptions = {}): Promise<void> {
    return this.#driver.runUntil(condition, this.#limitsOf(options));
  }

  /** As `runUntil`, until `promise` settles; answers as it does. */
  waitFor<T>(promise: PromiseLike<T>, options: RunUntilOptions = {}): Promise<T> {
    return this.#driver.waitFor(promise, this.#limitsOf(options));
  }

  /**
   * A client, with text in and out: `memory/client.ts` says what it can. It connects in an event.
   */
  client(address: Address): MemoryClient {
    return new MemoryClient(this, address);
  }

  /**
   * Calls `call` once in `ms` milliseconds, in an event of its own: for the clocks of clients,
   * which are not the server's. It cannot be taken back.
   */
  after(ms: number, call: () => void): void {
    const task = new Task("a call", NOBODY, call);
    const atMs = this.#untilOf(ms);
    if (ms > 0) this.#tasks.postpone(task, atMs);
    else this.#tasks.add(task);
  }

  /** Lets each `onData` of a handle bring at most `bytes` bytes: for a peer that reads slowly. */
  readAtMost(handle: Handle, bytes: number): void {
    MemoryHandle.endpointOf(handle).readBytesMax = bytes;
  }

  /**
   * A pipe: `adopt` takes its `source`, and `far` is its other end, which it takes an event to
   * reach. With a path it is a FIFO, for `openPipe`. The faults of streams are its faults too.
   */
  pipe(path?: string): MemoryPipe {
    return this.#pipes.pipe(path);
  }

  /**
   * When something happens next, on the scale of `now()`: that very time when an event could run
   * now, `Infinity` when nothing is left to happen. For drivers of your own.
   */
  get nextAtMs(): number {
    if (this.#tasks.length > 0) return this.#nowMs;
    return Math.min(this.#wakeTask.isWaiting ? Infinity : this.#wakeMs, this.#tasks.nextAtMs);
  }

  /** How often each fault could have happened so far, and how often it did. */
  get faultCounts(): Readonly<Record<FaultName, FaultCount>> {
    return this.#schedule instanceof FaultSchedule ? this.#schedule.count() : NO_FAULTS;
  }

  /** What is left to happen. */
  pending(): Pending {
    const open = [...this.#wire.open];
    return {
      runnable: this.#tasks.describe(),
      postponed: this.#tasks.describePostponed(),
      open: open.map(String),
      listening: this.#network.addresses(),
      files: this.files.openFiles,
      lentBufs: open.reduce((sum, endpoint) => sum + endpoint.lentCount, 0),
      wakeAtMs: this.#wakeMs,
    };
  }

  /**
   * Moves the clock, forward only; what is due by then is runnable. A fault may take it further.
   */
  #moveTo(ms: number, limitMs: number): void {
    const sleptMs = ms < limitMs ? this.#schedule.sleptMs() : 0;
    this.#nowMs = Math.max(this.#nowMs, Math.min(ms + sleptMs, limitMs));
    this.#wallOffsetMs += this.#schedule.wallStepMs();
    this.#tasks.timeIs(this.#nowMs);
    if (this.#wakeMs <= this.#nowMs) this.#wakeIsDue();
  }

  #restless(eventsMax: number): Error {
    const runnable = this.#tasks.describe().slice(0, 5).join("; ");
    return new Error(
      `the in-memory reactor is not quiet after ${eventsMax} events at ${this.#nowMs} ms; ` +
        `runnable: ${runnable}`,
    );
  }

  // Clock and Turn.

  now(): number {
    return this.#nowMs;
  }

  stopwatchMs(): number {
    return this.#nowMs + this.#spentMs;
  }

  wallTime(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  wakeAt(deadlineMs: number): void {
    this.#wakeMs = deadlineMs;
    if (deadlineMs <= this.#nowMs) this.#wakeIsDue();
  }

  #wakeIsDue(): void {
    if (this.#wakeTask.isWaiting) return;
    const lateMs = this.#schedule.lateByMs("wake", NOBODY);
    if (lateMs > 0) this.#tasks.postpone(this.#wakeTask, this.#nowMs + lateMs);
    else this.#tasks.add(this.#wakeTask);
  }

  attach(events: TurnEvents): void {
    assert(this.#turnEvents === null, "a second loop was attached to a reactor");
    this.#turnEvents = events;
  }

  soon(): void {
    assert(this.#turnEvents !== null, "soon() was called before a loop was attached");
    this.#tasks.add(this.#turnTask);
  }

  #wake(): void {
    if (this.#wakeMs > this.#nowMs) return;
    assert(this.#turnEvents !== null, "a wake-up came before a loop was attached");
    this.#wakeMs = Infinity;
    this.#turnEvents.onWake();
  }

  // Sockets and Streams.

  /** Listens at once: the promise needs no event. Nothing waits, so `backlog` bounds nothing. */
  // deno-lint-ignore require-await -- what listen throws has to come out as a rejection
  async listen(
    address: Address,
    events: StreamEvents,
    options: ListenOptions = {},
  ): Promise<Listener> {
    return this.#network.listen(address, events, options.reusePort ?? false);
  }

  connect(address: Address, events: StreamEvents): Handle {
    return this.#network.connect(address, events).handle;
  }

  send(handle: Handle, chain: Chain): SendCode {
    return MemoryHandle.endpointOf(handle).send(chain);
  }

  readStart(handle: Handle): void {
    MemoryHandle.endpointOf(handle).readStart();
  }

  readStop(handle: Handle): void {
    MemoryHandle.endpointOf(handle).readStop();
  }

  shutdown(handle: Handle): void {
    MemoryHandle.endpointOf(handle).shutdown();
  }

  close(handle: Handle): void {
    MemoryHandle.endpointOf(handle).close();
  }

  abort(handle: Handle): void {
    MemoryHandle.endpointOf(handle).abort();
  }

  remoteAddress(handle: Handle): Address {
    return MemoryHandle.endpointOf(handle).remote;
  }

  localAddress(handle: Handle): Address {
    return MemoryHandle.endpointOf(handle).local;
  }

  // Log and Entropy.

  log(level: LogLevel, text: string): void {
    const line = { level, text };
    this.logs.push(line);
    this.#onLog?.(line);
  }

  random(into: Uint8Array): void {
    this.#random.fill(into);
  }

  #limitsOf(options: RunUntilOptions): RunUntilLimits {
    const { withinMs = 0, idleTurns = IDLE_TURNS, eventsMax = EVENTS_MAX } = options;
    return { untilMs: this.#untilOf(withinMs), idleTurns, eventsMax };
  }

  #untilOf(ms: number): number {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`time cannot move by ${ms} ms`);
    return this.#nowMs + ms;
  }
}

/** Whom an event is about that is about no stream. */
const NOBODY = "";

function checkWhole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${name} must be a whole number from 1 to ${max}, not ${value}`);
}
