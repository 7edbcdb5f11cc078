/**
 * The filters in the one order in which every response passes them, from the application to the
 * sink. This table is the place to read, and to change, what happens to a response. Here alone the
 * filters are known to each other; what each does is its own affair.
 *
 * @module
 */

import type { Chain } from "../chain.ts";
import type { ResponseHead } from "../http/response_head.ts";
import { AGAIN, DECLINED, ERROR, OK, type SendCode } from "../status.ts";
import { chunked } from "./chunked.ts";
import { compression } from "./compression.ts";
import { contentLength } from "./content_length.ts";
import { headOnly, statusHasNoBody } from "./head_only.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

/**
 * First to last. Behind the last one comes the sink: write. The length is checked before
 * compression, because it is the application that promised it; what is sent has another one.
 */
export const FILTERS: readonly Filter[] = [headOnly, contentLength, compression, chunked];
const COMPRESSION = FILTERS.indexOf(compression);

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
  if (head.contentLength >= 0 && head.contentLength !== bodyBytes) return false;
  return outgoing.compression === null ||
    !outgoing.compression.mayEncode(outgoing, head, bodyBytes);
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
  const code = passOn(outgoing, chain, 0);
  return code === DECLINED ? encodeOn(outgoing) : code;
}

/**
 * Takes the encoder as far as the sink and this turn's share of computing allow. The compression
 * filter is the one that does not hand on at once what it was given: one large item would hold the
 * loop, and a slow peer's encoded bytes would pile up here. `AGAIN`: there is a rest, or the next
 * item has to wait.
 */
export function encodeOn(outgoing: Outgoing): SendCode {
  const encoding = outgoing.encoding!;
  // Sent on from a release: it only queues.
  if (encoding.isBusy) return AGAIN;
  encoding.isBusy = true;
  let code: SendCode = OK;
  while (encoding.hasInput && code === OK && !encoding.hadItsShare) {
    try {
      encoding.encode(outgoing.bodyBroken);
    } catch (error) {
      encoding.fail();
      outgoing.encodingFailed(error);
      encoding.close();
      encoding.sendHome();
      return ERROR;
    }
    const { last } = encoding.out.tail!;
    // Behind compression nobody declines.
    code = passOn(outgoing, encoding.out, COMPRESSION + 1) as SendCode;
    if (last || code === ERROR) encoding.close();
    encoding.sendHome();
  }
  encoding.isBusy = false;
  return code === OK && (encoding.hasInput || encoding.hadItsShare) ? AGAIN : code;
}

/** From filter `from` on, and to the sink. `DECLINED`: it waits to be encoded. */
function passOn(outgoing: Outgoing, chain: Chain, from: number): SendCode | typeof DECLINED {
  const takingPart = outgoing.bodyFilters;
  for (let i = from; takingPart >> i !== 0; i++) {
    if ((takingPart >> i & 1) === 0) continue;
    FILTERS[i]!.body(outgoing, chain);
    if (i === COMPRESSION) return DECLINED;
  }
  // The body of an answer to HEAD was dropped on the way, and nobody waits for nothing.
  if (chain.isEmpty) return OK;
  return outgoing.sink.writeBody(outgoing, chain);
}
