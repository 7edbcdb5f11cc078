/**
 * The command line, on Bun through Bun.serve.
 *
 * @module
 */

import { checkCli } from "../suites/check_cli.ts";

checkCli("bun_serve");
