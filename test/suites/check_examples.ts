/**
 * Each example and the demo, started as a reader would start them, answer as their comments say,
 * and end at Ctrl-C with exit code 0. Groups are in `examples/`.
 *
 * @module
 */

import { describe } from "node:test";
import type { ProcessColumn } from "./commands.ts";
import { checkDemo } from "./examples/demo.ts";
import { checkLive } from "./examples/live.ts";
import { checkSmallExamples } from "./examples/small.ts";
import { checkTcpEcho } from "./examples/tcp_echo.ts";

export function checkExamples(column: ProcessColumn): void {
  describe(`examples (${column})`, () => {
    checkSmallExamples(column);
    // Without HTTP there is nothing for Bun.serve to do.
    if (column !== "bun_serve") checkTcpEcho(column);
  });
  describe(`demo (${column})`, () => {
    checkDemo(column);
    checkLive(column);
  });
}
