/** The hard tests of waiting for handles on Bun. */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkHardPolls } from "../suites/check_hard_polls.ts";
import { KINDS } from "../suites/polls/table.ts";
import { liveRig } from "../suites/rig.ts";

checkHardPolls("bun", KINDS.bun, () => ({
  ...liveRig(createBunReactor(), false),
  pipesMax: Infinity,
  handles: 500,
}));
