/**
 * The reactor contract in memory, with the usual buffers and with small ones. Lent memory is not
 * watched: one check writes to it, and must see the bytes change.
 *
 * @module
 */

import { checkReactor } from "../suites/check_reactor.ts";
import { memoryRig } from "../suites/memory_rig.ts";

const SMALL = { bufferBytes: 3000, segmentBytes: 700 };

checkReactor("memory", () => memoryRig({ watchLent: false }));
checkReactor("memory, small buffers", () => memoryRig({ watchLent: false, ...SMALL }));
