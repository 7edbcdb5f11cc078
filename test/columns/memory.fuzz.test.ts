/**
 * Whole servers in memory under inputs that nobody means well.
 *
 * @module
 */

import { checkFuzz } from "../suites/check_fuzz.ts";

checkFuzz("memory");
