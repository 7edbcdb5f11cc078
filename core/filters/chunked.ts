/**
 * Delimits a body whose length nobody knows: chunks in HTTP/1.1 (RFC 9112 §7.1), the end of the
 * connection in HTTP/1.0. One chunk for each buffer with bytes. An empty buffer never becomes a
 * chunk, since a chunk of size 0 would end the response.
 *
 * @module
 */

import { type Buf, bufOf } from "../buf.ts";
import { Chain } from "../chain.ts";
import { chunkSizeLine, formatTrailers } from "../http/chunk.ts";
import { encodeLatin1 } from "../http/latin1.ts";
import { statusHasNoBody } from "./head_only.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

export const chunked: Filter = {
  name: "chunked",
  head(outgoing: Outgoing): boolean {
    const response = outgoing.response;
    if (response.contentLength >= 0 || statusHasNoBody(response.status)) return false;
    // Nobody knows how GET's would end: RFC 9110 §9.3.2 lets HEAD leave that out.
    if (outgoing.isHead || outgoing.sink.framesItself) return false;
    if (outgoing.versionMinor === 0) {
      response.closeAsked = true;
      return false;
    }
    response.chunked = true;
    return true;
  },
  body(outgoing: Outgoing, chain: Chain): void {
    while (chain.first !== null) {
      const buf = chain.shift();
      const { last, flush } = buf;
      buf.last = false;
      if (buf.end > buf.pos) {
        work.append(textBuf(chunkSizeLine(buf.end - buf.pos)));
        work.requeue(buf);
        work.append(textBuf("\r\n"));
      } else {
        work.requeue(buf);
      }
      // A body that is shorter than was promised, and compressed, must not look complete.
      if (last && !outgoing.bodyBroken) work.append(lastChunk(outgoing));
      work.tail!.last = last;
      work.tail!.flush = flush;
    }
    chain.appendChain(work);
  },
};

/** The filter works on one chain at a time, and to its end, so that one spare chain is enough. */
const work = new Chain();

function lastChunk(outgoing: Outgoing): Buf {
  const trailers = outgoing.trailers === null ? "" : formatTrailers(outgoing.trailers);
  return textBuf(`0\r\n${trailers}\r\n`);
}

function textBuf(text: string): Buf {
  const bytes = new Uint8Array(text.length);
  encodeLatin1(text, bytes, 0);
  return bufOf(bytes);
}
