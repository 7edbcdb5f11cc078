/**
 * A request's body as its consumer sees it: a flow that starts when somebody asks, stops when they
 * are full, and ends once. It holds no bytes of its own; what was not asked for stays with the
 * exchange, within its bound.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { HttpError, type RequestAborted } from "./errors.ts";
import type { HttpRequest } from "./http_request.ts";

/** Gets a body. After `onBodyEnd` or `onBodyError`, exactly one of them, nothing more comes. */
export interface BodyConsumer {
  /** Bytes of the body, valid during the call only. */
  onBody(bytes: Uint8Array): void;
  /** The body was complete. Trailer fields are flat: name, value, name, value … */
  onBodyEnd(trailers: readonly string[]): void;
  onBodyError(error: BodyError): void;
}

/** The peer's fault (malformed, too large, late), or the end of the request. */
export type BodyError = HttpError | RequestAborted;

export class RequestBody {
  readonly request: HttpRequest;
  #consumer: BodyConsumer | null = null;
  #flowing = false;
  #ended = false;
  #trailers: readonly string[] = NO_TRAILERS;
  #error: BodyError | null = null;

  constructor(request: HttpRequest) {
    this.request = request;
    this.#ended = !request.head.chunked && request.head.contentLength <= 0;
  }

  /** True exactly when somebody takes bytes now. */
  get isFlowing(): boolean {
    return this.#flowing;
  }

  /** True exactly when somebody has asked for the body. */
  get isTaken(): boolean {
    return this.#consumer !== null;
  }

  /**
   * Starts the flow to `consumer`. Bytes that are here already come within the call. A body has one
   * consumer; a second one is a programmer's error.
   *
   * @throws {TypeError} when the body was taken before.
   */
  read(consumer: BodyConsumer): void {
    if (this.#consumer !== null) throw new TypeError("the request's body was taken already");
    this.#consumer = consumer;
    if (this.#error !== null) consumer.onBodyError(this.#error);
    else if (this.#ended) consumer.onBodyEnd(this.#trailers);
    else this.start();
  }

  /** Stops the flow: at most the bytes of the current call still come. */
  stop(): void {
    if (!this.#flowing) return;
    this.#flowing = false;
    this.request.exchange.bodyUnwanted(this.request);
  }

  /** Lets the flow go on after `stop`. */
  start(): void {
    if (this.#flowing || this.#ended || this.#error !== null) return;
    assert(this.#consumer !== null, "a body flows to a consumer");
    this.#flowing = true;
    this.request.exchange.bodyWanted(this.request);
  }

  /**
   * Reads the whole body into memory. `bytesMax` bounds it further than the server's own limit.
   * Rejects with a `BodyError`.
   */
  bytes(bytesMax = Infinity): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.read(new Collector(this, bytesMax, resolve, reject));
    });
  }

  // What follows is called by the exchange and by `HttpRequest` alone.

  /** The exchange has bytes and `isFlowing` holds. */
  push(bytes: Uint8Array): void {
    this.#consumer!.onBody(bytes);
  }

  /** The last byte has come. May come before anybody asked. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    if (this.#ended || this.#error !== null) return;
    this.#ended = true;
    this.#flowing = false;
    this.#trailers = trailers;
    this.#consumer?.onBodyEnd(trailers);
  }

  /** The body will never be complete. Does nothing when it is. */
  fail(error: BodyError): void {
    if (this.#ended || this.#error !== null) return;
    this.#error = error;
    this.stop();
    this.#consumer?.onBodyError(error);
  }
}

/** Collects a body of known or unknown length into one array. */
class Collector implements BodyConsumer {
  readonly #body: RequestBody;
  readonly #bytesMax: number;
  readonly #resolve: (bytes: Uint8Array) => void;
  readonly #reject: (error: BodyError) => void;
  #bytes: Uint8Array;
  #size = 0;

  constructor(
    body: RequestBody,
    bytesMax: number,
    resolve: (bytes: Uint8Array) => void,
    reject: (error: BodyError) => void,
  ) {
    this.#body = body;
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
    this.#reject = reject;
    // A declared length is a claim until its bytes have come: it may not reserve more than this.
    const declared = body.request.head.contentLength;
    this.#bytes = new Uint8Array(Math.min(Math.max(declared, 0), FIRST_BYTES_MAX));
  }

  onBody(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#bytesMax) {
      this.#body.stop();
      this.#body.fail(
        new HttpError(413, "body-too-large", `the body is larger than ${this.#bytesMax} bytes`),
      );
      return;
    }
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2, 1024));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#size);
    this.#size = size;
  }

  onBodyEnd(): void {
    const whole = this.#size === this.#bytes.length;
    this.#resolve(whole ? this.#bytes : this.#bytes.subarray(0, this.#size));
  }

  onBodyError(error: BodyError): void {
    this.#reject(error);
  }
}

const NO_TRAILERS: readonly string[] = [];
const FIRST_BYTES_MAX = 64 * 1024;
