/**
 * The thread's side of a ring: it writes entries while there is room, and otherwise waits, blocked
 * or by a promise. It knows nothing of what entries mean, nor of the loop but that it wants to be
 * woken now and then.
 *
 * @module
 */

import type { ThreadPort } from "../capabilities/threads.ts";
import { knowInAnyCopy } from "../errors.ts";
import type { StopCause } from "../thread_service.ts";
import {
  ASLEEP,
  AWAITS,
  CREDITED,
  ENTRY_BYTES,
  entryBytes,
  NEEDED,
  type Ring,
  SIGNAL,
  STOP_CAUSES,
  STOPPED,
  WRITTEN,
} from "./ring.ts";

/** What a write throws when nobody wants the rest: the thread should end its job. */
export class ThreadStopped extends Error {
  override name = "ThreadStopped";
  override readonly cause: StopCause;

  constructor(cause: StopCause) {
    super(STOP_MESSAGES[cause]);
    this.cause = cause;
  }
}

knowInAnyCopy(ThreadStopped, "thread-stopped");

const STOP_MESSAGES: Readonly<Record<StopCause, string>> = {
  "client-gone": "nobody wants the rest of the output: the client left, or the request has ended",
  deadline: "the job has overrun its deadline",
  aborted: "the job was aborted by whoever asked for it",
  closing: "the server is closing",
};

export class RingWriter {
  readonly #ring: Ring;
  readonly #port: ThreadPort;
  readonly #wakeReader: () => void;
  #written: number;
  /** How long the thread was held up by a full ring so far, in milliseconds. */
  waitedMs = 0;
  /** Goes on with a write that waits for a message. */
  #resume: (() => void) | null = null;
  /** True exactly when the job has ended: the ring is another's. */
  #isOver = false;
  /** The last of the writes that wait in line; null when none does. */
  #line: Promise<void> | null = null;

  constructor(ring: Ring, port: ThreadPort, wakeReader: () => void) {
    this.#ring = ring;
    this.#port = port;
    this.#wakeReader = wakeReader;
    this.#written = Atomics.load(ring.words, WRITTEN);
  }

  /** True exactly when nobody wants more. */
  get isStopped(): boolean {
    return this.#isOver || Atomics.load(this.#ring.words, STOPPED) !== 0;
  }

  /**
   * Writes `bytes` in as many entries as are needed, and blocks the thread until all of it is in
   * the ring.
   *
   * @throws {ThreadStopped} when nobody wants it.
   */
  writeSync(kind: number, bytes: Uint8Array): void {
    if (this.#line !== null) {
      throw new Error("writeSync was called while a write has not been awaited");
    }
    let at = 0;
    do {
      const size = this.#nextSize(bytes, at);
      if (!this.#hasRoom(size)) this.#block(size);
      this.#put(kind, bytes, at, size);
      at += size;
    } while (at < bytes.length);
  }

  /** As `writeSync`, but waits by a promise. Writes that are not awaited keep their order. */
  write(kind: number, bytes: Uint8Array): Promise<void> {
    const written = this.#line === null
      ? this.#writeFrom(kind, bytes)
      : this.#line.then(() => this.#writeFrom(kind, bytes));
    const over = (): void => {
      if (this.#line === settled) this.#line = null;
    };
    const settled: Promise<void> = written.then(over, over);
    this.#line = settled;
    return written;
  }

  /** Resolves when no write waits in line any more, however each has ended. */
  async idle(): Promise<void> {
    while (this.#line !== null) await this.#line;
  }

  /** Whoever was promised room may look again. */
  credited(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  /** The job ends: whatever still holds its output cannot write into the next one's ring. */
  close(): void {
    this.#isOver = true;
  }

  /**
   * @throws {ThreadStopped} when nobody wants more.
   * @throws {Error} when the job has ended.
   */
  checkStopped(): void {
    if (this.#isOver) throw new Error("the job has ended: nothing more can be written or called");
    const cause = Atomics.load(this.#ring.words, STOPPED);
    if (cause !== 0) throw new ThreadStopped(STOP_CAUSES[cause] as StopCause);
  }

  /**
   * Blocks until `isFree` holds; it is asked again at each signal.
   *
   * @throws {ThreadStopped} when nobody wants more.
   * @throws {Error} where a thread cannot block.
   */
  blockUntil(isFree: () => boolean): void {
    const { wait } = this.#port;
    const { words } = this.#ring;
    if (wait === null) throw new Error(CANNOT_BLOCK);
    for (;;) {
      const signal = Atomics.load(words, SIGNAL);
      this.checkStopped();
      if (isFree()) return;
      const fromMs = this.#port.now();
      wait(words, SIGNAL, signal);
      this.waitedMs += this.#port.now() - fromMs;
    }
  }

  async #writeFrom(kind: number, bytes: Uint8Array): Promise<void> {
    let at = 0;
    do {
      const size = this.#nextSize(bytes, at);
      if (!this.#hasRoom(size)) await this.#awaitRoom(size);
      this.#put(kind, bytes, at, size);
      at += size;
    } while (at < bytes.length);
  }

  #nextSize(bytes: Uint8Array, at: number): number {
    this.checkStopped();
    return Math.min(bytes.length - at, this.#ring.payloadBytesMax);
  }

  #hasRoom(size: number): boolean {
    const used = (this.#written - Atomics.load(this.#ring.words, CREDITED)) | 0;
    return this.#ring.data.length - used >= entryBytes(size);
  }

  #block(size: number): void {
    const { words } = this.#ring;
    Atomics.store(words, NEEDED, entryBytes(size));
    try {
      this.blockUntil(() => this.#hasRoom(size));
    } finally {
      Atomics.store(words, NEEDED, 0);
    }
  }

  async #awaitRoom(size: number): Promise<void> {
    const { words } = this.#ring;
    const fromMs = this.#port.now();
    try {
      for (;;) {
        const told = new Promise<void>((resolve) => this.#resume = resolve);
        Atomics.store(words, AWAITS, 1);
        Atomics.store(words, NEEDED, entryBytes(size));
        this.checkStopped();
        if (this.#hasRoom(size)) return;
        await told;
      }
    } finally {
      Atomics.store(words, NEEDED, 0);
      Atomics.store(words, AWAITS, 0);
      this.#resume = null;
      this.waitedMs += this.#port.now() - fromMs;
    }
  }

  #put(kind: number, bytes: Uint8Array, from: number, size: number): void {
    const { data, mask, words } = this.#ring;
    this.#ring.putHead(this.#written, kind, size);
    const at = (this.#written + ENTRY_BYTES) & mask;
    const first = Math.min(size, data.length - at);
    if (first > 0) data.set(bytes.subarray(from, from + first), at);
    if (first < size) data.set(bytes.subarray(from + first, from + size), 0);
    this.#written = (this.#written + entryBytes(size)) | 0;
    Atomics.store(words, WRITTEN, this.#written);
    if (Atomics.load(words, ASLEEP) === 1 && Atomics.exchange(words, ASLEEP, 0) === 1) {
      this.#wakeReader();
    }
  }
}

const CANNOT_BLOCK = "this thread is simulated and cannot block: the window is full. Write with " +
  "await, or yield the bytes from a generator";
