/**
 * A chain: buffers in the order in which their bytes leave. A buffer is in one chain at most; a
 * lent buffer is in none. It knows the states of buffers, and not what is in them nor who sends
 * them.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { type Buf, FREE, lendBuf, QUEUED, releaseBuf } from "./buf.ts";

/**
 * Buffers in order, linked through themselves: appending costs no memory. What is in a chain is the
 * chain's until it is lent, dropped or given back.
 */
export class Chain {
  /** The buffer that leaves next; null when there is none. Read it only. */
  first: Buf | null = null;
  /** The buffer that leaves last; null when there is none. Read it only. */
  tail: Buf | null = null;
  /** How many buffers are queued, empty ones (which carry a `flush` or `last`) included. */
  count = 0;
  /** The buffer that was lent last; its `pos` moves while the runtime gets rid of it. */
  lastLent: Buf | null = null;
  /** The memory of all buffers that were ever lent from here, in bytes. */
  lentBytesTotal = 0;

  /** True exactly when no buffer is queued, not even an empty one. */
  get isEmpty(): boolean {
    return this.first === null;
  }

  /** How many live bytes are queued. Walks the chain: for limits and reports, not for each byte. */
  size(): number {
    let size = 0;
    for (let buf = this.first; buf !== null; buf = buf.next) size += buf.end - buf.pos;
    return size;
  }

  /** Queues a free buffer at the end. The chain owns it until it is taken or dropped. */
  append(buf: Buf): void {
    assert(buf.state === FREE && buf.next === null, "a buffer was queued twice");
    buf.state = QUEUED;
    this.#link(buf);
  }

  /** Moves everything from `other` to the end of this chain. */
  appendChain(other: Chain): void {
    if (other.first === null) return;
    if (this.tail === null) this.first = other.first;
    else this.tail.next = other.first;
    this.tail = other.tail;
    this.count += other.count;
    other.first = other.tail = null;
    other.count = 0;
  }

  /** Puts a free buffer in front: a chunk's size line, say. */
  prepend(buf: Buf): void {
    assert(buf.state === FREE && buf.next === null, "a buffer was queued twice");
    buf.state = QUEUED;
    buf.next = this.first;
    this.first = buf;
    if (this.tail === null) this.tail = buf;
    this.count++;
  }

  /** Takes the first buffer off, still `QUEUED`: the caller lends, requeues or releases it. */
  shift(): Buf {
    const buf = this.first;
    assert(buf !== null, "an empty chain was shifted");
    this.first = buf.next;
    if (this.first === null) this.tail = null;
    buf.next = null;
    this.count--;
    return buf;
  }

  /** Puts a buffer that was shifted (and is still `QUEUED`) at the end. */
  requeue(buf: Buf): void {
    assert(buf.state === QUEUED && buf.next === null, "a buffer was requeued that was not shifted");
    this.#link(buf);
  }

  /** For a shim: takes the first buffer off and marks it lent. */
  lend(): Buf {
    const buf = this.shift();
    lendBuf(buf);
    this.lastLent = buf;
    this.lentBytesTotal += buf.bytes.length;
    return buf;
  }

  /** Releases everything that is queued: the response was given up. */
  drop(): void {
    while (this.first !== null) releaseBuf(this.shift());
  }

  /** Takes everything off again that was not accepted: it is the caller's, and no owner is told. */
  giveBack(): void {
    while (this.first !== null) {
      const buf = this.shift();
      buf.state = FREE;
      buf.last = false;
      buf.flush = false;
    }
  }

  #link(buf: Buf): void {
    if (this.tail === null) this.first = buf;
    else this.tail.next = buf;
    this.tail = buf;
    this.count++;
  }
}
