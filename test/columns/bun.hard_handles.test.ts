/** The hard tests of opaque handles on Bun: the whole suite of the server is one of them. */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkHardHandles } from "../suites/check_hard.ts";
import { liveRig } from "../suites/rig.ts";

checkHardHandles("bun", () => liveRig(createBunReactor(), false));
