/**
 * The reactor contract on Deno.
 *
 * @module
 */

import { createDenoReactor } from "../../runtimes/deno.ts";
import { checkReactor } from "../suites/check_reactor.ts";
import { liveRig } from "../suites/rig.ts";

const GAPS = {
  "abort() gives the peer a reset": "Deno.Conn.close() sends FIN; there is no reset",
  "listen() twice with reusePort shares the port": "Deno has it only with --unstable-net",
};

checkReactor("deno", () => ({
  ...liveRig(createDenoReactor(), true, GAPS),
  threadLoopsEnd: false,
}));
