/**
 * The end of a request: the one place in which it is decided, and the one place in which it
 * happens.
 *
 * Two rules:
 * 1. `finalizeRequest` is called once for each request: by the core when a handler answered, by the
 *    application when the handler answered `DONE`, or by a clock. The first call decides.
 * 2. A request is over when it was finalized (or its connection is gone), no hold is open, and its
 *    output has left. Whatever brings the last of these about calls `settleRequest`.
 *
 * @module
 */

import { errorFields } from "./error_fields.ts";
import { type AbortCause, HttpError } from "./errors.ts";
import type { HttpRequest } from "./http_request.ts";
import { reasonOf } from "./http/reasons.ts";
import { AGAIN, ERROR, nameOfCode, OK, type ResultCode } from "./status.ts";

/**
 * Ends a request.
 *
 * - `OK` or `AGAIN`: the answer is complete; output that is still queued leaves first.
 * - `ERROR`: it went wrong. Without a head sent, the client gets `httpStatus`; otherwise the
 *   connection is reset, so that nobody takes a cut-off answer for a whole one.
 *
 * With an `httpStatus` and no head sent, a complete answer of that status is made. Where one is
 * needed and none given, it is that of what went wrong: 413, 408 or 400 for a body that cannot be
 * had, 503 for a handler that is late, else 500.
 * Answers false, with a log line, when the request was finalized before.
 */
export function finalizeRequest(
  request: HttpRequest,
  code: ResultCode = OK,
  httpStatus = 0,
): boolean {
  if (request.finalized) {
    // A clock or a disconnect may have been quicker: that is not the application's fault.
    if (request.abortCause === null) {
      request.complain(`was finalized twice\n${new Error().stack}`);
    }
    return false;
  }
  if (code !== OK && code !== AGAIN && code !== ERROR) {
    request.complain(`cannot be finalized with ${nameOfCode(code)}\n${new Error().stack}`);
    return false;
  }
  request.finalized = true;
  if (!request.terminated && !request.lost) completeResponse(request, code, httpStatus);
  settleRequest(request);
  return true;
}

/** Makes the request over if nothing keeps it any more. Cheap to call once too often. */
export function settleRequest(request: HttpRequest): void {
  if (request.over || request.holds !== null) return;
  if (!request.terminated) {
    if (!request.finalized || request.isEncoding) return;
    if (!request.exchange.outputIsEmpty(request)) return;
    if (request.bodyBroken) {
      terminateRequest(request, "application");
      return;
    }
  }
  request.runCleanups();
  request.exchange.requestOver(request);
}

/**
 * Gives a request up: nothing more of its answer is sent, the peer sees a reset, everybody who
 * waits for the request is told why. Open holds keep it in the register until they are released.
 */
export function terminateRequest(request: HttpRequest, cause: AbortCause): void {
  if (request.over || request.terminated) return;
  request.terminated = true;
  request.exchange.terminate(request);
  request.tellTerminated(cause);
  settleRequest(request);
}

/**
 * The body of a request cannot be had: its consumer hears of it, and the client gets the status,
 * unless it has an answer already.
 */
export function finalizeWithoutBody(request: HttpRequest, error: HttpError): void {
  warn(request, `${error.status}, ${error.message}`);
  // Also where nobody asked: whoever is told of the abort may end the request, with this status.
  request.body.fail(error);
  request.tellAbort("bad-request");
  finalizeUnlessAnswered(request, error.status);
}

/** The time of a request's handler has run out before there was a head of an answer. */
export function finalizeLate(request: HttpRequest): void {
  const reasons = [];
  for (let hold = request.holds; hold !== null; hold = hold.next) reasons.push(hold.reason);
  const held = reasons.length === 0 ? "" : `, held by ${reasons.join(", ")}`;
  warn(request, `503, the handler is late${held}`);
  request.tellAbort("timeout");
  finalizeUnlessAnswered(request, 503);
}

/** Whoever was told may have answered, and then that stands. */
function finalizeUnlessAnswered(request: HttpRequest, status: number): void {
  if (request.finalized) return;
  if (request.responseEnded) finalizeRequest(request);
  else finalizeRequest(request, ERROR, status);
}

function warn(request: HttpRequest, text: string): void {
  request.service.log("warn", `${request.method} ${request.target}: ${text}`);
}

/** The client is gone before the request was over. Open holds keep it in the register. */
export function abandonRequest(request: HttpRequest): void {
  request.tellTerminated("client-gone");
  settleRequest(request);
  if (!request.over) request.service.register(request);
}

/** A whole error answer, with no detail for the client. */
function sendErrorAnswer(request: HttpRequest, status: number): void {
  const fields = errorFields(status, request.service.limits);
  request.respond(status, fields, `${status} ${reasonOf(status)}\n`);
}

function completeResponse(request: HttpRequest, code: ResultCode, httpStatus: number): void {
  if (request.headSent) {
    if (code === ERROR) terminateRequest(request, "application");
    else if (!request.responseEnded) request.end();
    return;
  }
  if (httpStatus === 0 && request.abortCause === null) {
    request.complain(`was finalized ${code === ERROR ? "with ERROR" : "without an answer"}`);
  }
  sendErrorAnswer(request, httpStatus === 0 ? statusOfEnd(request) : httpStatus);
}

/** What a request gets whose end names no status. */
function statusOfEnd(request: HttpRequest): number {
  if (request.abortCause === "timeout") return 503;
  const error = request.abortCause === "bad-request" ? request.body.error : null;
  return error instanceof HttpError ? error.status : 500;
}
