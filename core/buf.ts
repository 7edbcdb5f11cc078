/**
 * A buffer: a window on memory plus facts about it. It knows who owns the memory and whether the
 * runtime has it now; it knows nothing of sockets or of HTTP.
 *
 * Life of a buffer: its owner fills it and queues it in a chain (`queued`); the runtime takes it
 * (`lent`); the runtime gives it back (`free` again), and the owner is told exactly once. Nobody
 * writes to memory that is queued or lent, except that the one who queued it may append behind
 * `end`.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** Told once when a buffer's memory is free again. */
export interface BufOwner {
  /** The memory is its owner's again. Must not throw: it is called from the midst of the core. */
  bufReleased(buf: Buf): void;
}

/** With its owner. */
export const FREE = 0;
/** In a chain of the core. */
export const QUEUED = 1;
/** With the runtime: not to be written to until released. */
export const LENT = 2;

/**
 * A window on memory. Whoever sends one leaves its memory alone until its owner is told that it is
 * free; to write into it before would change what is sent.
 */
export class Buf {
  /** The whole memory. Live bytes are `bytes[pos … end)`. */
  readonly bytes: Uint8Array;
  /** Where the live bytes begin. Moves on as they leave. */
  pos = 0;
  /** Behind the last live byte. */
  end = 0;
  /** True exactly when this is the last buffer of its response's body. */
  last = false;
  /** True exactly when everything up to here must leave now. */
  flush = false;
  /** `FREE`, `QUEUED` or `LENT`. */
  state: typeof FREE | typeof QUEUED | typeof LENT = FREE;
  /** The next buffer in the one chain that this one is in. */
  next: Buf | null = null;
  /** Who gets the memory back; null when nobody cares. */
  readonly owner: BufOwner | null;
  /** The view that was made last: buffers of a pool hold answers of the same size again. */
  #viewed: Uint8Array | null = null;
  #viewedAt = 0;

  /** A buffer over all of `bytes`, empty (`pos` and `end` 0) until `end` is set. */
  constructor(bytes: Uint8Array, owner: BufOwner | null = null) {
    this.bytes = bytes;
    this.owner = owner;
  }

  /** How many live bytes it holds. */
  get size(): number {
    return this.end - this.pos;
  }

  /**
   * True exactly when the memory was taken away by whoever sent it: transferred to another thread,
   * or made smaller.
   */
  get isGone(): boolean {
    return this.end > this.bytes.length;
  }

  /**
   * The live bytes, as a view. Borrowed: valid until the buffer is released. Zeros where the memory
   * is gone: a length that was promised is kept, and what is wrong is only what that sender sends.
   */
  view(): Uint8Array {
    if (this.isGone) return new Uint8Array(this.size);
    const { pos, end } = this;
    if (pos === 0 && end === this.bytes.length) return this.bytes;
    const viewed = this.#viewed;
    if (viewed !== null && this.#viewedAt === pos && viewed.length === end - pos) return viewed;
    this.#viewedAt = pos;
    return this.#viewed = this.bytes.subarray(pos, end);
  }

  /** Some of the live bytes, as `view`. */
  part(pos: number, end: number): Uint8Array {
    return this.isGone ? new Uint8Array(end - pos) : this.bytes.subarray(pos, end);
  }
}

/** A buffer whose live bytes are all of `bytes`. */
export function bufOf(bytes: Uint8Array, owner: BufOwner | null = null): Buf {
  const buf = new Buf(bytes, owner);
  buf.end = bytes.length;
  return buf;
}

/** True exactly when `value` is a buffer, of whatever copy of this package. */
export function isBuf(value: unknown): value is Buf {
  if (typeof value !== "object" || value === null) return false;
  const { bytes, size, state } = value as Partial<Buf>;
  return bytes instanceof Uint8Array && typeof size === "number" && typeof state === "number";
}

/** A runtime takes a queued buffer. Only a shim's `send` calls this, by way of `Chain.lend`. */
export function lendBuf(buf: Buf): void {
  assert(buf.state === QUEUED, "a buffer was lent that was not queued");
  buf.state = LENT;
}

/** Gives the memory back to its owner: the one way out of `QUEUED` and `LENT`. */
export function releaseBuf(buf: Buf): void {
  assert(buf.state !== FREE, "a buffer was released twice");
  buf.state = FREE;
  buf.pos = 0;
  buf.end = 0;
  buf.last = false;
  buf.flush = false;
  if (buf.owner !== null) buf.owner.bufReleased(buf);
}
