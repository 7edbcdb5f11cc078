/**
 * The hard tests in memory, with the usual buffers and with those of the smallest receiver: 4 KiB,
 * in events of 1 KiB. Lent memory is not watched: a control writes to it, and must be found out by
 * what arrives.
 *
 * @module
 */

import type { MemoryReactor, MemoryReactorOptions } from "../../runtimes/memory.ts";
import { checkHard } from "../suites/check_hard.ts";
import { checkHardClocks } from "../suites/hard/clocks.ts";
import type { HardRig } from "../suites/hard/hard_bench.ts";
import { memoryRig } from "../suites/memory_rig.ts";
import type { Gaps } from "../suites/rig.ts";

const GAPS: Gaps = {
  "a handler that blocks its thread holds up no quick request":
    "threads are simulated on the one real thread: what blocks it blocks all",
};

function hardRig(options: MemoryReactorOptions): HardRig {
  const rig = memoryRig({ watchLent: false, ...options }, GAPS);
  const reactor = rig.reactor as MemoryReactor;
  return { ...rig, openHandles: () => reactor.pending().open.length };
}

checkHard("memory", () => ({ ...hardRig({}), requests: 10_000 }));
checkHard("memory, small buffers", () => ({
  ...hardRig({ bufferBytes: 4096, segmentBytes: 1024 }),
  bulkBytes: 96 * 4096,
}));
checkHardClocks();
