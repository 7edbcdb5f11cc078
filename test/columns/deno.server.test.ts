/**
 * A whole server on Deno.
 *
 * @module
 */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkServer } from "../suites/check_server.ts";
import { liveRig } from "../suites/rig.ts";

checkServer("deno", () => ({
  ...liveRig(createDenoReactor(), true),
  threadLoopsEnd: false,
}));
