/**
 * The decoder of a request body: where its bytes are in what arrived, and where it ends (RFC 9112
 * §6, §7.1). It knows the framing; it refuses to know what a body is for, how large one may be, and
 * who wants it.
 *
 * It copies no data: after `BODY_DATA` the bytes are `bytes[dataStart … dataEnd)` of the caller's
 * own array. The outcome depends on the bytes alone, never on how they were split.
 *
 * @module
 */

import type { HttpError } from "../errors.ts";
import { chunkLineStep, LINE_LF, LINE_REST } from "./chunk_line.ts";
import { CR, HEX, isOws, LF, SEMICOLON } from "./grammar.ts";
import { refusal, type RefusalCode } from "./refusals.ts";
import { TRAILERS_DONE, TrailerSection } from "./trailer_section.ts";

/** There is data: `dataStart` and `dataEnd` say where. Never empty. */
export const BODY_DATA = 0;
/** All bytes are taken and the body goes on. */
export const BODY_MORE = 1;
/** The body is complete; what follows at `pos` is not part of it. */
export const BODY_DONE = 2;
/** The body is refused; `error` says how. */
export const BODY_BAD = 3;

export type BodyCode = typeof BODY_DATA | typeof BODY_MORE | typeof BODY_DONE | typeof BODY_BAD;

export interface ChunkLimits {
  /**
   * How many bytes of chunk extensions and trailer fields one body may have: 400 past it. Size
   * lines themselves are not counted, since a body of many small chunks is legitimate; each is at
   * most 16 digits long.
   */
  readonly chunkFramingBytesMax: number;
}

/** 2^53 - 1 has 14 digits; a few zeros before them hurt nobody. */
const SIZE_DIGITS_MAX = 16;

// What the body is made of, and for chunks, where the next byte stands.
const IN_LENGTH = 0;
const IN_SIZE = 1;
const IN_SIZE_LINE = 2;
const IN_DATA = 3;
const AT_DATA_CR = 4;
const AT_DATA_LF = 5;
const IN_TRAILERS = 6;

export class BodyDecoder {
  /** Where to go on after `next`. */
  pos = 0;
  dataStart = 0;
  dataEnd = 0;
  /** How many body bytes were handed out so far. */
  seen = 0;
  /** How many body bytes are known to follow; -1 while nobody knows. */
  remaining = 0;
  /**
   * True exactly when the body is complete. With a length it becomes true together with the last
   * `BODY_DATA`.
   */
  isDone = true;
  /** After `BODY_BAD`: the refusal. */
  error: HttpError | null = null;

  readonly #trailers = new TrailerSection();
  #state = IN_LENGTH;
  #lineState = LINE_REST;
  #size = 0;
  #sizeDigits = 0;
  #framingLeft = 0;

  /**
   * The trailer fields after the end, flat: name, value, name, value …. A new array for each body.
   */
  get trailers(): string[] {
    return this.#trailers.fields;
  }

  /** The next body has `length` bytes. */
  startLength(length: number): void {
    this.#start(IN_LENGTH, length);
  }

  /** The next body is chunked. */
  startChunked(limits: ChunkLimits): void {
    this.#start(IN_SIZE, -1);
    this.#size = 0;
    this.#sizeDigits = 0;
    this.#framingLeft = limits.chunkFramingBytesMax;
  }

  /** There is no body. */
  startNone(): void {
    this.#start(IN_LENGTH, 0);
  }

  #start(state: number, remaining: number): void {
    this.#state = state;
    this.remaining = remaining;
    this.isDone = remaining === 0;
    this.seen = 0;
    this.error = null;
    this.#trailers.reset();
  }

  /**
   * Takes bytes from `bytes[pos … end)` up to the next piece of data, the end of the body, or the
   * end of the bytes. Go on at `this.pos`. The array is borrowed for the call.
   */
  next(bytes: Uint8Array, pos: number, end: number): BodyCode {
    this.pos = pos;
    if (this.isDone) return BODY_DONE;
    if (this.error !== null) return BODY_BAD;
    if (pos === end) return BODY_MORE;
    if (this.#state !== IN_LENGTH) return this.#nextChunked(bytes, end);
    this.#data(Math.min(this.remaining, end - pos));
    this.remaining -= this.dataEnd - pos;
    this.isDone = this.remaining === 0;
    return BODY_DATA;
  }

  /** Hands out the next `size` bytes. */
  #data(size: number): void {
    this.dataStart = this.pos;
    this.pos = this.dataEnd = this.pos + size;
    this.seen += size;
  }

  #nextChunked(bytes: Uint8Array, end: number): BodyCode {
    while (this.pos < end) {
      if (this.#state === IN_DATA) {
        const size = Math.min(this.#size, end - this.pos);
        this.#data(size);
        this.#size -= size;
        if (this.#size === 0) this.#state = AT_DATA_CR;
        return BODY_DATA;
      }
      const refused = this.#framing(bytes[this.pos]);
      if (refused !== null) {
        this.error = refusal(refused);
        return BODY_BAD;
      }
      this.pos++;
      if (this.isDone) return BODY_DONE;
    }
    return BODY_MORE;
  }

  /** Takes one byte that is not data. */
  #framing(byte: number): RefusalCode | null {
    switch (this.#state) {
      case IN_SIZE:
        return this.#sizeDigit(byte);
      case IN_SIZE_LINE:
        return this.#sizeLine(byte);
      case AT_DATA_CR:
        if (byte !== CR) return byte === LF ? "bare-lf" : "bad-chunk-end";
        this.#state = AT_DATA_LF;
        return null;
      case AT_DATA_LF:
        if (byte !== LF) return "bare-cr";
        this.#size = 0;
        this.#sizeDigits = 0;
        this.#state = IN_SIZE;
        return null;
      default:
        return this.#trailer(byte);
    }
  }

  #sizeDigit(byte: number): RefusalCode | null {
    const digit = HEX[byte] - 1;
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      if (this.#size > Number.MAX_SAFE_INTEGER) return "chunk-too-large";
      return ++this.#sizeDigits > SIZE_DIGITS_MAX ? "bad-chunk-size" : null;
    }
    if (byte === LF) return "bare-lf";
    const endsSize = byte === CR || byte === SEMICOLON || isOws(byte);
    if (this.#sizeDigits === 0 || !endsSize) return "bad-chunk-size";
    this.#lineState = LINE_REST;
    this.#state = IN_SIZE_LINE;
    return this.#sizeLine(byte);
  }

  #sizeLine(byte: number): RefusalCode | null {
    if (this.#lineState === LINE_LF) {
      if (byte !== LF) return "bare-cr";
      this.#state = this.#size === 0 ? IN_TRAILERS : IN_DATA;
      return null;
    }
    const next = chunkLineStep(this.#lineState, byte);
    if (typeof next === "string") return next;
    this.#lineState = next;
    return next === LINE_LF ? null : this.#count();
  }

  #trailer(byte: number): RefusalCode | null {
    const refused = this.#trailers.counts(byte) ? this.#count() : null;
    if (refused !== null) return refused;
    const code = this.#trailers.take(byte);
    if (typeof code === "string") return code;
    if (code === TRAILERS_DONE) {
      this.isDone = true;
      this.remaining = 0;
    }
    return null;
  }

  #count(): RefusalCode | null {
    return --this.#framingLeft < 0 ? "chunk-framing-too-large" : null;
  }
}
