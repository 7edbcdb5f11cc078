/** The small vocabularies: methods, refusals, reasons, dates. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { HttpDate } from "../../../core/http/date.ts";
import { METHOD_NAMES, METHOD_OTHER, methodOf } from "../../../core/http/methods.ts";
import { reasonOf } from "../../../core/http/reasons.ts";
import { refusal, REFUSAL_CODES } from "../../../core/http/refusals.ts";
import { bytesOf } from "../../wire/load.ts";

describe("methodOf()", () => {
  test("knows each name of the table by its index", () => {
    METHOD_NAMES.forEach((name, code) => {
      const bytes = bytesOf(`x${name}x`);
      assertEquals(methodOf(bytes, 1, 1 + name.length), code);
    });
  });

  test("answers METHOD_OTHER for everything else", () => {
    for (
      const name of ["get", "GETS", "GE", "PUTS", "HEAR", "POSE", "DELETES", "TRACK", "XXXXXX"]
    ) {
      assertEquals(methodOf(bytesOf(name), 0, name.length), METHOD_OTHER, name);
    }
  });
});

describe("refusal()", () => {
  test("makes a peer's error with a status, a code and one line for every code", () => {
    for (const code of REFUSAL_CODES) {
      const error = refusal(code);
      assertEquals(error.code, code);
      assertEquals(error.fault, "peer");
      assert([400, 413, 414, 417, 421, 431, 501, 505].includes(error.status), code);
      assertMatch(error.code, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      assertMatch(error.message, /^[ -~]{10,100}$/);
    }
  });
});

describe("reasonOf()", () => {
  test("has a phrase for the usual statuses and none for others", () => {
    assertEquals(reasonOf(100), "Continue");
    assertEquals(reasonOf(200), "OK");
    assertEquals(reasonOf(404), "Not Found");
    assertEquals(reasonOf(431), "Request Header Fields Too Large");
    assertEquals(reasonOf(511), "Network Authentication Required");
    assertEquals(reasonOf(299), "");
  });
});

describe("HttpDate", () => {
  test("text() is an IMF-fixdate", () => {
    const textAt = (wallMs: number) => new HttpDate().text(0, { wallTime: () => wallMs });
    assertEquals(textAt(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
    assertEquals(textAt(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assertEquals(textAt(951782400000), "Tue, 29 Feb 2000 00:00:00 GMT");
  });

  test("text() changes with the second, forward and back", () => {
    const date = new HttpDate();
    let wallMs = 1400.5;
    let asked = 0;
    const clock = { wallTime: () => (asked++, wallMs) };
    const first = date.text(70, clock);
    assertEquals(first, "Thu, 01 Jan 1970 00:00:01 GMT");
    wallMs = 2000;
    assertStrictEquals(date.text(669, clock), first);
    assertEquals(asked, 1);
    assertEquals(date.text(669.5, clock), "Thu, 01 Jan 1970 00:00:02 GMT");
    wallMs = 1500;
    assertEquals(date.text(1668, clock), "Thu, 01 Jan 1970 00:00:02 GMT");
    assertEquals(date.text(1670, clock), first);
  });
});
