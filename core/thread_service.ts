/**
 * Threads as requests and applications see them: calls of exports, jobs with output, and a report.
 * Types and prose, and one error; `work/thread_pool.ts` supplies it.
 *
 * A job is a call of one export of a module in a thread. Each has an identity of its own: what
 * comes late of one that was given up is dropped.
 *
 * @module
 */

import type { Buf } from "./buf.ts";
import { HttpError, knowInAnyCopy } from "./errors.ts";
import type { HttpRequest } from "./http_request.ts";

/**
 * Why a job has no result.
 *
 * - `thread-queue-full`: too many jobs wait already. Its status is 503.
 * - `thread-deadline`: the thread did not come to an end in time, and was replaced. 503.
 * - `thread-died`: it ended the thread, or the thread could not be started. 500.
 * - `thread-failed`: the export threw; `cause` is what it threw, as an `Error`. 500.
 * - `thread-stopped`: nobody wants the result any more. 500.
 */
export type ThreadErrorCode =
  | "thread-queue-full"
  | "thread-deadline"
  | "thread-died"
  | "thread-failed"
  | "thread-stopped";

/** A job that came to nothing. */
export class ThreadError extends HttpError {
  override name = "ThreadError";
  declare readonly code: ThreadErrorCode;

  constructor(code: ThreadErrorCode, message: string, cause?: unknown) {
    const isOverload = code === "thread-queue-full" || code === "thread-deadline";
    super(isOverload ? 503 : 500, code, message, isOverload ? "server" : "application");
    if (cause !== undefined) this.cause = cause;
  }
}

knowInAnyCopy(ThreadError, "thread-error");

/** A function on the loop that threads may call by its name. */
// deno-lint-ignore no-explicit-any -- what a thread sends is what the function says it takes
export type LoopFunction = (...args: any[]) => void;

/** What a call may bring along. */
export interface CallOptions {
  /** The job is stopped when this request ends before it. */
  readonly request?: HttpRequest;
  /** The job is stopped when it aborts. */
  readonly signal?: AbortSignal;
  /** How long the thread may take, in milliseconds. Default: the clock `threadDeadlineMs`. */
  readonly deadlineMs?: number;
  /**
   * Functions for this job alone: they come before those of `register`. All of them run in the
   * ambient state in which the job was asked for.
   */
  readonly calls?: Readonly<Record<string, LoopFunction>>;
}

/** The threads of a server. */
export interface ThreadService {
  /**
   * Calls an export of a module in a thread, with `args` and a `ThreadSide` behind them, and
   * resolves with what it answers. Arguments and the answer are copied (structured clone), so
   * functions do not cross; nor do the classes of what they are instances of.
   *
   * `module` is an absolute URL: `new URL("./work.ts", import.meta.url)`.
   *
   * Rejects with a `ThreadError`, or with the signal's reason.
   */
  callInThread(
    module: URL | string,
    name: string,
    args?: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown>;
  /**
   * Lets every job call `run` by `name`, with `callFromThread`. Calls run on the loop at the end of
   * a turn, in the order of their thread; those that come meanwhile run in the next turn.
   *
   * @throws {TypeError} when the name is taken, and for what is no function.
   */
  register(name: string, run: LoopFunction): void;
  /** Queues a job with output. Null when the queue is full. @internal */
  startJob(call: JobCall, sink: JobSink): Job | null;
  /** The threads as they are now, as a copy. */
  report(): ThreadsReport;
  /**
   * Ends every thread and every job. Resolves to 0 when the last thread is over, or after
   * `withinMs` to how many are not: from then on they do not keep the process alive.
   */
  close(withinMs: number): Promise<number>;
}

export interface JobCall {
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** `value`: called with `args`. `output`: called with the first of them, an output, the rest. */
  readonly style: "value" | "output";
  readonly deadlineMs: number;
  readonly calls: Readonly<Record<string, LoopFunction>>;
}

/** Gets what a job makes. `jobOver` comes exactly once and last, unless the job was stopped. */
export interface JobSink {
  /** A thread has it now. Its entries follow. */
  jobBegan(entries: JobEntries): void;
  /** There are entries, after `JobEntries.sleep` answered true. */
  jobWoke(): void;
  /** No more entries come than there are now. */
  jobOver(error: ThreadError | null, value: unknown): void;
}

/** Why a job is stopped; what the thread's next write says. */
export type StopCause = "client-gone" | "deadline" | "aborted" | "closing";

/** A job that waits or runs. */
export interface Job {
  /** Nobody wants it any more: the sink hears nothing from now on. */
  stop(cause: StopCause): void;
  /** The loop waits for the thread: from now on the deadline counts, anew. */
  expect(): void;
  /** The client has to take bytes first: the deadline does not count. */
  excuse(): void;
}

/** What a job wrote, in order: the loop's side of a ring. */
export interface JobEntries {
  /** True exactly when there is one. The three below are of the next one. */
  readonly hasEntry: boolean;
  /** `HEAD`, `DATA`, `FLUSH` or `FINISH` of `work/ring.ts`. */
  readonly kind: number;
  /** Bytes of its payload. */
  readonly length: number;
  /** Asks for one `jobWoke` at the next entry. False when there is one already. */
  sleep(): boolean;
  /** Copies the payload, which is credited at once, and goes on. */
  copy(into: Uint8Array, at: number): void;
  /** The payload where it is. Credited when the buffers are released. Goes on. */
  lend(): [Buf] | [Buf, Buf];
  /** Goes on without the payload. */
  skip(): void;
}

/** The threads as they are now. */
export interface ThreadsReport {
  /** Each thread that is not over. */
  readonly threads: readonly ThreadReport[];
  /** Jobs that wait for a thread. */
  readonly queued: number;
  /** Jobs that were begun so far. */
  readonly jobs: number;
  /** Threads that were started so far. */
  readonly started: number;
  /** Threads that died or had to be ended, but for those that a graceful close has ended. */
  readonly lost: number;
  /** How long the jobs that have ended took in all. */
  readonly tookMs: number;
  /** How long of that their clients held them up. */
  readonly waitedMs: number;
}

/** One thread. */
export interface ThreadReport {
  /** `starting`, `idle`, `running`, or `leaving`: running a job that nobody wants any more. */
  readonly state: "starting" | "idle" | "running" | "leaving";
  /** The export that runs, null when none does. */
  readonly job: string | null;
  /** For how long it has been in this state. */
  readonly ageMs: number;
  /** True exactly when it waits for a slow client. */
  readonly waits: boolean;
}
