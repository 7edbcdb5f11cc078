/**
 * The output of a job, in its thread: a head, and bytes as fast as the client takes them and no
 * faster. It knows the ring's entries; it knows nothing of the loop.
 *
 * @module
 */

import { describe } from "../describe.ts";
import type { ThreadPort } from "../capabilities/threads.ts";
import type { HeaderFields } from "../http/response_head.ts";
import { CALLS, DATA, FINISH, FLUSH, HEAD, type Ring } from "./ring.ts";
import { RingWriter } from "./ring_writer.ts";
import type { FromThread } from "./thread_messages.ts";

/** A job's way back to the loop: the last argument of every export that runs in a thread. */
export interface ThreadSide {
  /** True exactly when nobody wants the job's result any more. For loops that never write. */
  readonly isStopped: boolean;
  /**
   * Posts a call to the loop, where a function of this name was registered. Arguments are copied.
   * It does not wait for the call, but the thread is blocked while too many are on their way.
   *
   * @throws {ThreadStopped} when the job was stopped.
   */
  callFromThread(name: string, ...args: unknown[]): void;
}

/** The answer that a job makes. */
export interface ThreadOutput {
  /**
   * The status and the fields of the answer. May be set until the first byte, the last time counts.
   * Default: 200, with no fields.
   */
  head(status: number, headers?: HeaderFields): void;
  /**
   * Sends bytes, or text as UTF-8. They are copied: the memory is the caller's again when the call
   * returns (`writeSync`) or its promise resolves. It waits while the window is full.
   *
   * @throws {ThreadStopped} when nobody wants them: the client has left, the deadline has passed.
   */
  write(bytes: Uint8Array | string): Promise<void>;
  /** As `write`, blocking the thread, never the loop. For code that cannot await. */
  writeSync(bytes: Uint8Array | string): void;
  /** All that was written leaves now, the head too; as `write` otherwise. */
  flush(): Promise<void>;
  /** As `flush`, blocking the thread. */
  flushSync(): void;
}

export class JobSide implements ThreadSide {
  readonly writer: RingWriter;
  readonly #ring: Ring;
  readonly #port: ThreadPort;
  readonly #job: number;
  readonly #callsMax: number;

  constructor(ring: Ring, port: ThreadPort, job: number, callsMax: number) {
    this.#ring = ring;
    this.#port = port;
    this.#job = job;
    this.#callsMax = callsMax;
    this.writer = new RingWriter(ring, port, () => this.#post({ kind: "wake", job }));
  }

  get isStopped(): boolean {
    return this.writer.isStopped;
  }

  callFromThread(name: string, ...args: unknown[]): void {
    const { words } = this.#ring;
    this.writer.checkStopped();
    const hasRoom = () => Atomics.load(words, CALLS) < this.#callsMax;
    if (!hasRoom()) this.writer.blockUntil(hasRoom);
    // Copied first: what cannot be copied throws here and was never on its way.
    this.#post({ kind: "call", job: this.#job, name, args });
    Atomics.add(words, CALLS, 1);
  }

  #post(message: FromThread): void {
    this.#port.post(message);
  }
}

export class JobOutput implements ThreadOutput {
  readonly #writer: RingWriter;
  /** The head as JSON until it is written; null after. */
  #head: string | null = headText(200, []);
  /** What the first of the asynchronous writes that failed has failed of. */
  #failure: { readonly error: unknown } | null = null;

  constructor(writer: RingWriter) {
    this.#writer = writer;
  }

  head(status: number, headers: HeaderFields = []): void {
    if (this.#head === null) throw new Error("head was called after the answer had begun");
    this.#head = headText(status, headers);
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#kept(this.#write(bytes));
  }

  async #write(bytes: Uint8Array | string): Promise<void> {
    const data = dataOf(bytes);
    this.#begin();
    if (data.length > 0) await this.#writer.write(DATA, data);
    else this.#writer.checkStopped();
  }

  writeSync(bytes: Uint8Array | string): void {
    const data = dataOf(bytes);
    this.#beginSync();
    if (data.length > 0) this.#writer.writeSync(DATA, data);
    else this.#writer.checkStopped();
  }

  flush(): Promise<void> {
    return this.#kept(this.#flush());
  }

  async #flush(): Promise<void> {
    this.#begin();
    await this.#writer.write(FLUSH, NO_BYTES);
  }

  /**
   * A write that nobody awaits may fail: then so does its job, at its end, and not the thread,
   * which may have the next job by then.
   */
  #kept(written: Promise<void>): Promise<void> {
    written.catch((error) => {
      this.#failure ??= { error };
    });
    return written;
  }

  flushSync(): void {
    this.#beginSync();
    this.#writer.writeSync(FLUSH, NO_BYTES);
  }

  /** The end. Behind it nothing is written. */
  async finish(): Promise<void> {
    this.#begin();
    await this.#writer.idle();
    if (this.#failure !== null) throw this.#failure.error;
    await this.#writer.write(FINISH, NO_BYTES);
  }

  /** Puts the head in line. It is not awaited: what is written next keeps its place behind it. */
  #begin(): void {
    const head = this.#takeHead();
    if (head !== null) this.#kept(this.#writer.write(HEAD, head));
  }

  #beginSync(): void {
    const head = this.#takeHead();
    if (head !== null) this.#writer.writeSync(HEAD, head);
  }

  #takeHead(): Uint8Array | null {
    if (this.#head === null) return null;
    const bytes = encoder.encode(this.#head);
    if (bytes.length > HEAD_BYTES_MAX) {
      throw new RangeError(`the head has ${bytes.length} bytes, more than ${HEAD_BYTES_MAX}`);
    }
    this.#head = null;
    return bytes;
  }
}

/** @throws {TypeError} for what is neither bytes nor text. */
function dataOf(bytes: Uint8Array | string): Uint8Array {
  if (typeof bytes === "string") return encoder.encode(bytes);
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`a thread writes text or bytes, not ${describe(bytes)}`);
}

/** What the head's entry holds. */
export type HeadEntry = readonly [status: number, fields: ReadonlyArray<readonly [string, string]>];

function headText(status: number, headers: HeaderFields): string {
  const fields: [string, string][] = [];
  if (Symbol.iterator in headers) {
    for (const [name, value] of headers) fields.push([name, String(value)]);
  } else {
    for (const [name, value] of Object.entries(headers)) {
      if (Array.isArray(value)) { for (const one of value) fields.push([name, String(one)]); }
      else fields.push([name, String(value)]);
    }
  }
  return JSON.stringify([status, fields] satisfies HeadEntry);
}

/** A head is one entry, of which the smallest window takes so much. */
const HEAD_BYTES_MAX = 16 * 1024;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
