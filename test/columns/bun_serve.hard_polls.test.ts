/** The hard tests of waiting for handles on Bun over Bun.serve. */

import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkHardPolls } from "../suites/check_hard_polls.ts";
import { KINDS } from "../suites/polls/table.ts";
import { liveRig } from "../suites/rig.ts";

checkHardPolls("bun_serve", KINDS.bun_serve, () => ({
  ...liveRig(createBunServeReactor(), false),
  pipesMax: Infinity,
  handles: 500,
}));
