/**
 * The examples and the demo, on Bun through Bun.serve.
 *
 * @module
 */

import { checkExamples } from "../suites/check_examples.ts";

checkExamples("bun_serve");
