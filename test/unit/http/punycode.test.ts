/**
 * Units of the Punycode check.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { describe, test } from "node:test";
import { labelsDecode } from "../../../core/http/punycode.ts";

describe("labelsDecode()", () => {
  for (
    const host of ["xn--nxasmq6b", "xn--mnchen-3ya.de", "a.xn--bcher-kva", "XN--P1AI", "plain.name"]
  ) {
    test(`accepts ${host}, as every URL parser does`, () => {
      assertEquals(labelsDecode(host), true);
      assertEquals(URL.canParse(`http://${host}/`), true);
    });
  }

  for (const host of ["xn--", "xn--0", "xn--99999999", "xn--a-", "xn---", "a.xn--zzzzzz"]) {
    test(`refuses ${host}`, () => assertEquals(labelsDecode(host), false));
  }
});
