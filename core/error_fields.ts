/**
 * The header fields of an answer that the core makes itself. It knows statuses and limits, and
 * nothing of how such an answer is sent.
 *
 * @module
 */

import type { HeaderFields } from "./http/response_head.ts";
import type { Limits } from "./limits.ts";

/**
 * For a 503 they say when to come again (RFC 9110 §10.2.3), unless `retryAfterMs` is `Infinity`.
 */
export function errorFields(status: number, limits: Limits): HeaderFields {
  if (status !== 503 || limits.retryAfterMs === Infinity) return ERROR_FIELDS;
  return [...ERROR_FIELDS, ["retry-after", String(Math.ceil(limits.retryAfterMs / 1000))]];
}

const ERROR_FIELDS = [["content-type", "text/plain; charset=utf-8"]] as const;
