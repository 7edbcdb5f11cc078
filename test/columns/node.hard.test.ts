/**
 * The hard tests on Node.
 *
 * @module
 */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkHard } from "../suites/check_hard.ts";
import { liveRig } from "../suites/rig.ts";

checkHard("node", () => liveRig(createNodeReactor(), true));
