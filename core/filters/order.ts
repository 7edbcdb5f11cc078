/**
 * The filters in the one order in which every response passes them, from the application to the
 * sink. This table is the place to read, and to change, what happens to a response.
 *
 * @module
 */

import type { Chain } from "../chain.ts";
import { OK, type SendCode } from "../status.ts";
import { chunked } from "./chunked.ts";
import { contentLength } from "./content_length.ts";
import type { ResponseHead } from "../http/response_head.ts";
import { headOnly, statusHasNoBody } from "./head_only.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

/** First to last. Behind the last one comes the sink: write. */
export const FILTERS: readonly Filter[] = [headOnly, contentLength, chunked];

/**
 * True exactly when no filter would touch an answer whose body of `bodyBytes` is here as a whole:
 * it then needs no chain. A filter that is added to the table is thought of here, too.
 */
export function passesUntouched(
  outgoing: Outgoing,
  head: ResponseHead,
  bodyBytes: number,
): boolean {
  if (outgoing.isHead || statusHasNoBody(head.status)) return false;
  return head.contentLength < 0 || head.contentLength === bodyBytes;
}

/** Passes the head through all filters and on to the sink. */
export function filterHead(outgoing: Outgoing): void {
  let takingPart = 0;
  for (let i = 0; i < FILTERS.length; i++) {
    if (FILTERS[i]!.head(outgoing)) takingPart |= 1 << i;
  }
  outgoing.bodyFilters = takingPart;
  outgoing.sink.writeHead(outgoing);
}

/** Passes body bytes through those filters that take part, and on to the sink, which takes all. */
export function filterBody(outgoing: Outgoing, chain: Chain): SendCode {
  const takingPart = outgoing.bodyFilters;
  for (let i = 0; takingPart >> i !== 0; i++) {
    if ((takingPart >> i & 1) !== 0) FILTERS[i]!.body(outgoing, chain);
  }
  // The body of an answer to HEAD was dropped on the way, and nobody waits for nothing.
  if (chain.isEmpty) return OK;
  return outgoing.sink.writeBody(outgoing, chain);
}
