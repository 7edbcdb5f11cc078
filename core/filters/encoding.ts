/**
 * One body on its way through an encoder: what waits to be encoded, and the slice that comes next.
 * It knows buffers and who gets them back; it knows no head, and not when there is room for more.
 *
 * @module
 */

import type { Buf } from "../buf.ts";
import type { BufPool } from "../buf_pool.ts";
import { type Codec, type CodecMode, ENCODER_BYTES_MAX } from "../capabilities/codecs.ts";
import { Chain } from "../chain.ts";
import { POOL_BUF_BYTES } from "../limits.ts";

export class Encoding {
  /** True exactly when something went in that may not have come out. */
  isHoldingBack = false;
  /** True exactly while a slice is on its way: what is sent meanwhile only queues. */
  isBusy = false;
  readonly #codec: Codec;
  readonly #pool: BufPool;
  /** True exactly when no byte may be held back: of an event stream. */
  readonly #flushesAll: boolean;
  /** What was put out and not passed on yet. */
  readonly out: Chain = new Chain();
  readonly #waiting = new Chain();
  /** What was encoded, and goes home when nobody is in the middle of something. */
  readonly #encoded = new Chain();
  /** The slice that is being encoded: where it ends in the first of `#waiting`, and how. */
  #end = 0;
  #mode: CodecMode = "write";
  /** True exactly when more is due of that slice than there was room for. */
  #isFull = false;
  /** Bytes that were encoded since a turn began. */
  #turnBytes = 0;
  #isClosed = false;

  /** Owns `codec` from now on. */
  constructor(codec: Codec, pool: BufPool, flushesAll: boolean) {
    this.#codec = codec;
    this.#pool = pool;
    this.#flushesAll = flushesAll;
  }

  /** True exactly when something waits to be encoded. */
  get hasInput(): boolean {
    return !this.#waiting.isEmpty;
  }

  /** The memory of what waits to be encoded, in bytes. Walks the chain. */
  get heldBytes(): number {
    let bytes = 0;
    for (let buf = this.#waiting.first; buf !== null; buf = buf.next) bytes += buf.bytes.length;
    return bytes;
  }

  /** The most that its encoder may need; 0 when that is closed. */
  get codecBytes(): number {
    return this.#isClosed ? 0 : ENCODER_BYTES_MAX[this.#codec.coding];
  }

  /** As `Output.isOverfull`. What waits here is not gathered: many small items are large. */
  isOverfull(bytesMax: number): boolean {
    return this.heldBytes + this.#waiting.count * ITEM_BYTES > bytesMax;
  }

  /** True exactly when this turn had its share of computing. */
  get hadItsShare(): boolean {
    return this.#turnBytes >= SHARE_BYTES;
  }

  turnBegins(): void {
    this.#turnBytes = 0;
  }

  take(chain: Chain): void {
    this.#waiting.appendChain(chain);
  }

  /**
   * Encodes a slice of what waits. In `out` is then what came of it, if only an empty buffer with
   * the marks. `isBroken`: the body must not look complete.
   *
   * @throws what the codec throws: nothing can be encoded any more, and `fail` is to be called.
   */
  encode(isBroken: boolean): void {
    const buf = this.#waiting.first!;
    const { last, flush } = buf;
    if (!this.#isFull) {
      this.#end = Math.min(buf.pos + SLICE_BYTES, buf.end);
      this.#turnBytes += this.#end - buf.pos;
      const isEnd = this.#end === buf.end;
      if (isEnd && last && !isBroken) this.#mode = "end";
      else this.#mode = isEnd && (last || flush || this.#flushesAll) ? "flush" : "write";
    }
    this.#run(buf);
    const isWhole = !this.#isFull && this.#end === buf.end;
    this.isHoldingBack = this.#isFull || this.#mode === "write";
    const tail = this.out.tail!;
    tail.last = isWhole && last;
    tail.flush = isWhole && (flush || this.#flushesAll);
    if (isWhole) this.#encoded.requeue(this.#waiting.shift());
  }

  /** Releases what was encoded as a whole. Its owners may send on inside. */
  sendHome(): void {
    this.#encoded.drop();
  }

  /** It failed in the middle: what it made does not leave. */
  fail(): void {
    this.isBusy = false;
    this.out.drop();
  }

  /** Gives up what waits, and frees the encoder. Again: does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isHoldingBack = false;
    this.#codec.close();
    this.#waiting.drop();
  }

  /** An encoder may have held back many slices, and give them all out behind one. */
  #run(buf: Buf): void {
    for (let rooms = 0; rooms < ROOMS_MAX; rooms++) {
      const room = this.#pool.take();
      // First of all, so that it goes home also where the step fails.
      this.out.append(room);
      const step = this.#codec.step(buf.bytes, buf.pos, this.#end, room.bytes, this.#mode);
      buf.pos += this.#codec.taken;
      room.end = this.#codec.made;
      this.#isFull = step === "full";
      if (!this.#isFull) return;
    }
  }
}

/** What an item costs beside its bytes. */
const ITEM_BYTES = 256;
/** How many pooled buffers may come of one slice before the sink is asked again: 64 KiB. */
const ROOMS_MAX = 4;
/** What comes of a slice at most before the sink is asked again. */
export const ENCODED_BYTES_MAX: number = ROOMS_MAX * POOL_BUF_BYTES;
/** How much goes through the encoder at a time, and before the sink is asked again. */
const SLICE_BYTES = 64 * 1024;
/** About 2 to 5 ms of `br` or `gzip`: then the others get their turn. */
const SHARE_BYTES = 256 * 1024;
