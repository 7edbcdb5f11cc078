/**
 * How an answer leaves a request: what `respond`, `sendHead`, `send`, `flush` and `end` come to. It
 * knows the order of an answer's parts, and the filters that they pass; it knows nothing of the
 * wire, which is behind them, and decides nothing about the request's end.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { type Buf, bufOf, FREE } from "./buf.ts";
import { Chain } from "./chain.ts";
import type { Encoding } from "./filters/encoding.ts";
import { statusHasNoBody } from "./filters/head_only.ts";
import { encodeOn, filterBody, filterHead, passesUntouched } from "./filters/order.ts";
import { settleRequest, terminateRequest } from "./finalize.ts";
import type { HttpRequest } from "./http_request.ts";
import { ResponseHead } from "./http/response_head.ts";
import { GATHER_BYTES_MAX } from "./limits.ts";
import { AGAIN, DECLINED, ERROR, OK, type SendCode } from "./status.ts";

/** The response of a request that has none yet. */
export const NO_RESPONSE: ResponseHead = new ResponseHead();

/** True exactly when an answer may begin. `what` is the call that is named when it was too late. */
export function mayAnswer(request: HttpRequest, what: string): boolean {
  // A clock or a bad body may have answered for the application: that is not its fault.
  if (request.terminated || (request.headSent && request.abortCause !== null)) return false;
  if (!request.headSent && !request.over) return true;
  request.complain(`${what} was called after the response had begun\n${new Error().stack}`);
  return false;
}

/** Sends head and body. */
export function sendWhole(
  request: HttpRequest,
  response: ResponseHead,
  body: string | Uint8Array,
): SendCode {
  if (body.length < GATHER_BYTES_MAX && passesUntouched(request, response, body.length)) {
    const code = sendPastFilters(request, response, body);
    if (code !== DECLINED) return code;
  }
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  if (response.contentLength < 0 && !statusHasNoBody(response.status)) {
    response.contentLength = bytes.length;
  }
  beginResponse(request, response);
  return sendBuf(request, bufOf(bytes), true, false);
}

/** The usual answer, small and here as a whole, goes past the chain and the filters. */
function sendPastFilters(
  request: HttpRequest,
  response: ResponseHead,
  body: string | Uint8Array,
): SendCode | typeof DECLINED {
  const declared = response.contentLength;
  response.contentLength = body.length;
  request.response = response;
  const code = request.exchange.writeWhole(request, body);
  if (code === DECLINED) {
    response.contentLength = declared;
    request.response = NO_RESPONSE;
    return code;
  }
  request.exchange.handlerClockStop(request);
  request.responseEnded = true;
  if (code === ERROR) request.lost = true;
  else request.bodyBytes = body.length;
  if (request.finalized) settleRequest(request);
  return code;
}

/** Sends the head; the body follows. */
export function sendHeadAlone(request: HttpRequest, response: ResponseHead): SendCode {
  beginResponse(request, response);
  request.exchange.pushLater();
  return OK;
}

function beginResponse(request: HttpRequest, response: ResponseHead): void {
  request.response = response;
  request.exchange.handlerClockStop(request);
  filterHead(request);
}

/** Sends a part of the body: see `HttpRequest.send`. */
export function sendBuf(request: HttpRequest, buf: Buf, last: boolean, flush: boolean): SendCode {
  if (request.terminated || request.lost || request.responseEnded || !request.headSent) {
    if (!request.terminated && !request.lost && request.abortCause === null) {
      const state = request.responseEnded ? "after the end of the response" : "before its head";
      request.complain(`bytes were sent ${state}\n${new Error().stack}`);
    }
    // The memory was not accepted, so it is the caller's again without a release.
    return ERROR;
  }
  // The application's fault, who may have sent it before, and not the core's.
  if (buf.state !== FREE) {
    throw new TypeError("a buffer was sent that is not free: it is on its way");
  }
  const { encoding } = request;
  if (encoding !== null && !last && isOverfull(request, encoding)) return ERROR;
  buf.last = last;
  buf.flush = flush;
  if (last) request.responseEnded = true;
  chain.append(buf);
  const code = filterBody(request, chain);
  assert(chain.isEmpty, "the sink takes all of a chain");
  if (code === AGAIN) oweWritable(request);
  else if (code === ERROR) request.lost = true;
  if (last && request.finalized) settleRequest(request);
  // What was to be encoded was taken, and is released: the next item hears that nothing goes out.
  return code === ERROR && encoding !== null ? AGAIN : code;
}

/** Goes on with what waits to be encoded. True exactly when the producer may go on as well. */
export function encodeMore(request: HttpRequest): boolean {
  const { encoding } = request;
  if (encoding === null) return true;
  encoding.turnBegins();
  if (!encoding.hasInput) return true;
  const code = encodeOn(request);
  if (code === AGAIN) oweWritable(request);
  else if (code === ERROR) request.lost = true;
  // Its last byte may have left within the call.
  if (request.finalized) settleRequest(request);
  return code === OK;
}

function oweWritable(request: HttpRequest): void {
  request.writableOwed = true;
  // Whoever has a share of computing left gets it in the next turn.
  if (request.encoding !== null) request.exchange.pushLater();
}

/** As `AnswerWriter.writeBody`: what counts is the queue before this item. */
function isOverfull(request: HttpRequest, encoding: Encoding): boolean {
  if (!encoding.isOverfull(request.service.limits.outputBytesMax)) return false;
  request.complain("kept sending although send answered AGAIN: the response was cut off");
  terminateRequest(request, "application");
  return true;
}

const encoder = new TextEncoder();

/** One send runs to its end before the next one begins, so that one chain serves all requests. */
const chain = new Chain();
