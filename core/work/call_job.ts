/**
 * A call of an export in a thread, as a promise. It knows when nobody waits for it any more; what
 * it answers, and how, is the pool's.
 *
 * @module
 */

import { RequestAborted } from "../errors.ts";
import {
  type CallOptions,
  type Job,
  type JobEntries,
  type JobSink,
  type StopCause,
  ThreadError,
  type ThreadService,
} from "../thread_service.ts";

/** See `ThreadService.callInThread`. */
export function callJob(
  threads: ThreadService,
  deadlineDefaultMs: number,
  module: URL | string,
  name: string,
  args: readonly unknown[],
  { request, signal, calls = {}, deadlineMs = deadlineDefaultMs }: CallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    if (request?.terminated === true) {
      reject(new RequestAborted(request.abortCause ?? "client-gone"));
      return;
    }
    const sink = new CallSink(resolve, reject, signal);
    const url = typeof module === "string" ? module : module.href;
    sink.job = threads.startJob(
      { module: url, name, args, style: "value", deadlineMs, calls },
      sink,
    );
    if (sink.job === null) {
      reject(queueFull(name));
      return;
    }
    signal?.addEventListener("abort", sink.aborted);
    if (request !== undefined) {
      const ended = (): void => {
        sink.stop("client-gone", new RequestAborted(request.abortCause ?? "application"));
      };
      request.onTerminated(ended);
      request.onCleanup(ended);
    }
  });
}

/** What a job gets that finds no place. */
function queueFull(name: string): ThreadError {
  return new ThreadError(
    "thread-queue-full",
    `no place for ${name}: the queue for threads is full`,
  );
}

class CallSink implements JobSink {
  job: Job | null = null;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly aborted: () => void;

  constructor(
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.aborted = () => this.stop("aborted", signal?.reason);
  }

  stop(cause: StopCause, reason: unknown): void {
    if (this.job === null) return;
    this.job.stop(cause);
    this.#settled();
    this.#reject(reason);
  }

  /** A call writes nothing. */
  jobBegan(_entries: JobEntries): void {}
  jobWoke(): void {}

  jobOver(error: ThreadError | null, value: unknown): void {
    this.#settled();
    if (error === null) this.#resolve(value);
    else this.#reject(error);
  }

  #settled(): void {
    this.job = null;
    this.#signal?.removeEventListener("abort", this.aborted);
  }
}
