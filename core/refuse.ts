/**
 * Refusals: complete answers to what is no request, or to a peer for whom there is no room. They
 * are made without a request and always end the connection, since after bytes that cannot be
 * understood nobody knows where the next request begins.
 *
 * @module
 */

import { errorFields } from "./error_fields.ts";
import { HttpError } from "./errors.ts";
import { labelsDecode } from "./http/punycode.ts";
import { reasonOf } from "./http/reasons.ts";
import { finalizeRequest } from "./finalize.ts";
import { formatResponseHead, ResponseHead } from "./http/response_head.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Address } from "./reactor.ts";
import type { Service } from "./service.ts";

/** What a refusal asks of a server. */
type Refuser = Pick<Service, "httpDate" | "limits">;

/** The whole answer as Latin-1 text, with `Connection: close`. */
export function refusalText(error: HttpError, service: Refuser): string {
  const body = `${error.status} ${reasonOf(error.status)}: ${error.message}\n`;
  const head = new ResponseHead();
  head.set(error.status, errorFields(error.status, service.limits));
  head.contentLength = body.length;
  return formatResponseHead(head, 1, service.httpDate(), false) + body;
}

/** What the log says of it. */
export function refusalLine(error: HttpError, peer: Address): string {
  const who = peer.transport === "tcp" ? peer.host : "a local client";
  return `${who}: ${error.status}, ${error.message}`;
}

/**
 * Answers a request for which there is too much to do: 503 with Retry-After. The connection goes
 * on: the client need not make another to come again. The log tells of an overload as a whole.
 */
export function refuseForLoad(request: HttpRequest, error: HttpError = OVERLOAD): void {
  const fields = errorFields(error.status, request.service.limits);
  request.respond(503, fields, `503 ${reasonOf(503)}: ${error.message}\n`);
  finalizeRequest(request);
}

/** What a connection refuses by itself; what is malformed is in `http/refusals.ts`. */
export const BAD_HOST = new HttpError(400, "bad-host", "the Host is no name that a URL can have");
export const INCOMPLETE = new HttpError(400, "body-incomplete", "the body ended before its end");
export const LATE_HEAD = new HttpError(408, "head-late", "the request's head came too late");
export const LATE_BODY = new HttpError(408, "body-late", "the request's body came too late");
export const TOO_LARGE = new HttpError(413, "body-too-large", "the body is larger than allowed");
export const FULL = new HttpError(503, "too-many-connections", "too many connections", "server");

export const FULL_ADDRESS = new HttpError(
  503,
  "too-many-connections-of-address",
  "too many connections from one address",
  "server",
);
/** Jobs wait for threads, and one more may not. */
export const NO_THREAD = new HttpError(503, "no-thread", "too many jobs wait already", "server");
const OVERLOAD = new HttpError(503, "overload", "the server is overloaded", "server");

/**
 * True exactly when a URL can have this `host[:port]`. Runtimes disagree about `xn--` labels: what
 * is no Punycode is refused on all of them.
 */
export function hostIsUsable(authority: string): boolean {
  return labelsDecode(authority.replace(/:[0-9]*$/, "")) && URL.canParse(`http://${authority}/`);
}
