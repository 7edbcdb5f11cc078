/**
 * Drops the body of answers that have none by definition: to HEAD, 204, 205, 304 (RFC 9110 §6.4.1).
 * It keeps the framing fields that describe what a GET would have had. It knows methods and
 * statuses, and looks into no body.
 *
 * @module
 */

import type { Chain } from "../chain.ts";
import { releaseBuf } from "../buf.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

/**
 * True exactly when an answer with this status never has a body (RFC 9110 §15.3.5, .6, §15.4.5).
 */
export function statusHasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

export const headOnly: Filter = {
  name: "head-only",
  head(outgoing: Outgoing): boolean {
    const status = outgoing.response.status;
    // RFC 9110 §8.6: no Content-Length in a 204.
    if (status === 204) outgoing.response.contentLength = -1;
    // RFC 9110 §15.3.6: a 205 says that nothing comes.
    else if (status === 205) outgoing.response.contentLength = 0;
    return outgoing.isHead || statusHasNoBody(status);
  },
  body(_outgoing: Outgoing, chain: Chain): void {
    let last = false;
    while (chain.first !== null) {
      const buf = chain.shift();
      if (buf.last) last = true;
      if (last && chain.first === null) {
        buf.pos = buf.end;
        chain.requeue(buf);
        return;
      }
      releaseBuf(buf);
    }
  },
};
