/** Dates in requests, in the three forms of RFC 9110 §5.6.7. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { HttpDate, parseHttpDate } from "../../../core/http/date.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const SECOND = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("parseHttpDate()", () => {
  const cases: ReadonlyArray<readonly [string, number]> = [
    ["Sun, 06 Nov 1994 08:49:37 GMT", SECOND],
    ["Sunday, 06-Nov-94 08:49:37 GMT", SECOND],
    ["Sun Nov  6 08:49:37 1994", SECOND],
    ["Sat Nov 26 08:49:37 1994", SECOND + 20 * 86_400_000],
    ["Thu, 29 Feb 2024 23:59:60 GMT", Date.UTC(2024, 2, 1)],
    ["Friday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1)],
    ["Friday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
    ["Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800_000],
    ["", NaN],
    ["Sun, 6 Nov 1994 08:49:37 GMT", NaN],
    ["Sun, 06 Nov 1994 08:49:37 UTC", NaN],
    ["Sun, 06 Nov 1994 8:49:37 GMT", NaN],
    ["sun, 06 nov 1994 08:49:37 gmt", NaN],
    ["Sun, 31 Feb 1994 08:49:37 GMT", NaN],
    ["Sun, 00 Nov 1994 08:49:37 GMT", NaN],
    ["Sun, 06 Nov 1994 24:00:00 GMT", NaN],
    ["Sun, 06 Nov 1994 08:60:00 GMT", NaN],
    ["Sun, 06 Nov 1994 08:49:37 GMT ", NaN],
    ["1994-11-06T08:49:37Z", NaN],
  ];
  for (const [text, timeMs] of cases) {
    test(`reads ${JSON.stringify(text)} as ${timeMs}`, () => {
      assertEquals(parseHttpDate(text, NOW_MS), timeMs);
    });
  }

  test("reads what HttpDate writes", () => {
    for (let ms = 0; ms < 4e12; ms += 123_456_789_000) {
      const text = new HttpDate().text(0, { wallTime: () => ms });
      assertEquals(parseHttpDate(text, NOW_MS), ms);
    }
  });
});
