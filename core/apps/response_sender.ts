/**
 * Sends a web response whose body is a stream: all bodies are streams to whoever stands outside of
 * the platform, those that were made of a string too. It knows when to ask the stream for more, and
 * how to learn cheaply that there is no more; framing is the filters' affair.
 *
 * What holds:
 * - The stream is asked for a chunk only when the one before was accepted and the output is ready:
 *   `send` answered `OK`, and so did a flush.
 * - A body that ends with its first chunk leaves as one write with its Content-Length. The first
 *   chunk is held back for that until the stream says that it is over, or until the turn ends.
 * - An empty chunk never reaches the wire. It lets the turn end before the stream is asked again.
 * - What compression holds back leaves with an empty chunk, and when the stream has nothing at the
 *   end of a turn: a stream that waits has all that it gave on its way.
 * - The stream is asked and cancelled in the ambient state in which its response was answered,
 *   whoever's event it is.
 * - When no byte can reach the client any more, the stream is cancelled, once, with
 *   `RequestAborted`.
 *
 * @module
 */

import type { Ambient } from "../capabilities/context.ts";
import { RequestAborted } from "../errors.ts";
import { finalizeRequest } from "../finalize.ts";
import { handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest, SendOptions } from "../http_request.ts";
import type { ResponseHead } from "../http/response_head.ts";
import type { Posted } from "../posted.ts";
import { AGAIN, ERROR } from "../status.ts";
import { nameUntypedText } from "./untyped_text.ts";

/** Nothing was sent yet: the first chunk, if it is here, waits for company. */
const HOLDING_BACK = 0;
/** The head is out. */
const FLOWING = 1;
/** `send` answered `AGAIN`. */
const BLOCKED = 2;
/** Finished, failed or cancelled. */
const OVER = 3;

export class ResponseSender implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  readonly #request: HttpRequest;
  readonly #hold: Hold;
  readonly #head: ResponseHead;
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  readonly #settled: (result: ReadResult | undefined) => void;
  readonly #failed: (error: unknown) => void;
  /** Remembered when a stream turns out not to be over at once: before that no event comes. */
  #ambient: Ambient | null = null;
  #state: typeof HOLDING_BACK | typeof FLOWING | typeof BLOCKED | typeof OVER = HOLDING_BACK;
  #first: Uint8Array = NO_BYTES;
  /** True exactly when a read was asked for and has not settled. */
  #reading = false;
  /** True exactly when the stream has nothing behind the chunk that is here or on its way. */
  #closed = false;
  /** Rounds of microtasks for which the first chunk was held back. */
  #ticks = 0;
  /** Chunks that were sent since the loop last had its turn. */
  #inARow = 0;

  /**
   * Takes the hold over: releases it when the request is finalized.
   *
   * @throws {TypeError} when the stream is locked.
   */
  constructor(request: HttpRequest, hold: Hold, head: ResponseHead, stream: ReadableStream) {
    this.#request = request;
    this.#hold = hold;
    this.#head = head;
    this.#reader = stream.getReader();
    // By way of variables: V8 puts function literals that are assigned to properties into its old
    // space, where they would keep all of this alive until a full collection.
    const settled = (result: ReadResult | undefined) => this.#settle(result);
    const failed = (error: unknown) => this.#streamFailed(error);
    this.#settled = settled;
    this.#failed = failed;
  }

  start(): void {
    this.#ask();
    this.#reader.closed.then(this.#settled as () => void, this.#failed);
    ticking.then(this.#settled);
  }

  /** The end of a turn: what was held back goes out, and a stream that paused may go on. */
  runPosted(): void {
    this.#ambient!(turnEnded, this);
  }

  turnEnded(): void {
    this.#inARow = 0;
    if (this.#state === HOLDING_BACK) this.#begin();
    else if (this.#state !== FLOWING) return;
    else if (!this.#reading) this.#ask();
    // It has nothing now, and nobody knows for how long.
    else this.#request.flushIfIdle();
  }

  #settle(result: ReadResult | undefined): void {
    if (result === TICK) this.#ticked();
    else if (result === undefined) this.#streamClosed();
    else this.#read(result);
  }

  /** Bodies that are here as a whole are over by now; whoever is not lets the turn end. */
  #ticked(): void {
    if (this.#state !== HOLDING_BACK) return;
    if (++this.#ticks < TICKS_MAX) {
      ticking.then(this.#settled);
      return;
    }
    // Promises have brought the ambient state this far; posted calls and events do not.
    this.#ambient = this.#request.service.context.capture();
    this.#request.exchange.loop.post(this);
  }

  #ask(): void {
    // Behind an empty chunk: what an encoder held back may have filled the output.
    if (this.#request.writableOwed) {
      this.#state = BLOCKED;
      return;
    }
    this.#reading = true;
    if (this.#request.encoding !== null) this.#request.exchange.loop.post(this);
    this.#reader.read().then(this.#settled, this.#failed);
  }

  #read(result: ReadResult): void {
    this.#reading = false;
    if (this.#state === OVER) return;
    const chunk = result.value;
    if (result.done) {
      if (this.#state === HOLDING_BACK) this.#sendWhole();
      else this.#end();
    } else if (!(chunk instanceof Uint8Array)) {
      const what = chunk === null ? "null" : typeof chunk;
      this.#giveUp(new TypeError(`a response's stream gave ${what} instead of a Uint8Array`));
    } else if (this.#state === HOLDING_BACK) {
      this.#first = chunk;
      if (this.#closed) this.#sendWhole();
    } else {
      this.#send(chunk);
    }
  }

  #streamClosed(): void {
    this.#closed = true;
    if (this.#state === HOLDING_BACK && !this.#reading) this.#sendWhole();
  }

  /** The stream fails once, and says so by each promise that it gave. */
  #streamFailed(error: unknown): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    handlerFailed(this.#request, error);
    this.#hold.release();
  }

  /** The turn is over and the stream is not: head, and the first chunk if it came. */
  #begin(): void {
    const request = this.#request;
    if (request.terminated || request.finalized) {
      this.#cancel();
      return;
    }
    const chunk = this.#first;
    this.#first = NO_BYTES;
    this.#state = FLOWING;
    const cancel = () => this.#cancel();
    const goOn = () => this.#ambient!(becameWritable, this);
    request.onTerminated(cancel);
    request.onWritable = goOn;
    if (chunk.length > 0) nameUntypedText(this.#head, chunk);
    request.startHead(this.#head);
    if (chunk.length > 0) this.#send(chunk);
    else if (!this.#reading) this.#ask();
  }

  #send(chunk: Uint8Array): void {
    if (chunk.length === 0) {
      this.#request.flushIfIdle();
      this.#request.exchange.loop.post(this);
      return;
    }
    const code = this.#request.send(chunk, this.#closed ? LAST : undefined);
    if (this.#state !== FLOWING) return;
    if (code === ERROR) this.#cancel();
    else if (this.#closed) this.#over();
    else if (code === AGAIN) this.#state = BLOCKED;
    else if (++this.#inARow < CHUNKS_IN_A_ROW_MAX) this.#ask();
    else this.#request.exchange.loop.post(this);
  }

  writable(): void {
    if (this.#state !== BLOCKED) return;
    this.#state = FLOWING;
    this.#inARow = 0;
    this.#ask();
  }

  /** The stream ended with its first chunk, or without one. */
  #sendWhole(): void {
    this.#state = OVER;
    const chunk = this.#first;
    if (chunk.length > 0) nameUntypedText(this.#head, chunk);
    this.#request.respondHead(this.#head, chunk);
    this.#over();
  }

  #end(): void {
    if (!this.#request.responseEnded) this.#request.end();
    this.#over();
  }

  #over(): void {
    this.#state = OVER;
    if (!this.#request.finalized) finalizeRequest(this.#request);
    this.#hold.release();
  }

  /** Nobody will get more of the stream. */
  #cancel(): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    const cause = this.#request.abortCause ?? "client-gone";
    cancelStream(this.#request, this.#reader, new RequestAborted(cause));
    this.#over();
  }

  /** The application's fault: what it gave cannot be sent. */
  #giveUp(error: TypeError): void {
    cancelStream(this.#request, this.#reader, error);
    this.#streamFailed(error);
  }
}

const turnEnded = (sender: ResponseSender): void => sender.turnEnded();
const becameWritable = (sender: ResponseSender): void => sender.writable();

/** Cancels a stream or its reader; what the application's `cancel` throws goes to the log. */
export function cancelStream(
  request: HttpRequest,
  stream: { cancel(reason?: unknown): Promise<void> },
  reason?: unknown,
): void {
  stream.cancel(reason).then(undefined, (error) => {
    request.complain(`a response's stream failed to cancel: ${String(error)}`);
  });
}

interface ReadResult {
  readonly done: boolean;
  readonly value?: unknown;
}

/** What `ticking` settles with. */
const TICK: ReadResult = { done: false };
/** Settled: whoever waits for it is called in the next round of microtasks. */
const ticking = Promise.resolve(TICK);

const LAST: SendOptions = { last: true };
const NO_BYTES = new Uint8Array(0);

/**
 * A stream that always has a chunk is read in microtasks, which no socket can interrupt: after so
 * many chunks the others get their turn. (After 256 KiB they get it anyway: `send` answers
 * `AGAIN`.)
 */
const CHUNKS_IN_A_ROW_MAX = 64;

/**
 * Bodies of strings and bytes are over after one round of microtasks on Node 26 and Deno 2.9, after
 * two on Bun 1.4. Waiting for the end of the turn at once would ask the runtime for one each time.
 */
const TICKS_MAX = 4;
