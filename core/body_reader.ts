/**
 * The body of the request that a connection reads now: who gets its bytes, when it is complete, and
 * how much of an unwanted one is dropped to keep the connection. It decodes and counts; what a
 * failure means for the connection is the connection's affair.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";
import { BODY_BAD, BODY_DATA, BODY_DONE, BodyDecoder } from "./http/body_decoder.ts";
import type { RequestHead } from "./http/request_head.ts";
import { TOO_LARGE } from "./refuse.ts";
import type { RequestBody } from "./request_body.ts";
import type { Limits } from "./limits.ts";

/** All bytes that are here were taken, or nobody wants more now. */
export const READ_MORE = 0;
/** Some were taken; go on. */
export const READ_ON = 1;
/** The body is complete. */
export const READ_DONE = 2;
/** It cannot be had: see `error`. */
export const READ_FAILED = 3;
/** More of it would have to be dropped than the limit allows. */
export const READ_TOO_MUCH = 4;

export class BodyReader {
  /** True exactly while the body is not complete. */
  pending = false;
  /** True exactly when the rest is read only to be dropped. */
  discarding = false;
  /** True exactly when `100 Continue` must be sent as soon as somebody wants the body. */
  continueOwed = false;
  /** Where to go on after `next`. */
  pos = 0;
  /** After `READ_FAILED`. */
  error: HttpError | null = null;
  #decoder: BodyDecoder | null = null;
  #dropped = 0;

  /** Bytes of it that were taken or dropped so far. */
  get seen(): number {
    return this.#decoder!.seen;
  }

  /** A request's head is complete. */
  begin(head: RequestHead, limits: Limits): void {
    this.pending = head.chunked || head.contentLength > 0;
    if (!this.pending) return;
    this.discarding = false;
    this.continueOwed = head.expectContinue;
    this.error = null;
    const decoder = this.#decoder ??= new BodyDecoder();
    if (head.chunked) decoder.startChunked(limits);
    else decoder.startLength(head.contentLength);
  }

  /** The request is over before its body: the rest is dropped from now on. */
  discard(): void {
    this.discarding = true;
    this.#dropped = 0;
  }

  /** True exactly when the rest will not be dropped to keep the connection. */
  restIsTooMuch(isTaken: boolean, limits: Limits): boolean {
    if (!this.pending || this.continueOwed) return this.pending;
    // Somebody who took the body may still read it to its end.
    return !isTaken && this.#decoder!.remaining > limits.discardBytesMax;
  }

  /** Takes one piece of `bytes[pos … end)` and hands it to the body. */
  next(bytes: Uint8Array, pos: number, end: number, body: RequestBody | null, limits: Limits) {
    this.pos = pos;
    if (!this.discarding && body?.isFlowing !== true) return READ_MORE;
    const decoder = this.#decoder!;
    // All that is allowed is handed over before one byte more is refused, however they came.
    const leftMax = Math.max(1, limits.clientBodyMaxBytes - decoder.seen);
    const most = this.discarding ? end - pos : Math.min(body!.takesMax, leftMax);
    const code = decoder.next(bytes, pos, end - pos > most ? pos + most : end);
    this.pos = decoder.pos;
    if (code === BODY_DATA) {
      const { dataStart, dataEnd } = decoder;
      if (this.discarding) {
        this.#dropped += dataEnd - dataStart;
        return this.#dropped > limits.discardBytesMax ? READ_TOO_MUCH : READ_ON;
      }
      if (decoder.seen > limits.clientBodyMaxBytes) return this.#fail(TOO_LARGE);
      const isSmall = dataEnd - dataStart < SMALL_BYTES && !decoder.isDone;
      const until = isSmall ? Math.min(pos + most, end) : this.pos;
      body!.push(this.pos < until ? this.#gather(bytes, until) : viewOf(bytes, dataStart, dataEnd));
      // A declared length is complete with its last byte: no event would come for a consumer that
      // has just stopped and starts again later.
      return decoder.isDone ? this.#done(body) : READ_ON;
    }
    if (code === BODY_DONE) return this.#done(body);
    if (code === BODY_BAD) return this.#fail(decoder.error!);
    return this.pos < end ? READ_ON : READ_MORE;
  }

  /**
   * The piece that was decoded just now, and those behind it up to `until`, as one: chunks of one
   * byte each cost a web stream and its reader 2 µs (Node 26) to 40 µs (Deno 2.9), all of them
   * before anybody else has a turn. What follows the pieces is left for the next call, save for the
   * end of the body. Nothing before `until` is too much.
   */
  #gather(bytes: Uint8Array, until: number): Uint8Array {
    const decoder = this.#decoder!;
    const first = viewOf(bytes, decoder.dataStart, decoder.dataEnd);
    let gathered: Uint8Array | null = null;
    let size = first.length;
    while (decoder.next(bytes, this.pos, until) === BODY_DATA) {
      const { dataStart, dataEnd } = decoder;
      if (gathered === null) {
        gathered = new Uint8Array(size + until - dataStart);
        gathered.set(first);
      }
      gathered.set(viewOf(bytes, dataStart, dataEnd), size);
      size += dataEnd - dataStart;
      this.pos = decoder.pos;
    }
    this.pos = decoder.pos;
    return gathered?.subarray(0, size) ?? first;
  }

  #done(body: RequestBody | null): typeof READ_DONE {
    this.pending = false;
    if (!this.discarding) body!.end(this.#decoder!.trailers);
    this.discarding = false;
    return READ_DONE;
  }

  #fail(error: HttpError): typeof READ_FAILED {
    this.error = error;
    return READ_FAILED;
  }
}

/** Not `subarray`: of a runtime's Buffer that is a Buffer, whose `slice` does not copy. */
function viewOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}

/** Chunks of less are gathered: a copy of them costs less than a call. */
const SMALL_BYTES = 1024;
