/**
 * Iterable applications, the shape of WSGI: a generator of body chunks that is given the request
 * and a control object. This file makes a handler of one and has the control object; iterating, and
 * when to ask for more, is in `iterable_sender.ts`.
 *
 * @module
 */

import { describe } from "../describe.ts";
import type { Handle } from "../reactor.ts";
import { forsake } from "../promise_like.ts";
import type { Suspension } from "../work/suspension.ts";
import type { PollEvent } from "../work/poller.ts";
import type { Awaited, WaitAnyOptions } from "../work/wait_any.ts";
import { untilAny, untilReadable, untilWritable } from "../work/wait_suspensions.ts";
import type { PollOutcome, WaitOptions } from "../work/waits.ts";
import type { Handler } from "../handlers.ts";
import type { HttpRequest } from "../http_request.ts";
import { type HeaderFields, ResponseHead } from "../http/response_head.ts";
import { DONE, type ResultCode } from "../status.ts";
import { Pause, type PauseOptions } from "../work/pause.ts";
import {
  type Block,
  blockOf,
  type Chunk,
  type IterableItems,
  iteratorOf,
} from "./iterable_items.ts";
import { IterableSender } from "./iterable_sender.ts";

/**
 * Answers a request with what it yields: chunks of the body; `out.flush(…)`; a suspension, such as
 * `out.pause()`, to wait without a thread. It is asked for the next item only when the one before
 * was accepted and there is room for more.
 *
 * A synchronous generator is asked for some time (5 ms) and for some bytes, and then lets the
 * others have a turn. All of it runs in the ambient state (`AsyncLocalStorage`) in which the
 * application was called.
 *
 * `return()` is called exactly once: at the end, after an error, and when nothing more can reach
 * the client. What it throws before its head is out is answered with a 500; later the connection is
 * reset, so that nobody takes a part for the whole.
 */
export type IterableHandler = (request: HttpRequest, out: IterableOutput) => IterableItems;

/**
 * Makes a handler of an iterable application. The handler's name in log lines is `iterable`.
 *
 * @throws {TypeError} for what is no function: a generator was called too early.
 */
export function iterable(app: IterableHandler): Handler {
  if (typeof app !== "function") {
    throw new TypeError(`iterable takes a function, not ${describe(app)}`);
  }
  return function iterable(request: HttpRequest): ResultCode {
    const out = new IterableOutput();
    const items = app(request, out);
    const iterator = iteratorOf(items);
    if (iterator === null) {
      forsake(items);
      throw new TypeError(`it answered ${describe(items)} instead of an iterable of chunks`);
    }
    new IterableSender(request, out, iterator).start();
    return DONE;
  };
}

/** What an iterable application controls its answer by. */
export class IterableOutput {
  /** The head as it is now. */
  readonly response: ResponseHead = new ResponseHead();
  /**
   * True exactly when the head is out and cannot be replaced: from the first byte of the body on,
   * or from a flush.
   */
  headSent = false;
  /** True exactly when `flush` was called and nothing was yielded since. */
  flushAsked = false;
  /** The last pause; null before the first. */
  lastPause: Pause | null = null;

  /**
   * Sets the status and all fields of the head. May be called again, and then replaces the ones
   * before, until the head is out. Without any call it is a 200 without fields.
   *
   * @throws {TypeError} when the status or a field cannot be sent.
   * @throws {Error} when the head is out.
   */
  head(status: number, headers: HeaderFields = []): void {
    if (this.headSent) throw new Error("the head is out: it cannot be replaced");
    this.response.set(status, headers);
  }

  /**
   * A pause. Yield it: iteration stops until its `resume` is called, and costs nothing meanwhile.
   * The `yield` has the value of `pause.result`.
   *
   * Whatever was sent before is on its way while the application waits.
   *
   * @throws {Error} when the pause before was not yielded yet.
   */
  pause(options?: PauseOptions): Pause {
    if (this.lastPause?.yielded === false) {
      throw new Error("pause was called twice: yield the first one before");
    }
    return this.lastPause = new Pause(options);
  }

  /**
   * Makes an item of `chunk`, or of nothing, to be yielded: all up to here leaves now, through
   * compression, too.
   *
   * It commits the head before any body exists, also when what it answers is not yielded but
   * something else, or when the application is a function that calls it and answers its iterable
   * then. When the head has an ETag or Last-Modified, and the client has the same (RFC 9110 §13),
   * it is answered 304 and the iterable is closed without being asked for a chunk. The same goes
   * for HEAD.
   */
  flush(chunk: Chunk | null = null): Block {
    this.flushAsked = true;
    return blockOf(chunk, true);
  }

  /**
   * A wait until `handle` can be read, as `readable`. Yield it: the `yield` has the outcome for its
   * value. It ends with the request.
   */
  readable(handle: Handle, options?: WaitOptions): Suspension<PollOutcome> {
    return untilReadable(handle, options);
  }

  /** The same until something can be written, as `writable`. */
  writable(handle: Handle, options?: WaitOptions): Suspension<PollOutcome> {
    return untilWritable(handle, options);
  }

  /** The same for several handles, as `waitAny`: the `yield` has the events for its value. */
  waitAny(list: readonly Awaited[], options?: WaitAnyOptions): Suspension<PollEvent[]> {
    return untilAny(list, options);
  }
}
