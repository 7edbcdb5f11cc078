/** Waiting for handles on Deno. */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkPolls } from "../suites/check_polls.ts";
import { checkStdio } from "../suites/polls/stdio.ts";
import { KINDS } from "../suites/polls/table.ts";
import { checkUnsuited } from "../suites/polls/unsuited.ts";
import { liveRig } from "../suites/rig.ts";

checkPolls("deno", KINDS.deno, () => liveRig(createDenoReactor(), true));
checkStdio("deno");
checkUnsuited("deno", () => liveRig(createDenoReactor(), true));
