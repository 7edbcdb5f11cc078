/**
 * Refusals: complete answers to what is no request, or to a peer for whom there is no room. They
 * are made without a request and always end the connection, since after bytes that cannot be
 * understood nobody knows where the next request begins.
 *
 * @module
 */

import { HttpError } from "./errors.ts";
import { labelsDecode } from "./http/punycode.ts";
import { reasonOf } from "./http/reasons.ts";
import { formatResponseHead, ResponseHead } from "./http/response_head.ts";

/** The whole answer as Latin-1 text, with `Connection: close`. */
export function refusalText(error: HttpError, httpDate: string): string {
  const body = `${error.status} ${reasonOf(error.status)}: ${error.message}\n`;
  const head = new ResponseHead();
  head.set(error.status, REFUSAL_FIELDS);
  head.contentLength = body.length;
  return formatResponseHead(head, 1, httpDate, false) + body;
}

const REFUSAL_FIELDS = [["content-type", "text/plain; charset=utf-8"]] as const;

/** What a connection refuses by itself; what is malformed is in `http/refusals.ts`. */
export const BAD_HOST = new HttpError(400, "bad-host", "the Host is no name that a URL can have");
export const INCOMPLETE = new HttpError(400, "body-incomplete", "the body ended before its end");
export const LATE_HEAD = new HttpError(408, "head-late", "the request's head came too late");
export const LATE_BODY = new HttpError(408, "body-late", "the request's body came too late");
export const TOO_LARGE = new HttpError(413, "body-too-large", "the body is larger than allowed");
export const FULL = new HttpError(503, "too-many-connections", "too many connections", "server");

/**
 * True exactly when a URL can have this `host[:port]`. Runtimes disagree about `xn--` labels: what
 * is no Punycode is refused on all of them.
 */
export function hostIsUsable(authority: string): boolean {
  return labelsDecode(authority.replace(/:[0-9]*$/, "")) && URL.canParse(`http://${authority}/`);
}
