/**
 * Standard input and output as handles, in a program of its own: as Node's streams, which all three
 * runtimes have, and as the runtime's own. It knows how a program is started with a FIFO for input.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { commandOf, type ProcessColumn } from "../commands.ts";
import { Program } from "../../programs.ts";
import { ROOT } from "../../tidy/tree.ts";
import { scratch } from "./ends.ts";

export function checkStdio(column: ProcessColumn): void {
  for (const form of ["compatible", "native"]) {
    test(`standard input and output are handles, ${form}`, async () => {
      const place = scratch();
      execFileSync("mkfifo", [place.path]);
      const writer = openSync(place.path, constants.O_RDWR);
      const command = commandOf(column, ["test/suites/polls/stdio_program.ts", form]);
      const shell = ["-c", 'exec "$@" < "$0"', place.path, ...command];
      const program = new Program("sh", shell, { cwd: ROOT });
      await program.waitFor(/timeout\n/);
      writeSync(writer, "news\n");
      await program.waitFor(/ready news\n/);
      closeSync(writer);
      const { code, stdout, stderr } = await program.ended;
      place.dispose();
      assertEquals({ code, stdout, stderr }, {
        code: 0,
        stdout: "timeout\nready news\nhangup\n",
        stderr: "",
      });
    });
  }
}
