/**
 * A call of an export in a thread, as a promise. It knows when nobody waits for it any more; what
 * it answers, and how, is the pool's.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { RequestAborted } from "../errors.ts";
import type { HttpRequest } from "../http_request.ts";
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
    const sink = new CallSink(resolve, reject, request, signal);
    const url = urlOfModule(module, name);
    checkDeadline(deadlineMs);
    const job = threads.startJob(
      { module: url, name, args, style: "value", deadlineMs, calls },
      sink,
    );
    if (job === null) reject(queueFull(name));
    else sink.begin(job);
  });
}

/**
 * The URL of what a job runs.
 *
 * @throws {TypeError} for what names no module, or no export: closures do not cross.
 */
export function urlOfModule(module: URL | string, name: string): string {
  const url = typeof module === "string" ? module : (module as URL | undefined)?.href;
  if (typeof url !== "string") {
    throw new TypeError(
      `a module is named by its URL, not by ${
        describe(module)
      }: closures do not cross into a thread`,
    );
  }
  if (/^\.\.?\//.test(url)) {
    const absolute = `new URL(${JSON.stringify(url)}, import.meta.url)`;
    throw new TypeError(`${JSON.stringify(url)} is relative to nobody: ${absolute} is absolute`);
  }
  if (typeof name !== "string") {
    throw new TypeError(`an export is named by a text, not by ${describe(name)}`);
  }
  return url;
}

/** @throws {TypeError} for what is no time to wait for a thread. */
export function checkDeadline(deadlineMs: number): void {
  if (typeof deadlineMs === "number" && deadlineMs > 0) return;
  const shown = typeof deadlineMs === "string" ? JSON.stringify(deadlineMs) : String(deadlineMs);
  throw new TypeError(`deadlineMs is a number of more than 0, or Infinity, not ${shown}`);
}

/** What a job gets that finds no place. */
function queueFull(name: string): ThreadError {
  return new ThreadError(
    "thread-queue-full",
    `no place for ${name}: the queue for threads is full`,
  );
}

class CallSink implements JobSink {
  /** Null before it has begun, and when it is over. */
  #job: Job | null = null;
  #isOver = false;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #request: HttpRequest | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    request: HttpRequest | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#request = request;
    this.#signal = signal;
  }

  /** The job waits or runs, unless it could not even begin. */
  begin(job: Job): void {
    if (this.#isOver) return;
    this.#job = job;
    this.#signal?.addEventListener("abort", this.#aborted);
    this.#request?.onTerminated(this.#requestEnded);
    this.#request?.onCleanup(this.#requestEnded);
  }

  readonly #aborted = (): void => this.#stop("aborted", this.#signal!.reason);

  readonly #requestEnded = (): void => {
    const cause = this.#request!.abortCause ?? "application";
    this.#stop("client-gone", new RequestAborted(cause));
  };

  #stop(cause: StopCause, reason: unknown): void {
    const job = this.#job;
    if (job === null) return;
    job.stop(cause);
    this.#over();
    this.#reject(reason);
  }

  /** A call writes nothing. */
  jobBegan(_entries: JobEntries): void {}
  jobWoke(): void {}

  jobOver(error: ThreadError | null, value: unknown): void {
    this.#over();
    if (error === null) this.#resolve(value);
    else this.#reject(error);
  }

  #over(): void {
    this.#isOver = true;
    this.#job = null;
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#request?.forget(this.#requestEnded);
  }
}
