/**
 * The hard tests on Deno.
 *
 * @module
 */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkHard } from "../suites/check_hard.ts";
import { liveRig } from "../suites/rig.ts";

checkHard("deno", () => ({
  ...liveRig(createDenoReactor(), true),
  threadLoopsEnd: false,
}));
