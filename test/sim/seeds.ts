/**
 * What once found something, made as small as it goes. Kept as plans, since what a seed draws
 * changes whenever the simulator learns to draw more. Each must hold from now on.
 *
 * @module
 */

import { CLIENT, GET, PLAIN, POST, RESPOND, STREAM } from "./plain.ts";
import type { RunPlan } from "./plan.ts";

export interface Kept {
  /** What was wrong, and with whom. */
  readonly found: string;
  readonly plan: RunPlan;
}

export const KEPT: readonly Kept[] = [
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
];
