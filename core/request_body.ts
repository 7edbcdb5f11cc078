/**
 * A request's body as its consumer sees it: a flow that starts when somebody asks, stops when they
 * are full, and ends once. It holds no bytes of its own: what was not asked for stays with the
 * exchange, within its bound; what is decoded on its way, or kept as a whole, is with those that do
 * so.
 *
 * @module
 */

import { assert, AssertionFault } from "./assert.ts";
import { BodyCoding } from "./body_coding.ts";
import { BodyKeeper, type KeepingEvents } from "./body_keeper.ts";
import type { Coding } from "./capabilities/codecs.ts";
import { HttpError, RequestAborted } from "./errors.ts";
import { handlerFailed } from "./handlers.ts";
import type { HttpRequest } from "./http_request.ts";
import { type KeptBody, Replay } from "./kept_body.ts";

/** Gets a body. After `onBodyEnd` or `onBodyError`, exactly one of them, nothing more comes. */
export interface BodyConsumer {
  /** How many bytes, 1 or more, `onBody` may bring at once now. Default: 65,536. */
  readonly takesMax?: number;
  /** Bytes of the body, valid during the call only. */
  onBody(bytes: Uint8Array): void;
  /** The body was complete. Trailer fields are flat: name, value, name, value … */
  onBodyEnd(trailers: readonly string[]): void;
  /** The body cannot be had: what came of it is a part. */
  onBodyError(error: BodyError): void;
}

/**
 * The peer's fault (malformed, too large, late), a disk that fails under a kept body (status 500),
 * or the end of the request.
 */
export type BodyError = HttpError | RequestAborted;

/**
 * A request's body, taken in one of these ways, once: piece by piece (`read`), whole in memory
 * (`bytes`), or kept (`buffered`). Nothing is read for it before somebody takes it, beyond what is
 * read ahead. `docs/request-bodies.md` compares the three.
 */
export class RequestBody {
  /** The request that it belongs to. */
  readonly request: HttpRequest;
  #consumer: BodyConsumer | null = null;
  /** True exactly when the consumer wants bytes now. */
  #wanted = false;
  /** True exactly when the last byte has come, wherever it is. */
  #complete = false;
  /** True exactly when the consumer has it all. */
  #ended = false;
  #trailers: readonly string[] = NO_TRAILERS;
  #error: BodyError | null = null;
  #coding: BodyCoding | null = null;
  #keeper: BodyKeeper | null = null;
  #replay: Replay | null = null;
  #buffered: Promise<KeptBody> | null = null;

  constructor(request: HttpRequest) {
    this.request = request;
    this.#ended = !request.head.chunked && request.head.contentLength <= 0;
    this.#complete = this.#ended;
  }

  /** True exactly when bytes that come in are taken now. */
  get isFlowing(): boolean {
    return this.#wanted && (this.#coding === null || !this.#coding.isBusy);
  }

  /** True exactly when somebody has asked for the body and may still get it. */
  get isTaken(): boolean {
    return this.#consumer !== null && this.#error === null;
  }

  /** Why it will never be complete; null while it may be. */
  get error(): BodyError | null {
    return this.#error;
  }

  /** How much memory is held for it, in bytes, beside what its exchange has read ahead. */
  get heldBytes(): number {
    return (this.#keeper?.heldBytes ?? 0) + (this.#replay?.heldBytes ?? 0) +
      (this.#coding?.heldBytes ?? 0);
  }

  /** The most that its decoder may need, in bytes; 0 without one. */
  get codecBytes(): number {
    return this.#coding?.codecBytes ?? 0;
  }

  /**
   * Starts the flow to `consumer`. Bytes that are here already come within the call. A body has one
   * consumer; a second one is a programmer's error. One that was kept as a whole flows from where
   * it is kept.
   *
   * @throws {TypeError} when the body was taken before.
   */
  read(consumer: BodyConsumer): void {
    if (this.#consumer !== null) throw new TypeError(TAKEN);
    this.#consumer = consumer;
    if (this.#error !== null) consumer.onBodyError(this.#error);
    else if (this.#ended) consumer.onBodyEnd(this.#trailers);
    else this.start();
  }

  /** Stops the flow: at most the bytes of the current call still come. */
  stop(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    if (!this.#complete) this.request.exchange.bodyUnwanted(this.request);
  }

  /** Lets the flow go on after `stop`. */
  start(): void {
    if (this.#wanted || this.#ended || this.#error !== null) return;
    assert(this.#consumer !== null, "a body flows to a consumer");
    this.#wanted = true;
    this.goOn();
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

  /**
   * Keeps the whole body: in memory while it has at most `clientBodyBufferBytes`, else in a
   * temporary file. The same promise at each call. When it has resolved, the body can be read at
   * any offset, any number of times, and `read` and `bytes` work once as before. Rejects with a
   * `BodyError`, and with a `TypeError` when the body was taken before.
   */
  buffered(): Promise<KeptBody> {
    return this.#buffered ?? this.#keep(null);
  }

  // What follows is called by the core alone.

  /** As `buffered`, with calls beside the promise, for which nobody need ever ask. @internal */
  keep(events: KeepingEvents): void {
    this.#keep(events).catch(() => {});
  }

  #keep(events: KeepingEvents | null): Promise<KeptBody> {
    let resolve!: (kept: KeptBody) => void;
    let reject!: (error: unknown) => void;
    // First of all: the body may be here within the call, and whoever hears of it may ask for this.
    const buffered = this.#buffered = new Promise<KeptBody>((kept, failed) => {
      resolve = kept;
      reject = failed;
    });
    if (this.#consumer !== null) {
      reject(new TypeError(TAKEN));
      return buffered;
    }
    this.#keeper = new BodyKeeper(this, {
      bodyKept: (kept) => {
        this.#keeper = null;
        this.#consumer = null;
        this.#wanted = this.#ended = false;
        this.#replay = new Replay(this, kept);
        resolve(kept);
        events?.bodyKept(kept);
      },
      bodyNotKept: (error) => {
        this.#keeper = null;
        reject(error);
        events?.bodyNotKept(error);
      },
    });
    this.read(this.#keeper);
    return buffered;
  }

  /** Its content coding is undone from now on. Before anybody asks for it. */
  decode(coding: Coding): void {
    this.#coding = new BodyCoding(this, coding);
  }

  /** How many bytes `push` may bring at once now. */
  get takesMax(): number {
    return this.#coding?.takesMax ?? this.consumerTakesMax;
  }

  /** How many bytes `deliver` may bring at once now. */
  get consumerTakesMax(): number {
    return this.#consumer!.takesMax ?? PIECE_BYTES_MAX;
  }

  /** True exactly when the consumer wants bytes now. */
  get isWanted(): boolean {
    return this.#wanted;
  }

  /** The exchange has bytes and `isFlowing` holds. */
  push(bytes: Uint8Array): void {
    if (this.#coding === null) this.deliver(bytes);
    else this.#coding.push(bytes);
  }

  /** Bytes as the consumer wants them. */
  deliver(bytes: Uint8Array): void {
    try {
      this.#consumer!.onBody(bytes);
    } catch (error) {
      this.#consumerThrew(error);
    }
  }

  /** The last byte has come. May come before anybody asked. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    if (this.#complete || this.#error !== null) return;
    this.#complete = true;
    this.#trailers = trailers;
    if (this.#coding === null) this.finish(trailers);
    else this.#coding.end();
  }

  /** The consumer has had the last byte. */
  finish(trailers: readonly string[] = this.#trailers): void {
    this.#ended = true;
    this.#wanted = false;
    try {
      this.#consumer?.onBodyEnd(trailers);
    } catch (error) {
      this.#consumerThrew(error);
    }
  }

  /** What is here flows on, and then what comes, if it is wanted. */
  goOn(): void {
    if (!this.#wanted) return;
    this.#replay?.goOn();
    this.#coding?.goOn();
    if (this.#wanted && !this.#complete) this.request.exchange.bodyWanted(this.request);
  }

  /** The body will never be complete. Does nothing when it is. */
  fail(error: BodyError): void {
    if (!this.#complete) this.broke(error);
  }

  /** As `fail`, also where all of it came: it cannot be decoded, or not be kept. */
  broke(error: BodyError): void {
    if (this.#ended && this.#keeper === null || this.#error !== null) return;
    this.#error = error;
    this.stop();
    try {
      this.#consumer?.onBodyError(error);
    } catch (thrown) {
      this.#consumerThrew(thrown);
    }
  }

  /** A consumer is the application's, as its handler is: its failure is that one's. */
  #consumerThrew(error: unknown): void {
    if (error instanceof AssertionFault) throw error;
    this.stop();
    this.#consumer = NOBODY;
    this.#error ??= new RequestAborted("application");
    handlerFailed(this.request, error);
  }
}

/** In the place of a consumer that failed. */
const NOBODY: BodyConsumer = { onBody() {}, onBodyEnd() {}, onBodyError() {} };

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

const TAKEN = "the request's body was taken already";
const NO_TRAILERS: readonly string[] = [];
const FIRST_BYTES_MAX = 64 * 1024;
/** The most that an exchange brings at once. */
const PIECE_BYTES_MAX = 65_536;
