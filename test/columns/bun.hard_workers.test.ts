/** The hard test of two workers on one port: bun. */

import { checkHardWorkers } from "../suites/hard/workers.ts";

checkHardWorkers("bun");
