/**
 * Sends what an iterable application yields. It knows when to ask for the next item, how to wait,
 * and how an iteration ends; framing, compression and back-pressure are behind `HttpRequest.send`.
 *
 * What holds:
 * - The iterable is asked for an item only when the one before was accepted and the output is
 *   ready: `send` answered `OK`, and so did what was flushed while the iterable waited.
 * - It is never asked inside a call of its own, nor inside a `resume`: those only schedule.
 * - `return()` is called exactly once, whatever the end, and never while the generator runs.
 *
 * @module
 */

import type { Ambient } from "../capabilities/context.ts";
import { describe } from "../describe.ts";
import { HttpError, RequestAborted, textOfError } from "../errors.ts";
import { negotiate } from "../filters/compression.ts";
import { statusHasNoBody } from "../filters/head_only.ts";
import { finalizeRequest } from "../finalize.ts";
import { handlerFailed } from "../handlers.ts";
import { forsake, isPromiseLike } from "../promise_like.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { checkPreconditions } from "../http/preconditions.ts";
import type { ResponseHead } from "../http/response_head.ts";
import type { Loop } from "../loop.ts";
import type { Posted } from "../posted.ts";
import { AGAIN, ERROR } from "../status.ts";
import {
  isSuspension,
  type Suspension,
  type Thrown,
  Wait,
  type WaitOwner,
} from "../work/suspension.ts";
import type { IterableOutput } from "./iterable.ts";
import {
  type Chunk,
  isBlock,
  isChunk,
  type ItemIterator,
  type ItemStep,
  sizeOfChunk,
} from "./iterable_items.ts";

/** The next item may be asked for. */
const READY = 0;
/** It was asked for, and is not here. */
const ASKED = 1;
/** `send` answered `AGAIN`. */
const BLOCKED = 2;
/** A suspension was yielded that is not over. */
const SUSPENDED = 3;
/** Ended, failed or given up. */
const OVER = 4;

export class IterableSender implements Posted, WaitOwner {
  posted = false;
  nextPosted: Posted | null = null;
  readonly request: HttpRequest;
  readonly #out: IterableOutput;
  readonly #iterator: ItemIterator;
  readonly #hold: Hold;
  readonly #ambient: Ambient;
  #state: typeof READY | typeof ASKED | typeof BLOCKED | typeof SUSPENDED | typeof OVER = READY;
  /** True exactly while the iterable runs. */
  #isInside = false;
  /** How the iterable goes on: with a value, or with an error when there is one. */
  #value: unknown = undefined;
  #error: Thrown | null = null;
  #wait: Wait | null = null;
  /** True exactly when `return()` was called. */
  #isClosed = false;
  /** The length that the head promised; -1 for none. */
  #promisedBytes = -1;
  #offeredBytes = 0;
  /** Items that were asked for in a row, and since when. */
  #inARow = 0;
  #sinceMs = 0;

  constructor(request: HttpRequest, out: IterableOutput, iterator: ItemIterator) {
    this.request = request;
    this.#out = out;
    this.#iterator = iterator;
    this.#hold = request.hold(HOLD_REASON);
    this.#ambient = request.service.context.capture();
  }

  start(): void {
    const { request } = this;
    request.onTerminated(() => this.#giveUp());
    // A clock may answer in the place of an application that keeps its head to itself.
    request.onAbort((cause) => {
      if (cause === "timeout" || cause === "bad-request") this.#loop.post(this);
    });
    request.onWritable = () => {
      if (this.#state === BLOCKED) this.#goOn();
    };
    this.#rowBegins();
    // Here the ambient state is the right one.
    if (this.#state === READY && this.#out.flushAsked) this.#flush(null);
    this.#iterate();
  }

  /** The end of a turn: a wait is over, or the others had their share. */
  runPosted(): void {
    if (this.#state === READY) this.#goOn();
    else if (this.request.finalized) this.#giveUp();
    else if (this.#state === ASKED) this.request.flushIfIdle();
  }

  /** A wait is over. */
  woke(value: unknown, error: Thrown | null): void {
    this.#wait = null;
    this.#value = value;
    this.#error = error;
    this.#state = READY;
    this.#loop.post(this);
  }

  get #loop(): Loop {
    return this.request.exchange.loop;
  }

  #rowBegins(): void {
    this.#inARow = 0;
    this.#sinceMs = this.#loop.stopwatchMs();
  }

  /** Goes on from an event of somebody else. */
  #goOn(): void {
    if (this.request.finalized) {
      this.#giveUp();
      return;
    }
    this.#state = READY;
    this.#rowBegins();
    this.#ambient(iterate, this);
  }

  /** Asks for items until there is a reason to stop. Called in the application's ambient state. */
  #iterate(): void {
    while (this.#state === READY) {
      // While it waited, what an encoder held back may have filled the output.
      if (this.request.writableOwed) {
        this.#state = BLOCKED;
        return;
      }
      const share = this.#loop.stopwatchMs() - this.#sinceMs;
      if (++this.#inARow > ITEMS_IN_A_ROW_MAX || share > ROW_MS_MAX) {
        this.#loop.post(this);
        return;
      }
      this.#ask();
    }
  }

  /** `#iterate` as a function of the sender: what `Ambient` calls, without a closure each time. */
  static iterate(sender: IterableSender): void {
    sender.#iterate();
  }

  #ask(): void {
    const error = this.#error;
    const value = this.#value;
    this.#error = null;
    this.#value = undefined;
    this.#state = ASKED;
    this.#isInside = true;
    try {
      const step = error === null ? this.#iterator.next(value) : this.#throw(error.thrown);
      this.#isInside = false;
      if (isPromiseLike(step)) this.#await(step as PromiseLike<ItemStep>);
      else this.#took(step as ItemStep);
    } catch (thrown) {
      this.#isInside = false;
      this.#failed(thrown);
    }
  }

  #await(step: PromiseLike<ItemStep>): void {
    if (this.request.encoding !== null) this.#loop.post(this);
    step.then(
      (settled) => {
        try {
          this.#took(settled);
        } catch (thrown) {
          this.#failed(thrown);
        }
        this.#iterate();
      },
      (thrown) => this.#failed(thrown),
    );
  }

  #throw(error: unknown): ItemStep | PromiseLike<ItemStep> {
    if (this.#iterator.throw === undefined) throw error;
    return this.#iterator.throw(error);
  }

  /** Whatever it throws is the application's fault: an item may be of any kind. */
  #took(step: ItemStep): void {
    if (typeof step !== "object" || step === null) {
      throw new TypeError(`its next() answered ${describe(step)} instead of an object`);
    }
    if (this.#state === OVER) {
      // It was given up while the iterable ran; one that is asynchronous was told at once.
      forsake(step.value);
      if (!this.#isClosed) this.#close();
      return;
    }
    this.#state = READY;
    const { value } = step;
    if (this.#out.flushAsked && !isBlock(value)) this.#flush(null);
    if (this.#state !== READY) return;
    this.#out.flushAsked = false;
    if (step.done === true) this.#end();
    else if (isChunk(value)) this.#chunk(value);
    else if (isBlock(value)) this.#block(value.chunk, value.flush);
    else if (isSuspension(value) || isPromiseLike(value)) this.#suspend(value);
    else this.#failed(new TypeError(`it yielded ${describe(value)} instead of a chunk`));
  }

  #block(chunk: Chunk | null, flush: boolean): void {
    if (chunk !== null && !isChunk(chunk)) {
      throw new TypeError(`it yielded a block of ${describe(chunk)} instead of a chunk`);
    }
    if (flush) this.#flush(chunk);
    else if (chunk !== null) this.#chunk(chunk);
  }

  #chunk(chunk: Chunk): void {
    if (sizeOfChunk(chunk) > 0) this.#send(chunk, false);
    else this.#inARow = ITEMS_IN_A_ROW_MAX;
  }

  #flush(chunk: Chunk | null): void {
    this.#out.flushAsked = false;
    if (chunk !== null && sizeOfChunk(chunk) > 0) this.#send(chunk, true);
    else if (this.#commit()) this.#heed(this.request.flush());
  }

  #send(chunk: Chunk, flush: boolean): void {
    if (!this.#commit()) return;
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    this.#offeredBytes += sizeOfChunk(bytes);
    const code = this.request.send(bytes, flush ? FLUSH : undefined);
    if (this.#state === OVER) return;
    if (this.#promisedBytes >= 0 && this.#offeredBytes > this.#promisedBytes) {
      // What was too much is cut and logged by now.
      this.#end();
    } else {
      this.#heed(code);
    }
  }

  #heed(code: number): void {
    if (this.#state === OVER) return;
    if (code === ERROR) this.#giveUp();
    else if (code === AGAIN) this.#state = BLOCKED;
  }

  /** Sends the head if it is not out. Answers false when no body is wanted: then it is over. */
  #commit(): boolean {
    const { request } = this;
    if (this.#out.headSent) return true;
    const head = this.#decide();
    this.#promisedBytes = head.contentLength;
    const hasBody = !request.isHead && !statusHasNoBody(head.status) && head.status !== 412;
    if (hasBody) {
      request.startHead(head);
      return this.#state !== OVER;
    }
    this.#headAlone(head);
    return false;
  }

  /** The head, committed: that of the application, or what its preconditions make of it. */
  #decide(): ResponseHead {
    const { request } = this;
    const { response } = this.#out;
    this.#out.headSent = true;
    const isRead = request.method === "GET" || request.isHead;
    if (!isRead || response.status < 200 || response.status > 299) return response;
    const status = checkPreconditions(
      (name) => request.header(name),
      { etag: response.get("etag"), lastModified: response.get("last-modified") },
      this.#loop.wallTime(),
    );
    if (status === 200) return response;
    negotiate(request, response);
    response.become(status);
    return response;
  }

  #suspend(awaited: Suspension | PromiseLike<unknown>): void {
    this.#state = SUSPENDED;
    // Nobody knows for how long: what is ready does not wait with it.
    if (this.#out.headSent) this.request.flushIfIdle();
    this.#wait = new Wait(this.#loop, this);
    this.#wait.begin(awaited);
  }

  /** The iteration is complete. */
  #end(): void {
    const { request } = this;
    if (this.#out.headSent) {
      if (!request.responseEnded) request.end();
      this.#finish();
    } else {
      this.#headAlone(this.#decide());
    }
  }

  #headAlone(head: ResponseHead): void {
    const { request } = this;
    if (request.isHead) {
      request.startHead(head);
      request.end();
    } else {
      request.respondHead(head);
    }
    this.#finish();
  }

  #finish(): void {
    this.#state = OVER;
    if (!this.request.finalized) finalizeRequest(this.request);
    this.#close();
  }

  /** The application's fault, or the peer's. */
  #failed(error: unknown): void {
    if (this.#state === OVER) {
      this.#complain(error);
    } else {
      this.#state = OVER;
      handlerFailed(this.request, error);
    }
    if (!this.#isClosed) this.#close();
  }

  /** Nobody will get more of it. */
  #giveUp(): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.#wait?.giveUp();
    this.#wait = null;
    if (!this.request.finalized) finalizeRequest(this.request);
    // A generator that runs cannot be closed: whoever runs it does so then.
    if (!this.#isInside) this.#close();
  }

  /** Calls `return()`, once, and lets the request go when the iterable has cleaned up. */
  #close(): void {
    this.#isClosed = true;
    this.#out.lastPause?.giveUp();
    let step: unknown;
    try {
      step = this.#ambient(closeIterator, this.#iterator);
    } catch (error) {
      this.#closeFailed(error);
      return;
    }
    if (isPromiseLike(step)) {
      step.then((settled) => this.#closed(settled), (error) => this.#closeFailed(error));
    } else {
      this.#closed(step);
    }
  }

  /** One that yields in a `finally` is not asked again: nobody waits for what it yielded. */
  #closed(step: unknown): void {
    this.#hold.release();
    if (typeof step === "object" && step !== null) forsake((step as ItemStep).value);
  }

  #closeFailed(error: unknown): void {
    this.#complain(error);
    this.#hold.release();
  }

  #complain(error: unknown): void {
    // That a request was given up, or its body cannot be had, is its peer's fault and logged as
    // such.
    if (error instanceof RequestAborted) return;
    if (error instanceof HttpError && error.fault === "peer") return;
    this.request.complain(`an iterable application failed at its end\n${textOfError(error)}`);
  }
}

const { iterate } = IterableSender;

function closeIterator(iterator: ItemIterator): unknown {
  return iterator.return?.();
}

const encoder = new TextEncoder();

const HOLD_REASON = "body of an iterable application";
const FLUSH = { flush: true };
/**
 * A synchronous generator has so long in one turn (nginx and Twisted give 5 to 10 ms), and so many
 * items, which is for loops whose clock stands still. Its bytes are bounded by `turnBytesMax`.
 */
const ROW_MS_MAX = 5;
const ITEMS_IN_A_ROW_MAX = 1024;
