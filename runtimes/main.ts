/**
 * The command, as a program: gives it the process's arguments, and ends with its exit code. It
 * knows the process, and no word of the command line.
 *
 * @module
 */

import process from "node:process";
import { runCommand } from "./cli/command.ts";

// No top-level await: while one is open, Bun 1.4 waits for ever for a module that never ends to
// load, and Deno 2.9 ends the process before the command can say so.
runCommand(process.argv.slice(2)).then((exitCode) => {
  // An application may have left timers or connections of its own, which must not keep the process.
  // Its last words have left when the empty write behind them is called back.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
});
