/**
 * The reactor contract on Bun.
 *
 * @module
 */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkReactor } from "../suites/check_reactor.ts";
import { liveRig } from "../suites/rig.ts";

checkReactor("bun", () => liveRig(createBunReactor(), false));
