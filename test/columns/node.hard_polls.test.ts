/** The hard tests of waiting for handles on Node. */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkHardPolls } from "../suites/check_hard_polls.ts";
import { KINDS } from "../suites/polls/table.ts";
import { liveRig } from "../suites/rig.ts";

checkHardPolls("node", KINDS.node, () => ({
  ...liveRig(createNodeReactor(), true),
  pipesMax: Infinity,
  handles: 500,
}));
