/**
 * The rig of the in-memory column: a condition is waited for by running events, and by moving the
 * clock when there are none. Knows the controls of the in-memory runtime.
 *
 * @module
 */

import { createMemoryReactor, type MemoryReactorOptions } from "../../runtimes/memory.ts";
import type { ColumnRig, Gaps } from "./rig.ts";

/** How far the clock moves before a check is given up. */
const WITHIN_MS = 10_000;
/** More than any check waits for to see that nothing comes. */
const IDLE_TURNS = 100;

/** A fresh reactor in memory with what a suite needs beside it. */
export function memoryRig(options: MemoryReactorOptions = {}, gaps: Gaps = {}): ColumnRig {
  const reactor = createMemoryReactor(options);
  return {
    reactor,
    address: { transport: "tcp", host: "127.0.0.1", port: 0 },
    unixAddress: { transport: "unix", path: "/run/reactor.sock" },
    lends: true,
    timeIsReal: false,
    threadsAreReal: false,
    cuts: options.faults !== undefined,
    bulkBytes: 32 * (options.bufferBytes ?? 65_536),
    gaps,
    compute: (ms) => reactor.spend(ms),
    async settle(condition, what) {
      try {
        await reactor.runUntil(condition, { withinMs: WITHIN_MS, idleTurns: IDLE_TURNS });
      } catch (error) {
        throw new Error(`it did not come: ${what}`, { cause: error });
      }
    },
  };
}
