/**
 * Units of runtimes/common/loop_base.ts that the conformance suite does not see: the log line.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { LoopBase } from "../../../runtimes/common/loop_base.ts";

class PlainLoop extends LoopBase {}

describe("LoopBase", () => {
  test("log() writes one line: time, level, text as it is", () => {
    const lines: unknown[][] = [];
    const { error } = console;
    console.error = (...line: unknown[]) => lines.push(line);
    try {
      new PlainLoop().log("warn", "100% of %s and %d");
    } finally {
      console.error = error;
    }
    assertEquals(lines.length, 1);
    assertEquals(lines[0]!.length, 1);
    assertMatch(String(lines[0]![0]), /^\d{4}-\d\d-\d\dT[\d:.]+Z warn 100% of %s and %d$/);
  });

  test("now() stands still between enterEvent() and leaveEvent()", () => {
    const loop = new PlainLoop();
    loop.enterEvent();
    const firstMs = loop.now();
    const untilMs = performance.now() + 2;
    while (performance.now() < untilMs);
    assertEquals([loop.now(), loop.inEvent], [firstMs, true]);
    loop.leaveEvent();
    assertEquals([loop.now() > firstMs, loop.inEvent], [true, false]);
  });
});
