/**
 * The hard tests on Bun.
 *
 * @module
 */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkHard } from "../suites/check_hard.ts";
import { liveRig } from "../suites/rig.ts";

checkHard("bun", () => liveRig(createBunReactor(), false));
