/**
 * The command, as a program: gives it the process's arguments, and ends with its exit code.
 *
 * @module
 */

import process from "node:process";
import { runCommand } from "./cli/command.ts";

const exitCode = await runCommand(process.argv.slice(2));
// An application may have left timers or connections of its own, which must not keep the process.
// Its last words have left when the empty write behind them is called back.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
