/**
 * A plan: all that is decided before a simulated run begins, as plain data. The same plan gives the
 * same run; the shrinker makes it smaller; a failure prints it. Types and prose only.
 *
 * @module
 */

import type { Coding } from "../../core/capabilities/codecs.ts";
import type { Clocks, Limits, RequestClocks } from "../../core/limits.ts";
import type { MemoryFaults } from "../../runtimes/memory.ts";

export interface RunPlan {
  /** Of the reactor: faults and random bytes. */
  readonly seed: number;
  readonly faults: MemoryFaults;
  readonly bufferBytes: number;
  readonly segmentBytes: number;
  readonly limits: Limits;
  readonly clocks: Clocks;
  readonly halfClose: "abort" | "answer";
  readonly requestBody: "stream" | "buffer";
  /** From how many bytes on answers are compressed; null for never. */
  readonly compression: { readonly minBytes: number } | null;
  /** The content codings of bodies that the server undoes. */
  readonly requestCodings: readonly Coding[];
  /** A graceful close in the middle; null for one at the end, when nothing is left to do. */
  readonly close: { readonly atMs: number; readonly deadlineMs: number } | null;
  readonly clients: readonly ClientPlan[];
}

/** One connection, from the side that asks. */
export interface ClientPlan {
  readonly startMs: number;
  /** How many requests it has open at a time: 1 waits for each answer, more is a pipeline. */
  readonly window: number;
  /** It writes in pieces of these sizes, again and again from the front. */
  readonly pieces: readonly number[];
  /** How long it waits behind each piece. */
  readonly pauseMs: number;
  /** How long it waits before each request but the first. */
  readonly thinkMs: number;
  /** When it takes nothing in for a while; null when it reads all the time. */
  readonly stops: { readonly atBytes: number; readonly forMs: number } | null;
  readonly leave: Leave;
  readonly requests: readonly RequestPlan[];
  /** What it sends behind its requests, and what must come of it; null for nothing. */
  readonly tail: string | null;
}

/** How and when a client goes. What it did not send by then it never sends. */
export interface Leave {
  /**
   * - `close`: closes both ways.
   * - `fin`: half-closes, and reads on until the server closes.
   * - `reset`: is gone at once.
   * - `stay`: says nothing more, and waits until the server closes.
   */
  readonly how: "close" | "fin" | "reset" | "stay";
  /** `end`: when all is sent and answered; else when so much has happened. */
  readonly when: "end" | "sent" | "received" | "ms";
  /** Bytes, or milliseconds after its start. */
  readonly at: number;
}

export interface RequestPlan {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "OPTIONS" | "DELETE";
  readonly version: 0 | 1;
  readonly connection: "" | "close" | "keep-alive";
  /** The `Accept-Encoding`; `""` for none. */
  readonly accepts: string;
  /** Further header fields. */
  readonly fields: number;
  readonly body: BodyPlan | null;
  readonly does: Act;
}

export interface BodyPlan {
  readonly framing: "length" | "chunked";
  /** The content coding in which it is sent; `""` for none. */
  readonly coding: "" | "gzip" | "deflate" | "br";
  /** Before it is coded. */
  readonly bytes: number;
  /** The largest chunk. */
  readonly chunkBytes: number;
  readonly extensions: boolean;
  readonly trailers: number;
  /** What is wrong with its end: the framing, or the coding, which lacks a byte. */
  readonly defect: "" | "size" | "end" | "trailer" | "coding";
  /** True exactly when the client waits for `100 Continue`, though not for ever. */
  readonly expects: boolean;
}

/** What the application does with one request. */
export interface Act {
  readonly via: "native" | "fetch" | "iterable" | "step" | "thread";
  /**
   * How the handler answers the call: at once, by a promise, or `DONE` with a hold. A fetch
   * application has no `done`. Of an iterable: a synchronous generator, or an asynchronous one. Of
   * a computation in steps: nobody waits for its end, which it sees to itself; or as natively.
   * Of a thread: its answer is streamed; a call of it is awaited; or its answer is sent when it is
   * whole.
   */
  readonly style: "sync" | "promise" | "done";
  /**
   * What it does with the body before it answers. `slowly` stops the flow now and then; `kept` has
   * it kept as a whole first.
   */
  readonly reads: "nothing" | "all" | "slowly" | "kept";
  /** The clocks that it sets for the request; null for those of the server. */
  readonly clocks: RequestClocks | null;
  /** How long it takes before it answers. 0: not at all. */
  readonly waitMs: number;
  /** How long each slice of a computation in steps takes. */
  readonly sliceMs: number;
  /** How long it computes soon after its begin, in which nothing else happens. 0: not at all. */
  readonly computeMs: number;
  readonly answer: Answer;
  readonly status: number;
  /** The body of the answer. */
  readonly bytes: number;
  /** In pieces of this size where it is streamed. */
  readonly pieceBytes: number;
  /** How long a stream waits between two pieces. 0: not at all. */
  readonly stepMs: number;
  /** True exactly when the answer says that it is text, which deserves compression. */
  readonly isText: boolean;
  /** True exactly when a stream declares its length. */
  readonly declares: boolean;
  readonly trailers: boolean;
  /** True exactly when it asks for `Connection: close`. */
  readonly closes: boolean;
  /** True exactly when it gives up as soon as it hears that the client left. */
  readonly quits: boolean;
  /** True exactly when it finalizes a second time. */
  readonly twice: boolean;
}

/**
 * - `respond`: a whole answer at once.
 * - `stream`: head and pieces, as far as `AGAIN` allows.
 * - `decline`: nobody answers.
 * - `throw`, `nonsense`, `error`, `silent`: throws; answers what is no code; answers `ERROR`;
 *   finalizes without an answer.
 * - `refuse`: finalizes with a status.
 * - `never`: takes a hold and does nothing.
 * - `breaks`: fails when half of it is out.
 * - `short`, `long`: sends less, or more, than the length that it declared.
 * - `greedy`: sends on and on although it was told to wait.
 */
export type Answer =
  | "respond"
  | "stream"
  | "decline"
  | "throw"
  | "nonsense"
  | "error"
  | "silent"
  | "refuse"
  | "never"
  | "breaks"
  | "short"
  | "long"
  | "greedy";

/** Those that are the application's fault. */
export const MISBEHAVING: ReadonlySet<Answer> = new Set([
  "throw",
  "nonsense",
  "error",
  "silent",
  "breaks",
  "short",
  "long",
  "greedy",
]);
