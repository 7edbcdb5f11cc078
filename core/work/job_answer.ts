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
import type { Posted } from "../posted.ts";
import { ERROR, OK } from "../status.ts";
import { type Job, type JobEntries, type JobSink, ThreadError } from "../thread_service.ts";
import type { HeadEntry } from "./thread_output.ts";

/** Finished, failed or given up. The last of the states of every answer. */
export const OVER = 9;

/** `States` are those before `OVER`. */
export abstract class JobAnswer<States extends number> implements JobSink, Posted {
  posted = false;
  nextPosted: Posted | null = null;
  protected readonly request: HttpRequest;
  protected state: States | typeof OVER;
  protected job: Job | null = null;
  protected entries: JobEntries | null = null;
  /** True exactly when the job has ended in its thread: the ring holds all there will be. */
  protected jobIsOver = false;
  protected error: ThreadError | null = null;
  readonly #hold: Hold;
  /** Entries that were taken in a row, and since when. */
  #inARow = 0;
  #sinceMs = 0;

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

  protected rowBegins(): void {
    this.#inARow = 0;
    this.#sinceMs = this.request.exchange.loop.stopwatchMs();
  }

  /**
   * True exactly when this event took its share of entries: the others go on in the next turn. A
   * thread writes small ones, and flushes, as quickly as the loop takes them.
   */
  protected hadItsShare(): boolean {
    const { loop } = this.request.exchange;
    if (
      ++this.#inARow <= ENTRIES_IN_A_ROW_MAX && loop.stopwatchMs() - this.#sinceMs <= ROW_MS_MAX
    ) {
      return false;
    }
    // Entries are progress: the deadline counts from the last of them.
    this.job?.expect();
    loop.post(this);
    return true;
  }

  /** The others had their turn. */
  runPosted(): void {
    this.jobWoke();
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

/** As an iterable application has them. The number is for loops whose clock stands still. */
const ROW_MS_MAX = 5;
const ENTRIES_IN_A_ROW_MAX = 1024;

function diedEarly(): ThreadError {
  return new ThreadError("thread-died", "the job ended without an end of its output");
}
