/** Waiting for handles in memory. */

import { checkPolls } from "../suites/check_polls.ts";
import { memoryRig } from "../suites/memory_rig.ts";
import { KINDS } from "../suites/polls/table.ts";

checkPolls("memory", KINDS.memory, () => memoryRig());
