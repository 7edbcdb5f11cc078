/** The hard tests of opaque handles on Node: the whole suite of the server is one of them. */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkHardHandles } from "../suites/check_hard.ts";
import { liveRig } from "../suites/rig.ts";

checkHardHandles("node", () => liveRig(createNodeReactor(), true));
