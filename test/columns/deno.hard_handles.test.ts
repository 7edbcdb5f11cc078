/** The hard tests of opaque handles on Deno: the whole suite of the server is one of them. */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkHardHandles } from "../suites/check_hard.ts";
import { type Gaps, liveRig } from "../suites/rig.ts";

const NO_RESETS = "the test's own client is on Deno, where a reset is a FIN";

const GAPS: Gaps = {
  "a job of /text that waits gives up its place at a reset": NO_RESETS,
  "a job of /whole/text that waits gives up its place at a reset": NO_RESETS,
};

checkHardHandles("deno", () => ({
  ...liveRig(createDenoReactor(), true, GAPS),
  threadLoopsEnd: false,
}));
