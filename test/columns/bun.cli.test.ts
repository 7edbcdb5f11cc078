/**
 * The command line, on Bun.
 *
 * @module
 */

import { checkCli } from "../suites/check_cli.ts";

checkCli("bun");
