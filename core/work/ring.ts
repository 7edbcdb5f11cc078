/**
 * The ring: a piece of shared memory through which a thread hands over what it makes, with credits
 * that come back. This file knows its layout alone; `ring_writer.ts` is the thread's side,
 * `ring_reader.ts` the loop's.
 *
 * First come the words below, then the data. The data is a row of entries: a word that holds kind
 * and length, and the payload, padded to whole words; payloads may run over the end to the start.
 * Positions count bytes without end, modulo 2 ** 32.
 *
 * Who waits: the writer for room, blocked on `SIGNAL` or for a message; the reader for entries, by
 * saying so in `ASLEEP` and getting one message. A word is always written before the other side's
 * is read, so that one of the two sees the other, and no wake is lost.
 *
 * @module
 */

import type { StopCause } from "../thread_service.ts";

/** Position behind the last entry. The writer's. */
export const WRITTEN = 0;
/** Position up to which the memory is the writer's again. The reader's. */
export const CREDITED = 1;
/** 1 exactly when the reader wants a message at the next entry. */
export const ASLEEP = 2;
/** How many bytes of room the writer waits for; 0 when it does not wait. */
export const NEEDED = 3;
/** 1 exactly when the writer waits for a message, not blocked. */
export const AWAITS = 4;
/** Why nobody wants more: 0, or a place in `STOP_CAUSES`. The reader's. */
export const STOPPED = 5;
/** Counts up whenever the writer may go on: what it blocks on. */
export const SIGNAL = 6;
/** Calls that the thread posted to the loop and that have not run. */
export const CALLS = 7;

const WORDS = 16;
const HEADER_BYTES = WORDS * 4;

// Kinds of entries.
/** Status and header fields, as JSON. */
export const HEAD = 1;
/** Bytes of the body. */
export const DATA = 2;
/** All that was written before leaves now. */
export const FLUSH = 3;
/** The end: all is well. */
export const FINISH = 4;

const KIND_SHIFT = 28;
const LENGTH_MASK = (1 << KIND_SHIFT) - 1;
/** Bytes of the word before a payload. */
export const ENTRY_BYTES = 4;
/**
 * The most that one entry carries. Buffers of so much at most show the send clock progress by each
 * of them; and four in the smallest window keep both sides busy.
 */
const PAYLOAD_BYTES_MAX = 64 * 1024;
export const WINDOW_BYTES_MIN = 64 * 1024;
export const WINDOW_BYTES_MAX = 1 << 30;

/** Why a job was stopped, by the number in `STOPPED`. The first stands for none. */
export const STOP_CAUSES: readonly (StopCause | "none")[] = [
  "none",
  "client-gone",
  "deadline",
  "aborted",
  "closing",
];

/** One ring, as both sides see it. */
export class Ring {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly data: Uint8Array;
  readonly #heads: Int32Array;
  /** Capacity less one; the capacity is a power of two. */
  readonly mask: number;
  /** The most that one entry of this ring carries. */
  readonly payloadBytesMax: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory, 0, WORDS);
    this.data = new Uint8Array(memory, HEADER_BYTES);
    this.#heads = new Int32Array(memory, HEADER_BYTES);
    this.mask = this.data.length - 1;
    this.payloadBytesMax = Math.min(PAYLOAD_BYTES_MAX, this.data.length >> 2);
  }

  /** Writes the word before a payload. */
  putHead(position: number, kind: number, length: number): void {
    this.#heads[(position & this.mask) >> 2] = (kind << KIND_SHIFT) | length;
  }

  kindAt(position: number): number {
    return this.#heads[(position & this.mask) >> 2]! >>> KIND_SHIFT;
  }

  lengthAt(position: number): number {
    return this.#heads[(position & this.mask) >> 2]! & LENGTH_MASK;
  }

  /** Makes a ring new again that neither side uses any more. */
  reset(): void {
    this.words.fill(0);
  }
}

/** Memory for a ring whose window is `bytes`, rounded up to a power of two. */
export function makeRing(bytes: number): Ring {
  const wanted = Math.min(Math.max(bytes, WINDOW_BYTES_MIN), WINDOW_BYTES_MAX);
  const size = 2 ** Math.ceil(Math.log2(wanted));
  return new Ring(new SharedArrayBuffer(HEADER_BYTES + size));
}

/** Bytes that an entry with a payload of `length` takes. */
export function entryBytes(length: number): number {
  return ENTRY_BYTES + ((length + 3) & ~3);
}
