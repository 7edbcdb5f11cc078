/**
 * A whole server in memory, with the usual buffers and with small ones. Lent memory is watched: a
 * write to it fails the check.
 *
 * @module
 */

import { checkServer } from "../suites/check_server.ts";
import { memoryRig } from "../suites/memory_rig.ts";

checkServer("memory", () => memoryRig());
checkServer("memory, small buffers", () => memoryRig({ bufferBytes: 12_000, segmentBytes: 700 }));
