/**
 * The reactor contract on Node.
 *
 * @module
 */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkReactor } from "../suites/check_reactor.ts";
import { liveRig } from "../suites/rig.ts";

checkReactor("node", () => liveRig(createNodeReactor(), true));
