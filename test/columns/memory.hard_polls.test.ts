/** The hard tests of waiting for handles in memory: as it is, and under faults. */

import { checkHardPolls } from "../suites/check_hard_polls.ts";
import { memoryRig } from "../suites/memory_rig.ts";
import { KINDS } from "../suites/polls/table.ts";

checkHardPolls("memory", KINDS.memory, () => ({ ...memoryRig(), pipesMax: 0, handles: 5000 }));

const faults = { partialRead: 0.3, partialWrite: 0.3, again: 0.2, stall: 0.02, reorder: 0.3 };
checkHardPolls("memory, under faults", KINDS.memory, () => ({
  ...memoryRig({ seed: 7, faults: { ...faults, lateMsMax: 20 }, bufferBytes: 64 }),
  pipesMax: 0,
  handles: 500,
}));
