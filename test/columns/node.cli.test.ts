/**
 * The command line, on Node.
 *
 * @module
 */

import { checkCli } from "../suites/check_cli.ts";

checkCli("node");
