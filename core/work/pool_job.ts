/**
 * One job of the pool, from its place in the queue to the last that is heard of it. It knows its
 * ring, its deadline and its sink; it knows its thread as somebody who can be told things and
 * ended.
 *
 * @module
 */

import type { Ambient } from "../capabilities/context.ts";
import { lineOfError, textOfError } from "../errors.ts";
import type { Posted } from "../posted.ts";
import { hearFailure } from "../promise_like.ts";
import {
  type Job,
  type JobCall,
  type JobSink,
  type StopCause,
  ThreadError,
} from "../thread_service.ts";
import { Timer, type TimerOwner } from "../timers.ts";
import { CALLS } from "./ring.ts";
import { RingReader } from "./ring_reader.ts";
import type { FromThread, ThreadFailure, ToThread } from "./thread_messages.ts";
import type { ThreadPool } from "./thread_pool.ts";

/** The thread that has a job. */
export interface PoolThread {
  post(message: unknown): void;
  terminate(): void;
}

type Over = Extract<FromThread, { kind: "over" }>;

export class PoolJob implements Job, TimerOwner {
  readonly id: number;
  readonly call: JobCall;
  /** True exactly until it is stopped, failed or over: after that the sink hears nothing. */
  isWanted = true;
  /** True exactly when it was stopped or overran: what it calls late is dropped. */
  #isGivenUp = false;
  readonly #sink: JobSink;
  readonly #pool: ThreadPool;
  readonly #timer: Timer = new Timer(this);
  /** The ambient state of whoever asked for the job: its calls run there. */
  readonly #ambient: Ambient;
  #thread: PoolThread | null = null;
  #reader: RingReader | null = null;

  constructor(id: number, call: JobCall, sink: JobSink, pool: ThreadPool) {
    this.id = id;
    this.call = call;
    this.#sink = sink;
    this.#pool = pool;
    this.#ambient = pool.host.context.capture();
  }

  /** True exactly when its thread waits for room. */
  get isHeldUp(): boolean {
    return this.#reader?.writerWaits ?? false;
  }

  // For whoever wants the job.

  stop(cause: StopCause): void {
    if (!this.isWanted) return;
    this.isWanted = false;
    this.#isGivenUp = true;
    if (this.#thread === null) {
      this.#pool.unqueue(this);
      return;
    }
    this.#reader?.stop(cause);
    this.#arm(this.#pool.host.clocks.threadLeaveMs);
  }

  expect(): void {
    if (this.isWanted && this.#thread !== null) this.#arm(this.call.deadlineMs);
  }

  excuse(): void {
    if (this.isWanted) this.#pool.host.loop.timers.disarm(this.#timer);
  }

  // For the pool.

  /** Gives it to a thread. False when its arguments cannot be copied: it has failed then. */
  begin(thread: PoolThread): boolean {
    this.#thread = thread;
    const { id, call } = this;
    const ring = this.#pool.takeRing();
    const credit: ToThread = { kind: "credit", job: id };
    const reader = new RingReader(ring, () => thread.post(credit), () => this.#recycle());
    this.#reader = reader;
    const message: ToThread = {
      kind: "job",
      job: id,
      style: call.style,
      module: call.module,
      name: call.name,
      args: call.args,
      ring: ring.memory,
      callsMax: this.#pool.host.limits.threadCallsMax,
    };
    this.#arm(call.deadlineMs);
    this.#sink.jobBegan(reader);
    try {
      thread.post(message);
    } catch (error) {
      this.#end(
        new ThreadError("thread-failed", `${call.name} cannot be called: ${lineOfError(error)}`),
      );
      return false;
    }
    return true;
  }

  woke(): void {
    if (this.isWanted) this.#sink.jobWoke();
  }

  /** The thread calls a function of the loop: at the end of this turn, or of a later one. */
  called(name: string, args: readonly unknown[]): void {
    this.#pool.host.loop.post(new Call(this, name, args));
  }

  runCall(name: string, args: readonly unknown[]): void {
    const reader = this.#reader;
    if (reader !== null) {
      Atomics.sub(reader.ring.words, CALLS, 1);
      reader.signal();
    }
    if (this.#isGivenUp) return;
    const failed = (error: unknown) =>
      this.#complain(`called "${name}", which failed\n${textOfError(error)}`);
    try {
      const run = this.#pool.functionOf(this, name);
      if (run === undefined) this.#complain(`called "${name}", which nobody registered`);
      else hearFailure(this.#ambient((): unknown => run(...args), undefined), failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The thread has come to the end of the job. */
  over({ value, failure }: Over): void {
    this.#end(failure === null ? null : errorOf(this.call, failure), value);
  }

  threadDied(reason: string): void {
    if (this.isWanted) this.#complain(`lost its thread: ${reason}`);
    this.#end(new ThreadError("thread-died", `the thread of ${this.call.name} ended: ${reason}`));
  }

  /** It will not be finished. */
  fail(error: ThreadError): void {
    if (this.#thread !== null && this.isWanted) this.#reader!.stop("closing");
    this.#isGivenUp = true;
    this.#tell(error, undefined);
  }

  /** Too late: for a result, or for leaving after it was stopped. */
  onTimer(): void {
    const { name, deadlineMs } = this.call;
    if (this.isWanted) {
      this.#complain(`overran its deadline of ${deadlineMs} ms: its thread is replaced`);
      this.#isGivenUp = true;
      this.#reader?.stop("deadline");
      this.#thread?.terminate();
      this.#tell(new ThreadError("thread-deadline", `${name} overran ${deadlineMs} ms`), undefined);
    } else {
      this.#complain("goes on though nobody wants it: its thread is replaced");
      this.#thread?.terminate();
    }
  }

  #end(error: ThreadError | null, value?: unknown): void {
    this.#thread = null;
    this.#pool.host.loop.timers.disarm(this.#timer);
    this.#tell(error, value);
    this.#recycle();
  }

  #tell(error: ThreadError | null, value: unknown): void {
    if (!this.isWanted) return;
    this.isWanted = false;
    this.#sink.jobOver(error, value);
  }

  /** The ring is for the next job as soon as it is read and home. */
  #recycle(): void {
    const reader = this.#reader;
    if (reader === null || this.#thread !== null || !reader.isHome || reader.hasEntry) return;
    this.#reader = null;
    reader.leave();
    this.#pool.giveRing(reader.ring);
  }

  #arm(inMs: number): void {
    const { loop } = this.#pool.host;
    loop.timers.arm(this.#timer, loop.now() + inMs);
  }

  #complain(text: string): void {
    this.#pool.host.log("error", `the job ${this.call.name} ${text}`);
  }
}

class Call implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  readonly #job: PoolJob;
  readonly #name: string;
  readonly #args: readonly unknown[];

  constructor(job: PoolJob, name: string, args: readonly unknown[]) {
    this.#job = job;
    this.#name = name;
    this.#args = args;
  }

  runPosted(): void {
    this.#job.runCall(this.#name, this.#args);
  }
}

function errorOf(call: JobCall, failure: ThreadFailure): ThreadError {
  if (failure.stopped) return new ThreadError("thread-stopped", failure.message);
  const cause = new Error(failure.message);
  cause.name = failure.name;
  cause.stack = failure.stack;
  return new ThreadError("thread-failed", `${call.name} failed: ${failure.message}`, cause);
}
