/**
 * Reading and writing ahead, for platforms that have promises where waiting needs readiness: a read
 * is begun while somebody waits, one at most at a time, and what it brings is kept until it is
 * taken. So a wait that is given up loses no byte. It knows two functions that answer promises, and
 * no platform.
 *
 * @module
 */

import type { PollState, Taken } from "../capabilities/polls.ts";
import { AGAIN } from "../status.ts";

/** How much one read ahead asks for. */
export const PREFETCH_BYTES = 16 * 1024;
/** How much `tryWrite` takes at a time: what is copied while the platform has it. */
export const WRITE_BYTES_MAX = 64 * 1024;

/** The next piece, which is the caller's from then on; null at the end. */
export type ReadPiece = () => Promise<Taken | null>;

/** What was read, or is being read, and was not taken. */
export interface Unread {
  readonly piece: Taken | null;
  readonly reading: Promise<Taken | null> | null;
}

export class ReadAhead {
  readonly #read: ReadPiece;
  /** What was read and not taken: one piece, or the rest of it. */
  #piece: Taken | null = null;
  #reading: Promise<Taken | null> | null = null;
  #ended = false;
  #error: { readonly cause: unknown } | null = null;
  #changed: (() => void) | null = null;
  #released = false;

  constructor(read: ReadPiece) {
    this.#read = read;
  }

  poll(): PollState {
    if (this.#piece !== null) return "ready";
    if (this.#error !== null) return "error";
    return this.#ended ? "hangup" : "waiting";
  }

  watch(changed: () => void): void {
    this.#changed = changed;
    this.#begin();
  }

  unwatch(): void {
    this.#changed = null;
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    const piece = this.#piece;
    if (piece === null) return this.#nothing();
    const bytes = bytesOf(piece.value);
    if (bytes.length <= bytesMax) {
      this.#piece = null;
      if (this.#changed !== null) this.#begin();
      return bytes;
    }
    this.#piece = { value: bytes.subarray(bytesMax) };
    return bytes.subarray(0, bytesMax);
  }

  tryTake(): Taken | null | typeof AGAIN {
    const piece = this.#piece;
    if (piece === null) return this.#nothing();
    this.#piece = null;
    if (this.#changed !== null) this.#begin();
    return piece;
  }

  /** Reading ends here: what is kept, and what is still to come, are somebody else's now. */
  release(): Unread {
    this.#released = true;
    const piece = this.#piece;
    this.#piece = null;
    return { piece, reading: this.#reading };
  }

  /** Whoever asks when there is nothing wants something: it is on its way. */
  #nothing(): null | typeof AGAIN {
    if (this.#error !== null) throw this.#error.cause;
    if (this.#ended) return null;
    this.#begin();
    return AGAIN;
  }

  #begin(): void {
    if (this.#reading !== null || this.#released || this.poll() !== "waiting") return;
    this.#reading = begun(this.#read);
    this.#reading.then(
      (taken) => {
        if (typeof taken === "object") this.#came(taken);
        else this.#failed(new TypeError("a read answers { value }, or null at the end"));
      },
      (cause) => this.#failed(cause),
    );
  }

  #failed(cause: unknown): void {
    this.#error = { cause };
    this.#came(undefined);
  }

  #came(taken: Taken | null | undefined): void {
    if (this.#released) return;
    this.#reading = null;
    if (taken === null) this.#ended = true;
    else if (taken !== undefined) {
      // An empty piece is nothing that could be read.
      if (taken.value instanceof Uint8Array && taken.value.length === 0) this.#begin();
      else this.#piece = taken;
    }
    if (this.#reading === null) this.#changed?.();
  }
}

export class WriteAhead {
  readonly #write: (bytes: Uint8Array) => Promise<unknown>;
  readonly #isEnded: () => boolean;
  #writing: Promise<void> | null = null;
  #error: { readonly cause: unknown } | null = null;
  #changed: (() => void) | null = null;

  /** `write` has its bytes to itself until it settles. */
  constructor(write: (bytes: Uint8Array) => Promise<unknown>, isEnded: () => boolean = no) {
    this.#write = write;
    this.#isEnded = isEnded;
  }

  poll(): PollState {
    if (this.#error !== null) return "error";
    if (this.#isEnded()) return "hangup";
    return this.#writing === null ? "ready" : "waiting";
  }

  watch(changed: () => void): void {
    this.#changed = changed;
  }

  unwatch(): void {
    this.#changed = null;
  }

  tryWrite(bytes: Uint8Array): number {
    if (this.#error !== null) throw this.#error.cause;
    if (this.#isEnded()) throw new Error("nothing can be written any more: the source has ended");
    if (this.#writing !== null) return 0;
    const piece = new Uint8Array(bytes.subarray(0, WRITE_BYTES_MAX));
    this.#writing = this.#write(piece).then(
      () => this.#over(),
      (cause) => {
        this.#error = { cause };
        this.#over();
      },
    );
    return piece.length;
  }

  /** Resolves when nothing is on its way out any more. */
  flushed(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  #over(): void {
    this.#writing = null;
    this.#changed?.();
  }
}

/**
 * A piece as bytes.
 *
 * @throws {TypeError} when it is something else.
 */
export function bytesOf(piece: unknown): Uint8Array {
  // A platform's class around the bytes would behave as the platform likes.
  if (piece instanceof Uint8Array && piece.constructor === Uint8Array) return piece;
  if (piece instanceof ArrayBuffer) return new Uint8Array(piece);
  if (ArrayBuffer.isView(piece)) {
    return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  }
  throw new TypeError("the source brought something that is no bytes: take it with tryTake");
}

/** A read that throws has failed like one that rejects. */
function begun(read: ReadPiece): Promise<Taken | null> {
  try {
    return Promise.resolve(read());
  } catch (error) {
    return Promise.reject(error);
  }
}

function no(): boolean {
  return false;
}
