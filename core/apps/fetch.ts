/**
 * Fetch applications: `export default { fetch }`, as Hono and its like are. This file makes a
 * handler of one: it calls the application with a lazy request, and takes the head of the response.
 * It knows the shapes on both sides; bodies are in `lazy_request.ts` and `response_sender.ts`.
 *
 * @module
 */

import type { WholeBodies } from "../capabilities/whole_bodies.ts";
import { describe } from "../describe.ts";
import { RequestAborted, textOfError } from "../errors.ts";
import { finalizeRequest } from "../finalize.ts";
import { statusHasNoBody } from "../filters/head_only.ts";
import { type Handler, handlerDeclined, handlerFailed } from "../handlers.ts";
import { isPromiseLike } from "../promise_like.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { ResponseHead } from "../http/response_head.ts";
import { GATHER_BYTES_MAX } from "../limits.ts";
import type { Address } from "../reactor.ts";
import { DECLINED, DONE, type ResultCode } from "../status.ts";
import type { ThreadService } from "../thread_service.ts";
import { LazyRequest } from "./lazy_request.ts";
import { cancelStream, ResponseSender } from "./response_sender.ts";
import { nameUntypedText } from "./untyped_text.ts";

export { toRequest } from "./lazy_request.ts";

/** An application in the shape of the Fetch standard. */
export interface FetchApp {
  /** Called as a method of the application. */
  fetch: FetchHandler;
}

/**
 * The `fetch` of an application: answers a request.
 *
 * The request is lazy: see `toRequest` for the two places where a platform refuses it. Its body's
 * methods reject with an `HttpError` when the body cannot be had; one that nobody catches becomes
 * the answer's status. `request.signal` aborts with a `RequestAborted` when the client leaves, a
 * clock runs out or the server closes before the last byte of the answer was accepted; never after.
 *
 * A response's stream is read only while the client takes its bytes. Its chunks are `Uint8Array`s
 * and belong to the server once they are enqueued: of 16 KiB and more they are sent from where they
 * are, so a stream that writes to a chunk's memory again corrupts what is sent.
 *
 * It is the type of a method, whose parameters TypeScript compares in both directions: a framework
 * whose `fetch` declares more of its context than any server has, as Hono's, can be served.
 */
export type FetchHandler = {
  fetch(
    request: Request,
    env?: FetchEnv,
    context?: FetchContext,
  ): Response | Promise<Response>;
}["fetch"];

/** The second argument of `fetch`, Hono's `c.env`: nothing in it costs before it is read. */
export interface FetchEnv {
  /** The client's end of the connection. */
  readonly remote: Address;
  /** This server's end of the connection. */
  readonly local: Address;
  /** An identifier that no other request of this server has. */
  readonly requestId: string;
  /** The threads of this server, for `callInThread`. */
  readonly threads: ThreadService;
  /**
   * The same request as native handlers see it: for what takes one, such as `step`. The response
   * that `fetch` answers is the one way to answer it.
   */
  readonly request: HttpRequest;
}

/** The third argument of `fetch`, Hono's `c.executionCtx`. */
export interface FetchContext {
  /** Keeps a graceful close waiting for `promise`. Its failure is logged. */
  waitUntil(promise: Promise<unknown>): void;
  /**
   * From now on, what this application throws passes the request on to the next handler, as long as
   * no head was sent. Without one behind it the answer is a 404.
   */
  passThroughOnException(): void;
}

/** Makes a handler of a fetch application. The handler's name in log lines is `fetch`. */
export function fetchHandler(app: FetchApp): Handler {
  return function fetch(request: HttpRequest): ResultCode {
    const call = new Call(request);
    // Whoever has the lazy request may read its head when the event's bytes are gone. One text of
    // all of it now is cheaper than one of each part and of the whole later.
    request.head.keep();
    let answer: unknown;
    try {
      const lazy = new LazyRequest(request) as unknown as Request;
      answer = app.fetch(lazy, call, call);
    } catch (error) {
      if (!call.passesOn) throw error;
      complainAndPassOn(request, error);
      return DECLINED;
    }
    if (!isPromiseLike(answer)) return answerWith(request, answer, null);
    awaitResponse(request, call, answer);
    return DONE;
  };
}

function awaitResponse(request: HttpRequest, call: Call, promise: PromiseLike<unknown>): void {
  const hold = request.hold(HOLD_REASON);
  promise.then(
    (response) => promiseSettled(request, response, hold),
    (error) => {
      if (call.passesOn && !request.headSent && !request.finalized && !request.terminated) {
        complainAndPassOn(request, error);
        handlerDeclined(request);
      } else {
        handlerFailed(request, error);
      }
      hold.release();
    },
  );
}

function promiseSettled(request: HttpRequest, response: unknown, hold: Hold): void {
  if (request.finalized || request.terminated) {
    discard(request, response);
    if (!request.finalized) finalizeRequest(request);
    hold.release();
    return;
  }
  try {
    const code = answerWith(request, response, hold);
    if (code === DONE) return;
    finalizeRequest(request, code);
  } catch (error) {
    handlerFailed(request, error);
  }
  hold.release();
}

/**
 * Sends a response. `DONE`: its body is on its way under `hold`, or under a hold of its own.
 *
 * @throws {TypeError} for what is no response, or cannot be sent.
 */
function answerWith(request: HttpRequest, response: unknown, hold: Hold | null): ResultCode {
  const { wholeBodies } = request.service;
  if (wholeBodies !== null && typeof response === "object" && response !== null) {
    const whole = wholeBodies.take(response, WHOLE_SIZE_MAX);
    if (whole !== null) return answerWhole(request, response as Response, whole, wholeBodies);
  }
  if (!isResponse(response)) {
    throw new TypeError(`it answered ${describe(response)} instead of a Response`);
  }
  const { body } = response;
  const head = headOf(response, null);
  if (body === null || request.isHead || statusHasNoBody(head.status)) {
    if (body !== null && !body.locked) cancelStream(request, body);
    return answerWithoutBody(request, head);
  }
  if (response.bodyUsed || body.locked) {
    throw new TypeError("its response's body was used before");
  }
  new ResponseSender(request, hold ?? request.hold(HOLD_REASON), head, body).start();
  return DONE;
}

/** Sends a response whose body is here as a whole, and was taken out of it. */
function answerWhole(
  request: HttpRequest,
  response: Response,
  body: string | Uint8Array,
  wholeBodies: WholeBodies,
): ResultCode {
  const head = headOf(response, wholeBodies.onlyField(response));
  if (request.isHead || statusHasNoBody(head.status)) return answerWithoutBody(request, head);
  if (typeof body !== "string" && body.length > 0) nameUntypedText(head, body);
  return request.respondHead(head, body);
}

function answerWithoutBody(request: HttpRequest, head: ResponseHead): ResultCode {
  if (!request.isHead) return request.respondHead(head);
  request.startHead(head);
  return request.end();
}

/** True exactly when `value` has what is needed of a `Response`, of whatever class it is. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Partial<Response>;
  return typeof status === "number" && typeof headers?.forEach === "function" &&
    (body === null || typeof body?.getReader === "function");
}

function headOf(response: Response, onlyField: readonly [string, string] | null): ResponseHead {
  const head = new ResponseHead();
  head.set(response.status, NO_FIELDS, response.statusText || undefined);
  if (onlyField !== null) head.append(onlyField[0], onlyField[1]);
  // Of all ways through `Headers` the quickest; each Set-Cookie comes by itself.
  else response.headers.forEach(appendField, head);
  return head;
}

function appendField(this: ResponseHead, value: string, name: string): void {
  this.append(name, value);
}

/** A response that came too late. */
function discard(request: HttpRequest, response: unknown): void {
  if (!isResponse(response) || response.body === null || response.body.locked) return;
  cancelStream(request, response.body, new RequestAborted(request.abortCause ?? "application"));
}

function complainAndPassOn(request: HttpRequest, error: unknown): void {
  request.complain(`fetch failed, and the next handler is asked\n${textOfError(error)}`);
}

const HOLD_REASON = "response of a fetch application";
const NO_FIELDS: readonly [string, string][] = [];
/** What is too large to be gathered stays a stream, and is made as the client takes it. */
const WHOLE_SIZE_MAX = GATHER_BYTES_MAX - 1;

/** One call of the application: what comes with the request, in one object. */
class Call implements FetchEnv, FetchContext {
  readonly request: HttpRequest;
  /** True exactly when what the application throws passes the request on. */
  passesOn = false;

  constructor(request: HttpRequest) {
    this.request = request;
  }

  get remote(): Address {
    return this.request.remoteAddress;
  }

  get local(): Address {
    return this.request.localAddress;
  }

  get threads(): ThreadService {
    return this.request.service.threads;
  }

  get requestId(): string {
    return this.request.id;
  }

  waitUntil(promise: Promise<unknown>): void {
    this.request.service.waitUntil(Promise.resolve(promise));
  }

  passThroughOnException(): void {
    this.passesOn = true;
  }
}
