/** The hard test of two workers on one port: node. */

import { checkHardWorkers } from "../suites/hard/workers.ts";

checkHardWorkers("node");
