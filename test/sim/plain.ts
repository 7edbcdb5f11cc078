/**
 * The plainest plan of each kind, for those that are made by hand: nothing is slow, nothing fails.
 *
 * @module
 */

import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../core/limits.ts";
import type { Act, ClientPlan, RequestPlan, RunPlan } from "./plan.ts";

/** A handler that answers at once. */
export const RESPOND: Act = {
  via: "native",
  style: "sync",
  reads: "nothing",
  clocks: null,
  waitMs: 0,
  sliceMs: 0,
  computeMs: 0,
  answer: "respond",
  status: 200,
  bytes: 30,
  pieceBytes: 30,
  stepMs: 0,
  isText: false,
  declares: false,
  trailers: false,
  closes: false,
  quits: false,
  twice: false,
};

export const GET: RequestPlan = {
  method: "GET",
  version: 1,
  connection: "",
  accepts: "",
  fields: 0,
  body: null,
  does: RESPOND,
};

/** With a chunked body that is read. */
export const POST: RequestPlan = {
  ...GET,
  method: "POST",
  body: {
    framing: "chunked",
    coding: "",
    bytes: 90,
    chunkBytes: 40,
    extensions: false,
    trailers: 1,
    defect: "",
    expects: false,
  },
  does: { ...RESPOND, style: "done", reads: "all" },
};

/** A handler that streams. */
export const STREAM: Act = { ...RESPOND, answer: "stream", bytes: 40_000, pieceBytes: 20_000 };

/** Says all at once, waits for each answer, and closes. */
export const CLIENT: ClientPlan = {
  startMs: 0,
  window: 1,
  pieces: [100_000],
  pauseMs: 0,
  thinkMs: 0,
  stops: null,
  leave: { how: "close", when: "end", at: 0 },
  requests: [GET],
  tail: null,
};

/** A run without anybody. */
export const PLAIN: RunPlan = {
  seed: 1,
  faults: {},
  bufferBytes: 65_536,
  segmentBytes: 65_536,
  limits: { ...DEFAULT_LIMITS, loopLagMaxMs: Infinity },
  clocks: DEFAULT_CLOCKS,
  halfClose: "abort",
  requestBody: "stream",
  compression: null,
  requestCodings: [],
  close: null,
  clients: [],
};
