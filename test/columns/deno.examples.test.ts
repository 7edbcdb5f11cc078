/**
 * The examples and the demo, on Deno.
 *
 * @module
 */

import { checkExamples } from "../suites/check_examples.ts";

checkExamples("deno");
