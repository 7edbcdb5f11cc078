/**
 * Refusals: complete answers to what is no request, or to a peer for whom there is no room. They are
 * made without a request and always end the connection, since after bytes that cannot be understood
 * nobody knows where the next request begins.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";
import { reasonOf } from "./http/reasons.ts";
import { formatResponseHead, ResponseHead } from "./http/response_head.ts";

/** The whole answer as Latin-1 text, with `Connection: close`. */
export function refusalText(error: HttpError, httpDate: string): string {
  const body = `${error.status} ${reasonOf(error.status)}: ${error.message}\n`;
  const head = new ResponseHead();
  head.set(error.status, REFUSAL_FIELDS);
  head.contentLength = body.length;
  return formatResponseHead(head, { versionMinor: 1, date: httpDate, keepAlive: false }) + body;
}

const REFUSAL_FIELDS = [["content-type", "text/plain; charset=utf-8"]] as const;
