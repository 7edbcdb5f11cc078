/**
 * The answer of a job, streamed: from its ring into the response, as fast as the client takes it.
 * It knows entries and requests; it knows nothing of threads but that the job may be stopped.
 *
 * What holds:
 * - Nothing is taken out of the ring after `AGAIN`, so that the thread waits for the client.
 * - Small pieces that are there together leave together; large ones are lent from the ring itself,
 *   and their credit goes back when they are released. What is to be compressed is copied.
 * - A job that ends without its `FINISH` is never a clean end: an error answer, or a reset.
 *
 * @module
 */

import type { Buf } from "../buf.ts";
import { statusHasNoBody } from "../filters/head_only.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { GATHER_BYTES_MAX, POOL_BUF_BYTES } from "../limits.ts";
import { AGAIN, ERROR, type SendCode } from "../status.ts";
import { type JobEntries, ThreadError } from "../thread_service.ts";
import { JobAnswer, OVER } from "./job_answer.ts";
import { DATA, FINISH, HEAD } from "./ring.ts";

/** The job has not begun. */
const QUEUED = 0;
/** Entries are taken as they come. */
const FLOWING = 1;
/** `send` answered `AGAIN`. */
const BLOCKED = 2;
type States = typeof QUEUED | typeof FLOWING | typeof BLOCKED;

export class ThreadAnswer extends JobAnswer<States> {
  /** What is behind the ring's end of an entry whose front was answered `AGAIN`. */
  #rest: Buf | null = null;

  /** As `JobAnswer`. */
  constructor(request: HttpRequest, hold: Hold) {
    super(request, hold, QUEUED);
  }

  override jobBegan(entries: JobEntries): void {
    this.state = FLOWING;
    super.jobBegan(entries);
  }

  override jobWoke(): void {
    if (this.state === FLOWING) this.#pump();
  }

  protected override jobEnded(): void {
    const isLate = this.error?.code === "thread-deadline";
    if (this.entries === null || isLate) this.fail();
    else if (this.state === FLOWING) this.#pump();
  }

  protected override writable(): void {
    if (this.state !== BLOCKED) return;
    this.state = FLOWING;
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) this.#sendLent(rest);
    this.#pump();
  }

  protected override leave(): void {
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) giveBack(rest);
    super.leave();
  }

  #pump(): void {
    const entries = this.entries!;
    this.rowBegins();
    while (this.state === FLOWING) {
      if (entries.hasEntry) {
        if (this.hadItsShare()) return;
        this.#take(entries);
      } else if (this.jobIsOver) {
        this.fail();
      } else if (entries.sleep()) {
        this.job?.expect();
        return;
      }
    }
  }

  #take(entries: JobEntries): void {
    const { kind } = entries;
    if (kind === HEAD) this.#sendHead(entries);
    else if (kind === DATA) this.#sendData(entries);
    else if (kind === FINISH) this.#finish(entries);
    else {
      entries.skip();
      this.#sent(this.request.flush());
    }
  }

  #sendHead(entries: JobEntries): void {
    const [status, fields] = this.takeHead(entries);
    try {
      this.#sent(this.request.sendHead(status, fields));
      if (this.request.isHead || statusHasNoBody(status)) this.#endEarly();
    } catch (error) {
      this.fail(new ThreadError("thread-failed", "its head cannot be sent", error));
    }
  }

  #sendData(entries: JobEntries): void {
    // An encoder may not be given memory that another thread writes.
    const isLendable = this.request.encoding === null;
    if (isLendable && entries.length >= GATHER_BYTES_MAX) {
      const [front, rest] = entries.lend();
      this.#sendLent(front);
      if (rest === undefined) return;
      if (this.state === FLOWING) this.#sendLent(rest);
      else if (this.state === BLOCKED) this.#rest = rest;
      else giveBack(rest);
      return;
    }
    // What is here together leaves together: a line of text at a time would be a chunk each.
    const buf = this.request.service.pool.take(Math.max(POOL_BUF_BYTES, entries.length));
    do {
      const { length } = entries;
      if (buf.end + length > buf.bytes.length) break;
      entries.copy(buf.bytes, buf.end);
      buf.end += length;
    } while (entries.hasEntry && entries.kind === DATA && entries.length < GATHER_BYTES_MAX);
    const code = this.request.send(buf);
    if (code === ERROR) {
      buf.end = 0;
      giveBack(buf);
    }
    this.#sent(code);
  }

  #sendLent(buf: Buf): void {
    const code = this.request.send(buf);
    if (code === ERROR) giveBack(buf);
    this.#sent(code);
  }

  #sent(code: SendCode): void {
    if (code === ERROR) this.giveUp();
    else if (code === AGAIN && this.state === FLOWING) {
      this.state = BLOCKED;
      this.job?.excuse();
    }
  }

  /** There is no body to send: the job need not make it. */
  #endEarly(): void {
    if (this.state === OVER) return;
    this.job?.stop("client-gone");
    this.end();
  }

  #finish(entries: JobEntries): void {
    entries.skip();
    this.end();
  }
}

/** Memory that was not accepted goes home unsent. */
function giveBack(buf: Buf): void {
  buf.owner!.bufReleased(buf);
}
