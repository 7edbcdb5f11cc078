/** What Accept-Encoding asks for, element by element. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { chooseCoding } from "../../../core/http/accept_encoding.ts";

const OFFERED = ["br", "zstd", "gzip"];

describe("chooseCoding()", () => {
  const cases: ReadonlyArray<readonly [string | null, string | null, boolean]> = [
    [null, null, false],
    ["", null, false],
    ["gzip", "gzip", false],
    ["GZIP", "gzip", false],
    ["x-gzip;q=0.5", "gzip", false],
    ["gzip, br", "br", false],
    ["gzip;q=0.8 , br;q=0.7", "gzip", false],
    [" ,, gzip ,", "gzip", false],
    ["*", "br", false],
    ["br;q=0, zstd;q=0, *", "gzip", false],
    ["*;q=0", null, true],
    ["identity;q=0", null, true],
    ["gzip, identity;q=0", "gzip", true],
    ["gzip, *;q=0", "gzip", true],
    ["identity;q=0.5, *;q=0", null, false],
    ["gzip;q=0.4, identity;q=0.5", null, false],
    ["gzip;q=0.5, identity;q=0.5", "gzip", false],
    ["gzip;q=0.000", null, false],
    ["gzip;q=1.000", "gzip", false],
    ["gzip;q=1.001, br;q=.5, zstd;q=0.5555", null, false],
    ["gzip;level=9", null, false],
    ["snappy, lzma", null, false],
  ];
  for (const [field, coding, identityRefused] of cases) {
    test(`takes ${coding} of ${JSON.stringify(field)}`, () => {
      assertEquals(chooseCoding(field, OFFERED), { coding, identityRefused });
    });
  }

  test("takes none where none is offered", () => {
    assertEquals(chooseCoding("gzip", []), { coding: null, identityRefused: false });
  });
});
