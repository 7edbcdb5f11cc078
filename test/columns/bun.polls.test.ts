/** Waiting for handles on Bun. */

import { createBunReactor } from "../../runtimes/bun.ts";
import { checkPolls } from "../suites/check_polls.ts";
import { checkStdio } from "../suites/polls/stdio.ts";
import { KINDS } from "../suites/polls/table.ts";
import { checkUnsuited } from "../suites/polls/unsuited.ts";
import { liveRig } from "../suites/rig.ts";

checkPolls("bun", KINDS.bun, () => liveRig(createBunReactor(), true));
checkStdio("bun");
checkUnsuited("bun", () => liveRig(createBunReactor(), true));
