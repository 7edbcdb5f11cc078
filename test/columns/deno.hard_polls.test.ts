/** The hard tests of waiting for handles on Deno. */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkHardPolls } from "../suites/check_hard_polls.ts";
import { KINDS } from "../suites/polls/table.ts";
import { liveRig } from "../suites/rig.ts";

checkHardPolls("deno", KINDS.deno, () => ({
  ...liveRig(createDenoReactor(), true),
  pipesMax: 8,
  handles: 500,
}));
