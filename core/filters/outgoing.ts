/**
 * What a filter sees of a response: its head, its facts, and the sink behind the last filter. A
 * filter knows nothing of connections, of runtimes, or of who made the response.
 *
 * @module
 */

import type { Chain } from "../chain.ts";
import type { ResponseHead } from "../http/response_head.ts";
import type { SendCode } from "../status.ts";
import type { Compression } from "./compression.ts";
import type { Encoding } from "./encoding.ts";

export interface Outgoing {
  /** True exactly when the request's method is HEAD. */
  readonly isHead: boolean;
  /** The minor version of the request: 0 for HTTP/1.0. */
  readonly versionMinor: 0 | 1;
  /** The value of one field of the request by its lower-case name. */
  header(lowerCaseName: string): string | null;
  readonly response: ResponseHead;
  /** Which body filters take part: bit `i` stands for entry `i` of the order table. */
  bodyFilters: number;
  /** The body's length as the application promised it; -1 when it did not. */
  promisedBytes: number;
  /** Bytes of the body so far: before compression and chunks, and none where a body is dropped. */
  bodyBytes: number;
  /** What compresses this answer if it deserves it; null when nothing is compressed. */
  readonly compression: Compression | null;
  /** The body's encoder, when it is compressed. */
  encoding: Encoding | null;
  /** Trailer fields, flat (name, value, name, value …), to go out behind the last chunk. */
  trailers: readonly string[] | null;
  readonly sink: OutgoingSink;
  /** The application broke its promise of a length: the answer must not end as if it were whole. */
  bodyBroken: boolean;
  /** One log line about something that the application did wrong. */
  complain(text: string): void;
  /** What was to encode the body failed: what is out cannot be completed. */
  encodingFailed(error: unknown): void;
}

/** Where a response goes behind the last filter. */
export interface OutgoingSink {
  /**
   * True exactly when the sink delimits bodies itself (`Bun.serve`), so that the chunked filter
   * stays out of the way.
   */
  readonly framesItself: boolean;
  /** Queues the head. It leaves with the first body bytes, or at the end of the turn. */
  writeHead(outgoing: Outgoing): void;
  /**
   * Takes all of the chain. Buffers of less than `GATHER_BYTES_MAX` bytes are copied and released
   * within the call.
   */
  writeBody(outgoing: Outgoing, chain: Chain): SendCode;
}

/** One entry of the order table. */
export interface Filter {
  readonly name: string;
  /** Looks at the head and may change it. Answers true to take part in the body as well. */
  head(outgoing: Outgoing): boolean;
  /** Edits the chain in place: what it leaves in it goes to the next filter. */
  body(outgoing: Outgoing, chain: Chain): void;
}

/**
 * The sink takes nothing of `chain`: what the application sent is its own as before, and what an
 * encoder made of it goes home.
 */
export function refuseChain(outgoing: Outgoing, chain: Chain): void {
  if (outgoing.encoding === null) chain.giveBack();
  else chain.drop();
}
