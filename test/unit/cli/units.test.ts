/**
 * Times, sizes and counts of the command line, both ways.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { COUNT, SIZE, TIME, type Unit } from "../../../runtimes/cli/units.ts";

const GOOD: ReadonlyArray<readonly [Unit, string, number]> = [
  [TIME, "500ms", 500],
  [TIME, "2s", 2_000],
  [TIME, "1m", 60_000],
  [TIME, "1h", 3_600_000],
  [TIME, "75s", 75_000],
  [TIME, "0", 0],
  [SIZE, "1", 1],
  [SIZE, "16k", 16_384],
  [SIZE, "1m", 1_048_576],
  [SIZE, "1g", 1_073_741_824],
  [COUNT, "100", 100],
];

describe("units of the command line", () => {
  test("read() takes what write() makes, for each unit", () => {
    for (const [unit, text, value] of GOOD) {
      assertEquals([unit.read(text), unit.write(value)], [value, text]);
    }
  });

  test("TIME counts seconds without a unit, and takes fractions", () => {
    assertEquals([TIME.read("10"), TIME.read("0.5"), TIME.read("1.5m")], [10_000, 500, 90_000]);
  });

  test("SIZE takes capitals, as nginx does", () => {
    assertEquals([SIZE.read("16K"), SIZE.read("1M")], [16_384, 1_048_576]);
  });

  test("read() answers null for what is no value", () => {
    const bad = ["", "s", "-1s", "1 s", "1e3", "soon", "1d", "0x10", "1s2", "Infinity", ".5s"];
    for (const text of bad) assertEquals(TIME.read(text), null, text);
    for (const text of ["", "k", "-1", "1.5m", "1kb", "1t"]) assertEquals(SIZE.read(text), null);
    for (const text of ["", "1k", "-1", "1.5"]) assertEquals(COUNT.read(text), null);
  });
});
