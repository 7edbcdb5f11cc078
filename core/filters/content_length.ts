/**
 * Counts the bytes of a body, and holds the application to the length that it declared (RFC 9112
 * §6.2): what is too much is cut and logged, what is too little must not look like a whole answer.
 * It knows lengths, and not how a body is delimited.
 *
 * @module
 */

import type { Chain } from "../chain.ts";
import { statusHasNoBody } from "./head_only.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

export const contentLength: Filter = {
  name: "content-length",
  head(outgoing: Outgoing): boolean {
    outgoing.promisedBytes = outgoing.response.contentLength;
    return !outgoing.isHead && !statusHasNoBody(outgoing.response.status);
  },
  body(outgoing: Outgoing, chain: Chain): void {
    const promised = outgoing.promisedBytes;
    for (let buf = chain.first; buf !== null; buf = buf.next) {
      const size = buf.end - buf.pos;
      const room = promised - outgoing.bodyBytes;
      if (promised >= 0 && size > room) {
        outgoing.complain(`sent more than its Content-Length of ${promised}: the rest was cut`);
        buf.end = buf.pos + room;
        outgoing.bodyBytes = promised;
      } else {
        outgoing.bodyBytes += size;
      }
      if (buf.last && outgoing.bodyBytes < promised) {
        outgoing.complain(`sent ${outgoing.bodyBytes} of its Content-Length of ${promised} bytes`);
        outgoing.bodyBroken = true;
      }
    }
  },
};
