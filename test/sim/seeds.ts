/**
 * What once found something, made as small as it goes. Kept as plans, since what a seed draws
 * changes whenever the simulator learns to draw more. Each must hold from now on.
 *
 * @module
 */

import { CLIENT, GET, PLAIN, POST, RESPOND, STREAM } from "./plain.ts";
import type { Act, ClientPlan, RequestPlan, RunPlan } from "./plan.ts";

export interface Kept {
  /** What was wrong, and with whom. */
  readonly found: string;
  readonly plan: RunPlan;
}

/** An iterable that waits behind each piece. */
const PAUSING: Act = {
  ...STREAM,
  via: "iterable",
  style: "promise",
  isText: true,
  bytes: 400,
  pieceBytes: 40,
  stepMs: 50,
};
/** Of 288 bytes; a decoder finds any other byte in the place of the last one wrong. */
const SHORT_OF_A_BYTE: RequestPlan = {
  ...POST,
  body: { ...POST.body!, coding: "br", bytes: 288, chunkBytes: 1000, defect: "coding" },
};

const LONGER: RequestPlan = { ...GET, does: { ...RESPOND, bytes: 1000 } };

/** An encoder lets it out while its maker waits: more than there is room for. */
const TRICKLING: Act = { ...STREAM, isText: true, bytes: 4000, pieceBytes: 40, stepMs: 175 };
const SLOWLY_TAKEN: RunPlan = {
  ...PLAIN,
  bufferBytes: 100,
  segmentBytes: 100,
  limits: { ...PLAIN.limits, outputBytesReady: 2 },
  compression: { minBytes: 1 },
};
const STOPPING: ClientPlan = { ...CLIENT, stops: { atBytes: 200, forMs: 20_000 } };

export const KEPT: readonly Kept[] = [
  {
    found: "core: the job behind one whose thread had died was given to the dead thread",
    plan: {
      ...PLAIN,
      faults: { deadThread: { at: 2 } },
      clients: [{
        ...CLIENT,
        window: 2,
        requests: [1, 2].map(() => ({ ...GET, does: { ...RESPOND, via: "thread" } })),
      }],
    },
  },
  {
    found: "core: a job whose answer is sent when it is whole was ended though it made progress",
    plan: {
      ...PLAIN,
      clocks: { ...PLAIN.clocks, threadDeadlineMs: 1000 },
      clients: [{
        ...CLIENT,
        requests: [{
          ...GET,
          does: { ...STREAM, via: "thread", style: "done", pieceBytes: 1000, stepMs: 300 },
        }],
      }],
    },
  },
  {
    found: "core: the rest of a job that failed was read on from the ring of the next one",
    plan: {
      ...PLAIN,
      limits: { ...PLAIN.limits, outputBytesReady: 1000 },
      bufferBytes: 1000,
      clients: [{
        ...CLIENT,
        stops: { atBytes: 500, forMs: 1000 },
        requests: [{
          ...GET,
          does: { ...STREAM, via: "thread", answer: "breaks", pieceBytes: 1000 },
        }],
      }, {
        ...CLIENT,
        startMs: 1010,
        requests: [{ ...GET, does: { ...RESPOND, via: "thread" } }],
      }],
    },
  },
  {
    found: "runtimes: a simulated thread that had died wrote into the ring of the next job",
    plan: {
      ...PLAIN,
      faults: { deadThread: { at: 2 } },
      clients: [{
        ...CLIENT,
        requests: [{ ...GET, does: { ...STREAM, via: "thread", pieceBytes: 1000, stepMs: 10 } }],
      }, {
        ...CLIENT,
        startMs: 50,
        requests: [{ ...GET, does: { ...STREAM, via: "thread", pieceBytes: 1000, stepMs: 10 } }],
      }],
    },
  },
  {
    found: "core: a body that was cut off failed a step in the slice that asked for it, unheard",
    plan: {
      ...PLAIN,
      halfClose: "answer",
      clients: [{
        ...CLIENT,
        leave: { how: "close", when: "sent", at: 100 },
        requests: [{ ...POST, does: { ...RESPOND, via: "step", reads: "all", waitMs: 100 } }],
      }],
    },
  },
  {
    found: "core: a stream was cut off behind a large whole answer of the same connection",
    plan: {
      ...PLAIN,
      bufferBytes: 100,
      limits: { ...PLAIN.limits, outputBytesReady: 173, outputBytesMax: 98_304 },
      clients: [{
        ...CLIENT,
        window: 100,
        requests: [
          { ...GET, does: { ...RESPOND, bytes: 177_108 } },
          { ...POST, does: { ...STREAM, bytes: 227, pieceBytes: 49 } },
        ],
      }],
    },
  },
  {
    found: "core: what an encoder made for a connection that was dead never went home to its pool",
    plan: {
      ...PLAIN,
      bufferBytes: 1000,
      segmentBytes: 500,
      compression: { minBytes: 1 },
      faults: { sendError: { at: 2 } },
      clients: [{
        ...CLIENT,
        requests: [0, 1, 2, 3].map(() => ({ ...GET, accepts: "gzip", does: PAUSING })),
      }],
    },
  },
  {
    found: "runtimes: a body of Brotli that lacked its last byte was taken for a whole one",
    plan: {
      ...PLAIN,
      requestCodings: ["br"],
      // Index 8 has the bytes that matter.
      clients: [{ ...CLIENT, requests: [GET, GET, GET, GET, GET, GET, GET, GET, SHORT_OF_A_BYTE] }],
    },
  },
  {
    found: "core: a graceful close that began in an unwanted body waited for its deadline",
    plan: {
      ...PLAIN,
      close: { atMs: 50, deadlineMs: 1000 },
      clients: [{
        ...CLIENT,
        pieces: [150],
        pauseMs: 100,
        leave: { how: "stay", when: "end", at: 0 },
        requests: [{ ...POST, body: { ...POST.body!, chunkBytes: 10 }, does: RESPOND }],
      }],
    },
  },
  {
    found: "oracle: the end of an answer that only a FIN delimits may be lost to a reset, too",
    plan: {
      ...PLAIN,
      clients: [{
        ...CLIENT,
        window: 2,
        thinkMs: 21_420,
        stops: { atBytes: 220, forMs: 1e9 },
        requests: [
          { ...GET, does: { ...RESPOND, bytes: 10 } },
          {
            ...GET,
            version: 0,
            connection: "keep-alive",
            does: { ...STREAM, bytes: 23, pieceBytes: 14 },
          },
          GET,
        ],
      }],
    },
  },
  {
    found: "core: an iterable was asked for more behind a pause that an encoder had used",
    plan: {
      ...SLOWLY_TAKEN,
      clients: [{
        ...STOPPING,
        requests: [{ ...GET, accepts: "gzip", does: { ...TRICKLING, via: "iterable" } }],
      }],
    },
  },
  {
    found: "core: a stream was asked for more behind an empty chunk that had flushed an encoder",
    plan: {
      ...SLOWLY_TAKEN,
      clients: [{
        ...STOPPING,
        requests: [{ ...GET, accepts: "gzip", does: { ...TRICKLING, via: "fetch" } }],
      }],
    },
  },
  {
    found: "core: a pipelined request was not over before all that were answered with it",
    plan: {
      ...PLAIN,
      bufferBytes: 400,
      segmentBytes: 400,
      clients: [{
        ...CLIENT,
        window: 3,
        stops: { atBytes: 1, forMs: 20_000 },
        requests: [LONGER, LONGER, LONGER],
      }],
    },
  },
  {
    found: "core: output of a thread that went around its ring was sent on behind AGAIN",
    plan: {
      ...PLAIN,
      segmentBytes: 1460,
      limits: { ...PLAIN.limits, outputBytesMax: 98_304 },
      faults: { lateMsMax: 10 },
      clients: [{
        ...CLIENT,
        window: 3,
        requests: [204, 304, 200].map((status, at) => ({
          ...GET,
          does: at < 2
            ? { ...RESPOND, status }
            : { ...RESPOND, via: "thread", bytes: 294_753, pieceBytes: 575 },
        })),
      }],
    },
  },
  {
    found: "core: the deadline of a close came before the clocks that had run out before it",
    plan: {
      ...PLAIN,
      faults: { lateWake: 0.9, lateMsMax: 1000 },
      close: { atMs: 50, deadlineMs: 400 },
      clients: [{ ...CLIENT, thinkMs: 1500, requests: [GET, GET] }],
    },
  },
  {
    found: "core: a pipelined request was not over before the stream behind it had ended",
    plan: {
      ...PLAIN,
      bufferBytes: 100,
      segmentBytes: 100,
      clients: [{
        ...CLIENT,
        window: 2,
        stops: { atBytes: 1000, forMs: 20_000 },
        requests: [GET, { ...GET, does: STREAM }],
      }],
    },
  },
];
