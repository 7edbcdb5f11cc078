/**
 * A whole server in memory: with the usual buffers, with small ones, and under those faults that
 * take nothing from anybody, with another seed for each check. Lent memory is watched: a write to
 * it fails the check.
 *
 * @module
 */

import { checkServer } from "../suites/check_server.ts";
import { memoryRig } from "../suites/memory_rig.ts";

const HARMLESS = {
  partialRead: 0.3,
  partialWrite: 0.3,
  again: 0.2,
  lateRelease: 0.3,
  reorder: 0.3,
  lateMsMax: 20,
};
let seed = 0;

checkServer("memory", () => memoryRig());
checkServer("memory, small buffers", () => memoryRig({ bufferBytes: 12_000, segmentBytes: 700 }));
checkServer("memory, harmless faults", () => memoryRig({ seed: ++seed, faults: HARMLESS }));
