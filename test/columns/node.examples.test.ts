/**
 * The examples and the demo, on Node.
 *
 * @module
 */

import { checkExamples } from "../suites/check_examples.ts";

checkExamples("node");
