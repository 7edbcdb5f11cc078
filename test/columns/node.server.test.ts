/**
 * A whole server on Node.
 *
 * @module
 */

import { createNodeReactor } from "../../runtimes/node.ts";
import { checkServer } from "../suites/check_server.ts";
import { liveRig } from "../suites/rig.ts";

checkServer("node", () => ({
  ...liveRig(createNodeReactor(), true),
  threadHeapsAreBounded: true,
}));
