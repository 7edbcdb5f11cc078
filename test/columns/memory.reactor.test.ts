/**
 * The reactor contract in memory, with the usual buffers and with small ones. Lent memory is not
 * watched: one check writes to it, and must see the bytes change.
 *
 * @module
 */

import { checkReactor } from "../suites/check_reactor.ts";
import { memoryRig } from "../suites/memory_rig.ts";

const SMALL = { bufferBytes: 12_000, segmentBytes: 700 };
const GAPS = {
  "onData brings all that was sent before onEnd, though reading stopped":
    "a stopped reader's buffers are smaller than the 200,000 bytes of the check",
};

checkReactor("memory", () => memoryRig({ watchLent: false }, GAPS));
checkReactor("memory, small buffers", () => memoryRig({ watchLent: false, ...SMALL }, GAPS));
