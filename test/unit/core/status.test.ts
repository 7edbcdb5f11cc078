/** The five result codes: which values they are, and how they read in a log. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  AGAIN,
  DECLINED,
  DONE,
  ERROR,
  isResultCode,
  nameOfCode,
  OK,
} from "../../../core/status.ts";

test("isResultCode() holds for the five codes", () => {
  for (const code of [OK, ERROR, AGAIN, DONE, DECLINED]) assertEquals(isResultCode(code), true);
});

test("isResultCode() does not hold for HTTP statuses and other values", () => {
  for (const value of [200, 404, 1, -3, "0", "OK", null, undefined, NaN, {}]) {
    assertEquals(isResultCode(value), false);
  }
});

test("nameOfCode() gives the names of the codes, all different", () => {
  const names = [OK, ERROR, AGAIN, DONE, DECLINED].map(nameOfCode);
  assertEquals(names, ["OK", "ERROR", "AGAIN", "DONE", "DECLINED"]);
});

test("nameOfCode() gives any other value as text", () => {
  assertEquals([200, undefined, null, "x"].map(nameOfCode), ["200", "undefined", "null", "x"]);
});
