/**
 * The hard tests in memory, with the usual buffers and with small ones.
 *
 * @module
 */

import type { MemoryReactor } from "../../runtimes/memory.ts";
import { checkHard } from "../suites/check_hard.ts";
import type { HardRig } from "../suites/hard/hard_bench.ts";
import { memoryRig } from "../suites/memory_rig.ts";

function hardRig(): HardRig {
  const rig = memoryRig({ watchLent: false });
  const reactor = rig.reactor as MemoryReactor;
  return { ...rig, timeIsReal: false, openHandles: () => reactor.pending().open.length };
}

checkHard("memory", hardRig);
