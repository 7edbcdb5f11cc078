/**
 * The reactor contract on Bun, of the reactor that listens through `Bun.serve` for requests.
 *
 * @module
 */

import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkReactor } from "../suites/check_reactor.ts";
import { liveRig } from "../suites/rig.ts";

checkReactor("bun_serve", () => liveRig(createBunServeReactor(), false));
