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
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { AGAIN, ERROR, type SendCode } from "../status.ts";
import { type JobEntries, ThreadError } from "../thread_service.ts";
import { JobAnswer } from "./job_answer.ts";
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
type States =
  | typeof COLLECTING
  | typeof STORING
  | typeof SENDING
  | typeof BLOCKED
  | typeof READING;

export class WholeAnswer extends JobAnswer<States> {
  readonly #store: ResultStore;
  #head: HeadEntry = [200, []];

  /** As `JobAnswer`. */
  constructor(request: HttpRequest, hold: Hold) {
    super(request, hold, COLLECTING);
    this.#store = new ResultStore(request.service);
  }

  override jobWoke(): void {
    if (this.state === COLLECTING) this.#pump();
  }

  protected override jobEnded(): void {
    if (this.state >= SENDING) return;
    if (this.error !== null || this.entries === null) this.fail();
    else if (this.state === COLLECTING) this.#pump();
  }

  // Collecting.

  #pump(): void {
    const entries = this.entries!;
    this.rowBegins();
    while (this.state === COLLECTING) {
      if (entries.hasEntry) {
        if (this.hadItsShare()) return;
        this.#take(entries);
      } else if (this.jobIsOver) this.fail();
      else if (entries.sleep()) {
        this.job?.expect();
        return;
      }
    }
  }

  #take(entries: JobEntries): void {
    const { kind, length } = entries;
    if (kind === DATA) {
      const { threadResultMaxBytes } = this.request.service.limits;
      if (this.#store.size + length > threadResultMaxBytes) this.#tooLarge(threadResultMaxBytes);
      else this.#keep(entries);
      return;
    }
    if (kind === HEAD) {
      this.#head = this.takeHead(entries);
      return;
    }
    entries.skip();
    if (kind === FINISH) this.#begin();
  }

  #keep(entries: JobEntries): void {
    const stored = this.#store.append(entries);
    if (stored === null) return;
    this.state = STORING;
    this.job?.excuse();
    stored.then(
      () => {
        if (this.state !== STORING) return;
        this.state = COLLECTING;
        this.job?.expect();
        this.#pump();
      },
      (error) => {
        if (this.state === STORING) this.fail(error);
      },
    );
  }

  #tooLarge(bytesMax: number): void {
    this.fail(new ThreadError("thread-failed", `its result has more than ${bytesMax} bytes`));
  }

  // Sending.

  #begin(): void {
    const [status, fields] = this.#head;
    const ours: [string, string][] = [];
    if (!statusHasNoBody(status)) ours.push(["content-length", String(this.#store.size)]);
    for (const [name, value] of fields) {
      if (!FRAMING.has(name.toLowerCase())) ours.push([name, value]);
    }
    this.state = SENDING;
    try {
      if (this.request.sendHead(status, ours) === ERROR) this.giveUp();
      // What has no body needs none of what is stored.
      else if (this.request.isHead || statusHasNoBody(status)) this.end();
    } catch (error) {
      this.fail(error);
    }
    this.#send();
  }

  #send(): void {
    while (this.state === SENDING) {
      if (this.#store.isRead) {
        this.end();
        return;
      }
      const piece = this.#store.next();
      if (piece instanceof Uint8Array) {
        this.#sent(this.request.send(piece));
        continue;
      }
      this.state = READING;
      piece.then(
        (bytes) => {
          if (this.state !== READING) return;
          this.state = SENDING;
          this.#sent(this.request.send(bytes));
          this.#send();
        },
        (error) => {
          if (this.state === READING) this.fail(error);
        },
      );
    }
  }

  #sent(code: SendCode): void {
    if (code === ERROR) this.giveUp();
    else if (code === AGAIN && this.state === SENDING) this.state = BLOCKED;
  }

  protected override writable(): void {
    if (this.state !== BLOCKED) return;
    this.state = SENDING;
    this.#send();
  }

  protected override leave(): void {
    this.#store.close();
    super.leave();
  }
}

/** The result's own length is what counts. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);
