/**
 * The examples and the demo, on Bun.
 *
 * @module
 */

import { checkExamples } from "../suites/check_examples.ts";

checkExamples("bun");
