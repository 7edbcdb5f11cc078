/**
 * What the two ways of answering with the output of a job have in common: who hears of the job and
 * of the request, and the three ends of the answer. It knows neither when bytes are taken from the
 * job nor when they are sent: that is where `ThreadAnswer` and `WholeAnswer` differ.
 *
 * @module
 */

import { finalizeRequest } from "../finalize.ts";
import { handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { ERROR, OK } from "../status.ts";
import { type Job, type JobEntries, type JobSink, ThreadError } from "../thread_service.ts";
import type { HeadEntry } from "./thread_output.ts";

/** Finished, failed or given up. The last of the states of every answer. */
export const OVER = 9;

/** `States` are those before `OVER`. */
export abstract class JobAnswer<States extends number> implements JobSink {
  protected readonly request: HttpRequest;
  protected state: States | typeof OVER;
  protected job: Job | null = null;
  protected entries: JobEntries | null = null;
  /** True exactly when the job has ended in its thread: the ring holds all there will be. */
  protected jobIsOver = false;
  protected error: ThreadError | null = null;
  readonly #hold: Hold;

  /** Takes the hold over: releases it when the request is finalized. */
  constructor(request: HttpRequest, hold: Hold, first: States) {
    this.request = request;
    this.#hold = hold;
    this.state = first;
  }

  start(job: Job): void {
    this.job = job;
    this.request.onTerminated(() => this.giveUp());
    this.request.onAbort((cause) => cause === "timeout" && this.giveUp(503));
    this.request.onWritable = () => this.writable();
  }

  jobBegan(entries: JobEntries): void {
    this.entries = entries;
    entries.sleep();
  }

  abstract jobWoke(): void;

  jobOver(error: ThreadError | null): void {
    this.jobIsOver = true;
    this.error = error;
    if (this.state !== OVER) this.jobEnded();
  }

  /** `jobIsOver` and `error` say how. */
  protected abstract jobEnded(): void;

  /** The answer to an `AGAIN`: more may be sent. */
  protected abstract writable(): void;

  /** Takes a `HEAD` entry. */
  protected takeHead(entries: JobEntries): HeadEntry {
    const text = new Uint8Array(entries.length);
    entries.copy(text, 0);
    return JSON.parse(new TextDecoder().decode(text)) as HeadEntry;
  }

  /** The answer is complete. */
  protected end(): void {
    this.state = OVER;
    if (!this.request.responseEnded) this.request.end();
    finalizeRequest(this.request, OK);
    this.leave();
  }

  /** There is no answer, or no end of it. */
  protected fail(error: unknown = this.error ?? diedEarly()): void {
    if (this.state === OVER) return;
    this.state = OVER;
    this.job?.stop("aborted");
    handlerFailed(this.request, error instanceof ThreadError ? error.cause ?? error : error);
    this.leave();
  }

  /** Nobody will get more of it. */
  protected giveUp(status = 0): void {
    if (this.state === OVER) return;
    this.state = OVER;
    this.job?.stop("client-gone");
    if (!this.request.finalized) finalizeRequest(this.request, ERROR, status);
    this.leave();
  }

  /** Nothing is needed any more. */
  protected leave(): void {
    this.#hold.release();
  }
}

function diedEarly(): ThreadError {
  return new ThreadError("thread-died", "the job ended without an end of its output");
}
