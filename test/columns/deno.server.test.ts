/**
 * A whole server on Deno.
 *
 * @module
 */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkServer } from "../suites/check_server.ts";
import { type Gaps, liveRig } from "../suites/rig.ts";

const NO_RESETS = "the test's own client is on Deno, where a reset is a FIN";

const GAPS: Gaps = {
  "a job of /text that waits gives up its place at a reset": NO_RESETS,
  "a job of /whole/text that waits gives up its place at a reset": NO_RESETS,
};

checkServer("deno", () => ({
  ...liveRig(createDenoReactor(), true, GAPS),
  threadLoopsEnd: false,
}));
