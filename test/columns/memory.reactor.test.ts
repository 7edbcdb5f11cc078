/**
 * The reactor contract in memory: with the usual buffers, with small ones, and under those faults
 * that take nothing from anybody, with another seed for each check. Lent memory is not watched: one
 * check writes to it, and must see the bytes change.
 *
 * @module
 */

import { checkReactor } from "../suites/check_reactor.ts";
import { memoryRig } from "../suites/memory_rig.ts";

const SMALL = { bufferBytes: 3000, segmentBytes: 700 };
const HARMLESS = {
  partialRead: 0.3,
  partialWrite: 0.3,
  again: 0.2,
  lateRelease: 0.3,
  reorder: 0.3,
  lateMsMax: 20,
};
let seed = 0;

checkReactor("memory", () => memoryRig({ watchLent: false }));
checkReactor("memory, small buffers", () => memoryRig({ watchLent: false, ...SMALL }));
checkReactor(
  "memory, harmless faults",
  () => memoryRig({ watchLent: false, seed: ++seed, faults: HARMLESS }),
);
