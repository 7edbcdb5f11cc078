/** Single values of Content-Length, Connection and Transfer-Encoding. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  CODING_CHUNKED,
  CODING_CHUNKED_LAST,
  CODING_CHUNKED_TWICE,
  CODING_OTHER,
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  LENGTH_TOO_LARGE,
  parseConnection,
  parseContentLength,
  parseTransferEncoding,
  VALUE_BAD,
} from "../../../core/http/framing_fields.ts";
import { bytesOf } from "../../wire/load.ts";

/** The value lies in the middle of digits and commas, so that reading past its ends shows. */
function within<T>(value: string, parse: (bytes: Uint8Array, from: number, to: number) => T): T {
  const bytes = bytesOf(`9,${value},9`);
  return parse(bytes, 2, bytes.length - 2);
}

describe("parseContentLength()", () => {
  test("reads decimal digits up to 2^53 - 1", () => {
    assertEquals(within("0", parseContentLength), 0);
    assertEquals(within("0042", parseContentLength), 42);
    assertEquals(within("9007199254740991", parseContentLength), Number.MAX_SAFE_INTEGER);
  });

  test("tells a number that is too large from something that is none", () => {
    assertEquals(within("9007199254740992", parseContentLength), LENGTH_TOO_LARGE);
    assertEquals(within("9".repeat(400), parseContentLength), LENGTH_TOO_LARGE);
    assertEquals(within("9".repeat(400) + "x", parseContentLength), VALUE_BAD);
    for (const value of ["", "+1", "-1", "1 2", "0x1", "1.0", "1e1", "5,5", "\xb2"]) {
      assertEquals(within(value, parseContentLength), VALUE_BAD, value);
    }
  });
});

describe("parseConnection()", () => {
  test("finds the known options in any case and place", () => {
    assertEquals(within("close", parseConnection), CONNECTION_CLOSE);
    assertEquals(within("Keep-Alive", parseConnection), CONNECTION_KEEP_ALIVE);
    const all = CONNECTION_CLOSE | CONNECTION_KEEP_ALIVE | CONNECTION_UPGRADE;
    assertEquals(within("x,UPGRADE ,\tclose,,keep-alive, ", parseConnection), all);
  });

  test("knows no other option", () => {
    for (const value of ["", ",", "te", "clos", "closed", "upgrades", "keep_alive", "keep-aliv"]) {
      assertEquals(within(value, parseConnection), 0, value);
    }
  });

  test("refuses what is no list of tokens", () => {
    for (const value of ["a b", "close;x", '"close"', "a,b c", "(x)", "\xe9"]) {
      assertEquals(within(value, parseConnection), VALUE_BAD, value);
    }
  });
});

describe("parseTransferEncoding()", () => {
  const CHUNKED = CODING_CHUNKED | CODING_CHUNKED_LAST;

  function parse(value: string, before = 0): number {
    return within(value, (bytes, from, to) => parseTransferEncoding(bytes, from, to, before));
  }

  test("tells which codings there are, and which is last", () => {
    assertEquals(parse("chunked"), CHUNKED);
    assertEquals(parse("Chunked"), CHUNKED);
    assertEquals(parse("gzip"), CODING_OTHER);
    assertEquals(parse("gzip , chunked"), CODING_OTHER | CHUNKED);
    assertEquals(parse("chunked,gzip"), CODING_OTHER | CODING_CHUNKED);
    assertEquals(parse("chunked,chunked"), CHUNKED | CODING_CHUNKED_TWICE);
  });

  test("goes on with the list of an earlier field", () => {
    assertEquals(parse("chunked", CODING_OTHER), CODING_OTHER | CHUNKED);
    assertEquals(parse("chunked", CHUNKED), CHUNKED | CODING_CHUNKED_TWICE);
    assertEquals(parse("gzip", CHUNKED), CODING_OTHER | CODING_CHUNKED);
  });

  test("refuses empty elements, parameters and other rubbish", () => {
    for (const value of ["", ",", ",chunked", "chunked,", "a,,b", "a b", "chunked;a=b", '"a"']) {
      assertEquals(parse(value), VALUE_BAD, value);
    }
  });
});
