/** The hard tests of opaque handles in memory: the whole suite of the server is one of them. */

import type { MemoryReactorOptions } from "../../runtimes/memory.ts";
import { checkHardHandles } from "../suites/check_hard.ts";
import { memoryRig } from "../suites/memory_rig.ts";
import type { HardRig } from "../suites/hard/hard_bench.ts";

function hardRig(options: MemoryReactorOptions): HardRig {
  return memoryRig({ watchLent: false, ...options }, {});
}

checkHardHandles("memory", () => hardRig({}));
checkHardHandles("memory, small buffers", () => ({
  ...hardRig({ bufferBytes: 4096, segmentBytes: 1024 }),
  bulkBytes: 96 * 4096,
}));
