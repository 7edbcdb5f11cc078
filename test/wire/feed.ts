/**
 * A connection's reading half in small: feeds pieces of a stream to the head parser and the body
 * decoder, and tells what came of it. It knows how the two follow each other; it answers nothing.
 *
 * @module
 */

import { BODY_BAD, BODY_DATA, BODY_DONE, BodyDecoder } from "../../core/http/body_decoder.ts";
import { ByteHead } from "../../core/http/request_head.ts";
import { HEAD_BAD, HEAD_MORE, RequestHeadParser } from "../../core/http/request_head_parser.ts";
import { latin1Text } from "../../core/http/latin1.ts";
import type { HttpError } from "../../core/errors.ts";
import type { WireLimits, WireOutcome, WireRequest } from "./load.ts";

/** How a stream is put into memory, so that nothing may depend on it. */
const PADDING = 3;

/** Feeds one stream. Call `feed` for each piece, then read `outcome`. */
export class WireFeeder {
  readonly outcome: WireOutcome = { requests: [], refused: null, end: "idle" };
  /** Heads of the requests, as kept: for checks that the summary does not hold. */
  readonly heads: ByteHead[] = [];
  readonly #limits: WireLimits;
  readonly #parser: RequestHeadParser;
  readonly #decoder = new BodyDecoder();
  #rest: Uint8Array = new Uint8Array(0);
  #inBody = false;

  constructor(limits: WireLimits) {
    this.#limits = limits;
    this.#parser = new RequestHeadParser(limits);
  }

  feed(piece: Uint8Array): void {
    if (this.outcome.end === "closed") return;
    // Each time the bytes lie elsewhere, with rubbish around them.
    const bytes = new Uint8Array(this.#rest.length + piece.length + 2 * PADDING).fill(0x41);
    bytes.set(this.#rest, PADDING);
    bytes.set(piece, PADDING + this.#rest.length);
    const end = bytes.length - PADDING;
    let pos = PADDING;
    for (;;) {
      const next = this.#inBody ? this.#body(bytes, pos, end) : this.#head(bytes, pos, end);
      if (next < 0) break;
      pos = next;
    }
    // A head is fed again from its start; of a body nothing is.
    this.#rest = this.#inBody ? new Uint8Array(0) : bytes.slice(pos, end);
  }

  /** Where to go on, or -1 when more is needed or nobody reads on. */
  #head(bytes: Uint8Array, pos: number, end: number): number {
    const parser = this.#parser;
    const code = parser.feed(bytes, pos, end);
    if (code === HEAD_BAD) return this.#refuse(parser.error!);
    if (code === HEAD_MORE) {
      this.outcome.end = parser.started ? "head" : "idle";
      return -1;
    }
    const head = new ByteHead(parser, bytes, pos);
    const after = pos + parser.headBytes;
    parser.reset();
    head.keep();
    this.heads.push(head);
    this.outcome.requests.push(summaryOf(head));
    this.#inBody = true;
    this.outcome.end = "body";
    if (head.chunked) this.#decoder.startChunked(this.#limits);
    else if (head.contentLength >= 0) this.#decoder.startLength(head.contentLength);
    else this.#decoder.startNone();
    return after;
  }

  #body(bytes: Uint8Array, pos: number, end: number): number {
    const decoder = this.#decoder;
    const request = this.outcome.requests.at(-1)!;
    const code = decoder.next(bytes, pos, end);
    if (code === BODY_BAD) return this.#refuse(decoder.error!);
    if (code === BODY_DATA) {
      request.body += latin1Text(bytes, decoder.dataStart, decoder.dataEnd);
      return decoder.pos;
    }
    if (code !== BODY_DONE) return -1;
    request.trailers = decoder.trailers;
    this.#inBody = false;
    this.outcome.end = request.close ? "closed" : "idle";
    return request.close ? -1 : decoder.pos;
  }

  #refuse(error: HttpError): -1 {
    this.outcome.refused = `${error.status} ${error.code}`;
    this.outcome.end = "closed";
    return -1;
  }
}

function summaryOf(head: ByteHead): WireRequest {
  return {
    method: head.method,
    target: head.target,
    version: `HTTP/1.${head.versionMinor}`,
    authority: head.authority,
    fields: [...head.fields()],
    framing: head.chunked ? "chunked" : head.contentLength >= 0 ? `${head.contentLength}` : "none",
    expectContinue: head.expectContinue,
    upgrade: head.hasUpgrade,
    hostNeedsCheck: head.hostNeedsCheck,
    close: !head.keepAlive,
    body: "",
    trailers: [],
  };
}

/** What comes of `stream` in pieces of `size` bytes; without a size, in one piece. */
export function feedInPieces(
  stream: Uint8Array,
  limits: WireLimits,
  size: number = Math.max(1, stream.length),
): WireFeeder {
  const feeder = new WireFeeder(limits);
  for (let at = 0; at < stream.length; at += size) feeder.feed(stream.subarray(at, at + size));
  return feeder;
}
