/** Waiting for handles on Node. */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkPolls } from "../suites/check_polls.ts";
import { checkStdio } from "../suites/polls/stdio.ts";
import { KINDS } from "../suites/polls/table.ts";
import { checkUnsuited } from "../suites/polls/unsuited.ts";
import { liveRig } from "../suites/rig.ts";

checkPolls("node", KINDS.node, () => liveRig(createNodeReactor(), true));
checkStdio("node");
checkUnsuited("node", () => liveRig(createNodeReactor(), true));
