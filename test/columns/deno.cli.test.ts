/**
 * The command line, on Deno.
 *
 * @module
 */

import { checkCli } from "../suites/check_cli.ts";

checkCli("deno");
