/**
 * The answer of a job in the blocking mode: collected as fast as the thread makes it, and sent by
 * the loop when it is whole. It knows entries, the store and requests; it knows nothing of threads
 * but that the job may be stopped.
 *
 * What holds: the thread waits for the store, never for the client; and not a byte is sent before
 * the job has ended well.
 *
 * @module
 */

import { statusHasNoBody } from "../filters/head_only.ts";
import { finalizeRequest } from "../finalize.ts";
import { handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { AGAIN, ERROR, OK, type SendCode } from "../status.ts";
import { type Job, type JobEntries, type JobSink, ThreadError } from "../thread_service.ts";
import { ResultStore } from "./result_store.ts";
import { DATA, FINISH, HEAD } from "./ring.ts";
import type { HeadEntry } from "./thread_output.ts";

/** The job waits, or makes its result. */
const COLLECTING = 0;
/** The store writes to its file, and takes nothing meanwhile. */
const STORING = 1;
/** The result is on its way to the client. */
const SENDING = 2;
/** `send` answered `AGAIN`. */
const BLOCKED = 3;
/** The next piece is being read from the store's file. */
const READING = 4;
/** Finished, failed or given up. */
const OVER = 5;

export class WholeAnswer implements JobSink {
  readonly #request: HttpRequest;
  readonly #hold: Hold;
  readonly #store: ResultStore;
  #state:
    | typeof COLLECTING
    | typeof STORING
    | typeof SENDING
    | typeof BLOCKED
    | typeof READING
    | typeof OVER = COLLECTING;
  #job: Job | null = null;
  #entries: JobEntries | null = null;
  #head: HeadEntry = [200, []];
  #jobIsOver = false;
  #error: ThreadError | null = null;

  /** Takes the hold over: releases it when the request is finalized. */
  constructor(request: HttpRequest, hold: Hold) {
    this.#request = request;
    this.#hold = hold;
    this.#store = new ResultStore(request.service);
  }

  start(job: Job): void {
    this.#job = job;
    this.#request.onTerminated(() => this.#giveUp());
    this.#request.onAbort((cause) => cause === "timeout" && this.#giveUp(503));
    this.#request.onWritable = () => this.#writable();
  }

  jobBegan(entries: JobEntries): void {
    this.#entries = entries;
    entries.sleep();
  }

  jobWoke(): void {
    if (this.#state === COLLECTING) this.#pump();
  }

  jobOver(error: ThreadError | null): void {
    this.#jobIsOver = true;
    this.#error = error;
    if (this.#state >= SENDING) return;
    if (error !== null || this.#entries === null) this.#fail();
    else if (this.#state === COLLECTING) this.#pump();
  }

  // Collecting.

  #pump(): void {
    const entries = this.#entries!;
    while (this.#state === COLLECTING) {
      if (entries.hasEntry) this.#take(entries);
      else if (this.#jobIsOver) this.#fail();
      else if (entries.sleep()) return;
    }
  }

  #take(entries: JobEntries): void {
    const { kind, length } = entries;
    if (kind === DATA) {
      const { threadResultMaxBytes } = this.#request.service.limits;
      if (this.#store.size + length > threadResultMaxBytes) this.#tooLarge(threadResultMaxBytes);
      else this.#keep(entries);
      return;
    }
    if (kind === HEAD) {
      const text = new Uint8Array(length);
      entries.copy(text, 0);
      this.#head = JSON.parse(new TextDecoder().decode(text)) as HeadEntry;
      return;
    }
    entries.skip();
    if (kind === FINISH) this.#begin();
  }

  #keep(entries: JobEntries): void {
    const stored = this.#store.append(entries);
    if (stored === null) return;
    this.#state = STORING;
    this.#job?.excuse();
    stored.then(
      () => {
        if (this.#state !== STORING) return;
        this.#state = COLLECTING;
        this.#job?.expect();
        this.#pump();
      },
      (error) => {
        if (this.#state === STORING) this.#fail(error);
      },
    );
  }

  #tooLarge(bytesMax: number): void {
    this.#fail(new ThreadError("thread-failed", `its result has more than ${bytesMax} bytes`));
  }

  // Sending.

  #begin(): void {
    const [status, fields] = this.#head;
    const ours: [string, string][] = [];
    if (!statusHasNoBody(status)) ours.push(["content-length", String(this.#store.size)]);
    for (const [name, value] of fields) {
      if (!FRAMING.has(name.toLowerCase())) ours.push([name, value]);
    }
    this.#state = SENDING;
    try {
      if (this.#request.sendHead(status, ours) === ERROR) this.#giveUp();
    } catch (error) {
      this.#fail(error);
    }
    this.#send();
  }

  #send(): void {
    while (this.#state === SENDING) {
      if (this.#store.isRead) {
        this.#end();
        return;
      }
      const piece = this.#store.next();
      if (piece instanceof Uint8Array) {
        this.#sent(this.#request.send(piece));
        continue;
      }
      this.#state = READING;
      piece.then(
        (bytes) => {
          if (this.#state !== READING) return;
          this.#state = SENDING;
          this.#sent(this.#request.send(bytes));
          this.#send();
        },
        (error) => {
          if (this.#state === READING) this.#fail(error);
        },
      );
    }
  }

  #sent(code: SendCode): void {
    if (code === ERROR) this.#giveUp();
    else if (code === AGAIN && this.#state === SENDING) this.#state = BLOCKED;
  }

  #writable(): void {
    if (this.#state !== BLOCKED) return;
    this.#state = SENDING;
    this.#send();
  }

  #end(): void {
    this.#state = OVER;
    if (!this.#request.responseEnded) this.#request.end();
    finalizeRequest(this.#request, OK);
    this.#leave();
  }

  // The ends that are none.

  #fail(error: unknown = this.#error ?? new ThreadError("thread-died", "it ended without an end")) {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.#job?.stop("aborted");
    handlerFailed(this.#request, error instanceof ThreadError ? error.cause ?? error : error);
    this.#leave();
  }

  #giveUp(status = 0): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.#job?.stop("client-gone");
    if (!this.#request.finalized) finalizeRequest(this.#request, ERROR, status);
    this.#leave();
  }

  #leave(): void {
    this.#store.close();
    this.#hold.release();
  }
}

/** The result's own length is what counts. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);
