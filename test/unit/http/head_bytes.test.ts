/** Remembered heads are the heads that would be made anew. */

import { describe, test } from "node:test";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { HeadBytes } from "../../../core/http/head_bytes.ts";
import { formatResponseHead, ResponseHead } from "../../../core/http/response_head.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

function headOf(status: number, fields: Record<string, string>, length: number): ResponseHead {
  const head = new ResponseHead();
  head.set(status, fields);
  head.contentLength = length;
  return head;
}

describe("HeadBytes.of()", () => {
  test("answers the same bytes for the same head", () => {
    const heads = new HeadBytes();
    const first = heads.of(headOf(200, { a: "b" }, 5), 1, DATE, true);
    assertStrictEquals(heads.of(headOf(200, { a: "b" }, 5), 1, DATE, true), first);
  });

  test("makes a head anew when anything of it differs", () => {
    const heads = new HeadBytes();
    const cases: Array<[ResponseHead, 0 | 1, string, boolean]> = [
      [headOf(200, { a: "b" }, 5), 1, DATE, true],
      [headOf(200, { a: "c" }, 5), 1, DATE, true],
      [headOf(200, { b: "b" }, 5), 1, DATE, true],
      [headOf(200, { a: "b", c: "d" }, 5), 1, DATE, true],
      [headOf(200, {}, 5), 1, DATE, true],
      [headOf(201, { a: "b" }, 5), 1, DATE, true],
      [headOf(200, { a: "b" }, 6), 1, DATE, true],
      [headOf(200, { a: "b" }, 5 + 32), 1, DATE, true],
      [headOf(200, { a: "b" }, 5), 0, DATE, true],
      [headOf(200, { a: "b" }, 5), 1, "another", true],
      [headOf(200, { a: "b" }, 5), 1, DATE, false],
      [headOf(200, { a: "b", connection: "close" }, 5), 1, DATE, true],
      [headOf(200, { a: "b", upgrade: "x" }, 5), 1, DATE, true],
      [headOf(200, { a: "\xe9" }, 5), 1, DATE, true],
    ];
    for (let round = 0; round < 3; round++) {
      for (const one of cases) {
        for (const [head, versionMinor, date, keepAlive] of [one, cases[0]!]) {
          const bytes = heads.of(head, versionMinor, date, keepAlive);
          const text = String.fromCharCode(...bytes);
          assertEquals(text, formatResponseHead(head, versionMinor, date, keepAlive));
        }
      }
    }
  });

  test("does not remember a reason of the application's own as the usual one", () => {
    const heads = new HeadBytes();
    const usual = heads.of(headOf(200, {}, 1), 1, DATE, true);
    const own = new ResponseHead();
    own.set(200, {}, "Fine");
    own.contentLength = 1;
    assertNotStrictEquals(heads.of(own, 1, DATE, true), usual);
  });
});
