/** The hard test of two workers on one port: deno. */

import { checkHardWorkers } from "../suites/hard/workers.ts";

checkHardWorkers("deno");
