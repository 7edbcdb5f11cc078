/**
 * The loop's side of a ring: entries in their order, and credit for what was used. It knows who
 * must be told of credit; it knows nothing of what entries mean.
 *
 * Memory of an entry is the writer's again when it was given back and all before it were: a ring
 * has no holes.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { type Buf, bufOf, type BufOwner } from "../buf.ts";
import type { JobEntries, StopCause } from "../thread_service.ts";
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

export class RingReader implements JobEntries {
  readonly ring: Ring;
  readonly #wakeWriter: () => void;
  readonly #credited: () => void;
  /** Position of the next entry to be read. */
  #cursor: number;
  /** Entries whose memory is lent, oldest first, and those that were used up behind them. */
  #out: Entry[] = [];
  /** True exactly when the ring is another's. */
  #hasLeft = false;

  /**
   * `wakeWriter` is called when a writer waits for a message, `credited` when memory was given
   * back.
   */
  constructor(ring: Ring, wakeWriter: () => void, credited: () => void) {
    this.ring = ring;
    this.#wakeWriter = wakeWriter;
    this.#credited = credited;
    this.#cursor = Atomics.load(ring.words, CREDITED);
  }

  /** True exactly when there is an entry to be read. */
  get hasEntry(): boolean {
    return !this.#hasLeft && Atomics.load(this.ring.words, WRITTEN) !== this.#cursor;
  }

  /** True exactly when the writer waits for room. */
  get writerWaits(): boolean {
    return Atomics.load(this.ring.words, NEEDED) > 0;
  }

  /** True exactly when no memory of the ring is lent. */
  get isHome(): boolean {
    return this.#out.length === 0;
  }

  /** The kind of the next entry. */
  get kind(): number {
    return this.ring.kindAt(this.#cursor);
  }

  /** The payload's length of the next entry. */
  get length(): number {
    return this.ring.lengthAt(this.#cursor);
  }

  /**
   * Asks for one message at the next entry. False when there is one already: nothing was asked
   * then.
   */
  sleep(): boolean {
    const { words } = this.ring;
    Atomics.store(words, ASLEEP, 1);
    if (!this.hasEntry) return true;
    return Atomics.exchange(words, ASLEEP, 0) === 0;
  }

  /** Copies the next entry's payload to `into` at `at`, and goes on to the one behind it. */
  copy(into: Uint8Array, at: number): void {
    const { data, mask } = this.ring;
    const { length } = this;
    const from = (this.#cursor + ENTRY_BYTES) & mask;
    const first = Math.min(length, data.length - from);
    into.set(data.subarray(from, from + first), at);
    if (first < length) into.set(data.subarray(0, length - first), at + first);
    this.skip();
  }

  /** Goes on to the entry behind the next one, whose memory is used up. */
  skip(): void {
    const end = (this.#cursor + entryBytes(this.length)) | 0;
    this.#cursor = end;
    if (this.#out.length === 0) this.#credit(end);
    else this.#out.push(new Entry(this, end, 0));
  }

  /**
   * The next entry's payload as buffers over the ring itself: one, or two where it runs over the
   * end. Their release gives the credit back. Goes on to the entry behind it.
   */
  lend(): [Buf] | [Buf, Buf] {
    const { data, mask } = this.ring;
    const { length } = this;
    const from = (this.#cursor + ENTRY_BYTES) & mask;
    const first = Math.min(length, data.length - from);
    const end = (this.#cursor + entryBytes(length)) | 0;
    const entry = new Entry(this, end, first < length ? 2 : 1);
    this.#cursor = end;
    this.#out.push(entry);
    const front = windowOf(data, from, first, entry);
    return first < length ? [front, windowOf(data, 0, length - first, entry)] : [front];
  }

  /** Nobody wants more: the next write of the thread throws, and one that waits as well. */
  stop(cause: StopCause): void {
    const { words } = this.ring;
    if (Atomics.load(words, STOPPED) !== 0) return;
    Atomics.store(words, STOPPED, STOP_CAUSES.indexOf(cause));
    this.signal();
  }

  /** The ring is for another job: whoever read this one's output has come to its end. */
  leave(): void {
    assert(this.isHome && !this.hasEntry, "a ring was left before it was read");
    this.#hasLeft = true;
  }

  /** A writer that is blocked or waits looks again. */
  signal(): void {
    const { words } = this.ring;
    Atomics.add(words, SIGNAL, 1);
    Atomics.notify(words, SIGNAL);
    if (Atomics.exchange(words, AWAITS, 0) === 1) this.#wakeWriter();
  }

  /** For entries: one came home. */
  entryHome(): void {
    let home = 0;
    while (home < this.#out.length && this.#out[home]!.lent === 0) home++;
    if (home === 0) return;
    const { end } = this.#out[home - 1]!;
    this.#out.splice(0, home);
    this.#credit(end);
  }

  #credit(end: number): void {
    const { words, data } = this.ring;
    Atomics.store(words, CREDITED, end);
    const needed = Atomics.load(words, NEEDED);
    if (needed > 0) {
      const used = (Atomics.load(words, WRITTEN) - end) | 0;
      if (data.length - used >= needed) this.signal();
    }
    this.#credited();
  }
}

/** The memory of one entry, of which `lent` buffers are out. */
class Entry implements BufOwner {
  readonly end: number;
  lent: number;
  readonly #reader: RingReader;

  constructor(reader: RingReader, end: number, lent: number) {
    this.#reader = reader;
    this.end = end;
    this.lent = lent;
  }

  bufReleased(): void {
    assert(this.lent > 0, "memory of a ring came home twice");
    this.lent--;
    if (this.lent === 0) this.#reader.entryHome();
  }
}

function windowOf(data: Uint8Array, from: number, length: number, owner: BufOwner): Buf {
  return bufOf(data.subarray(from, from + length), owner);
}
