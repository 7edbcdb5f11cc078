/**
 * Lingering close: after the last answer the peer may still be sending. Closing at once would make
 * its kernel throw the answer away with a reset (RFC 9112 §9.6), so this side half-closes, reads
 * and drops within bounds of bytes and time, and then closes.
 *
 * @module
 */

import { type ConnectionClocks, LINGER_PHASE } from "./connection_clocks.ts";
import type { Clocks, Limits } from "./limits.ts";
import type { Loop } from "./loop.ts";
import type { Handle, Streams } from "./reactor.ts";

export class Lingering {
  #dropped = 0;
  #deadlineMs = Infinity;

  /** The last answer was accepted: half-closes and starts the clock. */
  start(handle: Handle, streams: Streams, loop: Loop, own: ConnectionClocks, clocks: Clocks): void {
    this.#deadlineMs = loop.now() + clocks.lingerTimeMs;
    own.readStart(LINGER_PHASE, Math.min(clocks.lingerTimeoutMs, clocks.lingerTimeMs));
    streams.shutdown(handle);
    streams.readStart(handle);
  }

  /** Bytes came that nobody wants. Answers false when there were too many. */
  drop(bytes: number, limits: Limits, loop: Loop, own: ConnectionClocks, clocks: Clocks): boolean {
    this.#dropped += bytes;
    if (own.readPhase === LINGER_PHASE) {
      const left = this.#deadlineMs - loop.now();
      own.readStart(LINGER_PHASE, Math.max(0, Math.min(clocks.lingerTimeoutMs, left)));
    }
    return this.#dropped <= limits.lingerBytesMax;
  }
}
