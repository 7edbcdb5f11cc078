/**
 * A whole server on Bun.
 *
 * @module
 */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkServer } from "../suites/check_server.ts";
import { liveRig } from "../suites/rig.ts";

checkServer("bun", () => liveRig(createBunReactor(), false));
