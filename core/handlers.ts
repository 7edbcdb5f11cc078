/**
 * Native handlers: the list that a request passes until one does not decline, and what becomes of
 * an answer, of a promise, of a throw, and of nonsense. How a request ends is `finalize.ts`'s, and
 * other kinds of applications are made into handlers in `apps/`.
 *
 * @module
 */

import { describe } from "./describe.ts";
import { HttpError, RequestAborted, textOfError } from "./errors.ts";
import { finalizeRequest, terminateRequest } from "./finalize.ts";
import type { Hold } from "./hold.ts";
import type { HttpRequest } from "./http_request.ts";
import { isPromiseLike } from "./promise_like.ts";
import { DECLINED, DONE, ERROR, isResultCode, type ResultCode } from "./status.ts";

/**
 * Answers a request.
 *
 * - `OK` (or `AGAIN`, what `respond` and `send` answered): the answer is complete.
 * - `DONE`: somebody took a hold and will call `finalizeRequest` later.
 * - `DECLINED`: not mine; ask the next handler. The last one's `DECLINED` is a 404.
 * - `ERROR`: it went wrong: 500, or a reset when the head is out.
 *
 * A promise is awaited under a hold named after the handler; a throw is a 500 with its stack in the
 * log.
 */
export type Handler = (request: HttpRequest) => ResultCode | Promise<ResultCode>;

/** Starts a request on the first handler of its service. */
export function runHandlers(request: HttpRequest): void {
  request.handlerIndex = 0;
  runFrom(request);
}

function runFrom(request: HttpRequest): void {
  const { handlers } = request.service;
  while (request.handlerIndex < handlers.length) {
    const handler = handlers[request.handlerIndex]!;
    let answer: unknown;
    try {
      answer = handler(request);
    } catch (error) {
      handlerThrew(request, handler, error);
      return;
    }
    if (answer === DECLINED && !request.headSent) {
      request.handlerIndex++;
      continue;
    }
    if (isPromiseLike(answer)) awaitAnswer(request, handler, answer);
    else handlerAnswered(request, handler, answer);
    return;
  }
  finalizeRequest(request, ERROR, 404);
}

function awaitAnswer(
  request: HttpRequest,
  handler: Handler,
  promise: PromiseLike<unknown>,
): void {
  const hold = request.hold(`promise of ${nameOfHandler(handler, request.handlerIndex)}`);
  promise.then(
    (answer) => promiseSettled(request, handler, hold, answer),
    (error) => {
      handlerThrew(request, handler, error);
      hold.release();
    },
  );
}

function promiseSettled(
  request: HttpRequest,
  handler: Handler,
  hold: Hold,
  answer: unknown,
): void {
  if (answer === DECLINED && !request.headSent && !request.finalized && !request.terminated) {
    handlerDeclined(request);
  } else {
    handlerAnswered(request, handler, answer);
  }
  hold.release();
}

function handlerAnswered(request: HttpRequest, handler: Handler, answer: unknown): void {
  // A clock or a disconnect may have ended the request while a promise was pending.
  if (request.finalized || request.terminated && answer !== DONE) {
    if (!request.finalized) finalizeRequest(request);
    return;
  }
  if (answer === DONE) {
    // One that was given up meanwhile let go of its holds in order.
    if (request.holds === null && !request.terminated) {
      request.complain(
        `${nameOfHandler(handler, request.handlerIndex)} answered DONE without a hold`,
      );
    }
    return;
  }
  if (!isResultCode(answer) || answer === DECLINED) {
    const name = nameOfHandler(handler, request.handlerIndex);
    const what = answer === DECLINED ? "DECLINED after its head was sent" : describe(answer);
    request.complain(`${name} answered ${what} instead of a result code`);
    finalizeRequest(request, ERROR, 500);
    return;
  }
  finalizeRequest(request, answer);
}

/** The request's current handler failed, now or in a later event. */
export function handlerFailed(request: HttpRequest, error: unknown): void {
  handlerThrew(request, request.service.handlers[request.handlerIndex]!, error);
}

/**
 * The request's current handler declines it after all, in a later event, before a head was sent.
 */
export function handlerDeclined(request: HttpRequest): void {
  request.handlerIndex++;
  runFrom(request);
}

function handlerThrew(request: HttpRequest, handler: Handler, error: unknown): void {
  const status = statusOfError(error);
  if (status === 500 && !(error instanceof RequestAborted)) {
    const name = nameOfHandler(handler, request.handlerIndex);
    request.complain(`${name} failed\n${textOfError(error)}`);
  }
  if (!request.finalized) finalizeRequest(request, ERROR, status);
  else if (!request.over && !request.responseEnded) terminateRequest(request, "application");
}

/**
 * The peer's fault keeps its status on its way through a handler, and so does the server's own
 * refusal (503); everything else is a 500.
 */
function statusOfError(error: unknown): number {
  return error instanceof HttpError && error.fault !== "application" ? error.status : 500;
}

/** A handler's name for log lines. */
function nameOfHandler(handler: Handler, index: number): string {
  return handler.name === "" ? `handler ${index + 1}` : `handler "${handler.name}"`;
}
