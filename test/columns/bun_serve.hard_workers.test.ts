/** The hard test of two workers on one port: bun_serve. */

import { checkHardWorkers } from "../suites/hard/workers.ts";

checkHardWorkers("bun_serve");
