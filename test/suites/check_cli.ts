/**
 * The command line, as a process on each runtime: what it prints, and the exit code of each way to
 * end. Groups are in `cli/`.
 *
 * @module
 */

import { describe } from "node:test";
import { checkAccessLog } from "./cli/access_log.ts";
import { checkClosing } from "./cli/closing.ts";
import { checkFlags } from "./cli/flags.ts";
import { checkMistakes } from "./cli/mistakes.ts";
import { checkPlaces } from "./cli/places.ts";
import { checkServing } from "./cli/serving.ts";
import type { ProcessColumn } from "./commands.ts";

export function checkCli(column: ProcessColumn): void {
  describe(`command: serving (${column})`, () => checkServing(column));
  describe(`command: places (${column})`, () => checkPlaces(column));
  describe(`command: flags (${column})`, () => checkFlags(column));
  describe(`command: access log (${column})`, () => checkAccessLog(column));
  describe(`command: closing (${column})`, () => checkClosing(column));
  // How it listens makes no difference before it does.
  if (column !== "bun_serve") {
    describe(`command: mistakes (${column})`, () => checkMistakes(column));
  }
}
