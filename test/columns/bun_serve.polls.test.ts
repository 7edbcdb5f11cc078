/** Waiting for handles on Bun over `Bun.serve`: as on Bun. */

import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkPolls } from "../suites/check_polls.ts";
import { KINDS } from "../suites/polls/table.ts";
import { checkUnsuited } from "../suites/polls/unsuited.ts";
import { liveRig } from "../suites/rig.ts";

checkPolls("bun_serve", KINDS.bun_serve, () => liveRig(createBunServeReactor(), false));
checkUnsuited("bun_serve", () => liveRig(createBunServeReactor(), false));
