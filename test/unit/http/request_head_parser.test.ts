/**
 * The parser as its caller sees it: positions, resuming, limits. What it accepts is in
 * `test/wire/`.
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertExists, assertFalse, assertInstanceOf } from "@std/assert";
import { HttpError } from "../../../core/errors.ts";
import {
  ABSOLUTE_FORM,
  ASTERISK_FORM,
  AUTHORITY_FORM,
  HEAD_BAD,
  HEAD_DONE,
  HEAD_MORE,
  METHOD_NAMES,
  ORIGIN_FORM,
  RequestHeadParser,
} from "../../../core/http/request_head_parser.ts";
import { bytesOf } from "../../wire/load.ts";

const LIMITS = { headBytesMax: 1000, headerCountMax: 20, targetBytesMax: 200 };
const HEAD = "\r\nPUT /a/b?c HTTP/1.1\r\nHost: example.com\r\nX: y\r\nContent-Length: 7\r\n\r\n";

function parsed(text: string, start = 0): RequestHeadParser {
  const parser = new RequestHeadParser(LIMITS);
  const bytes = bytesOf("#".repeat(start) + text);
  assertEquals(parser.feed(bytes, start, bytes.length), HEAD_DONE, parser.error?.message);
  return parser;
}

/** All facts that are for the caller. */
function factsOf(parser: RequestHeadParser): Record<string, unknown> {
  return { ...parser };
}

describe("RequestHeadParser", () => {
  test("feed() finds where everything is, relative to the start", () => {
    for (const start of [0, 5, 100]) {
      const parser = parsed(HEAD + "rest", start);
      assertEquals(parser.headBytes, HEAD.length);
      assertEquals(HEAD.slice(parser.methodStart, parser.methodEnd), "PUT");
      assertEquals(HEAD.slice(parser.targetStart, parser.targetEnd), "/a/b?c");
      assertEquals(HEAD.slice(parser.hostStart, parser.hostEnd), "example.com");
      assertEquals(parser.fieldsStart, HEAD.indexOf("Host:"));
      assertEquals(METHOD_NAMES[parser.method], "PUT");
      assertEquals(parser.headerCount, 3);
      assertEquals(parser.contentLength, 7);
      assertEquals(parser.versionMinor, 1);
    }
  });

  test("feed() does not look at bytes from `end` on", () => {
    const parser = new RequestHeadParser(LIMITS);
    const bytes = bytesOf(HEAD);
    assertEquals(parser.feed(bytes, 0, HEAD.length - 1), HEAD_MORE);
    assertEquals(parser.feed(bytes, 0, HEAD.length), HEAD_DONE);
  });

  test("feed() goes on in another array at another place", () => {
    const whole = factsOf(parsed(HEAD));
    for (let cut = 0; cut <= HEAD.length; cut++) {
      const parser = new RequestHeadParser(LIMITS);
      const first = bytesOf(HEAD.slice(0, cut));
      const code = parser.feed(first, 0, first.length);
      assertEquals(code, cut === HEAD.length ? HEAD_DONE : HEAD_MORE);
      if (code === HEAD_DONE) continue;
      const second = bytesOf("!".repeat(cut % 7) + HEAD + "x");
      assertEquals(parser.feed(second, cut % 7, second.length), HEAD_DONE);
      assertEquals(factsOf(parser), whole, `cut at ${cut}`);
    }
  });

  test("feed() may come without new bytes", () => {
    const parser = new RequestHeadParser(LIMITS);
    const bytes = bytesOf(HEAD);
    for (let end = 0; end < HEAD.length; end++) {
      assertEquals(parser.feed(bytes, 0, end), HEAD_MORE);
      assertEquals(parser.feed(bytes, 0, end), HEAD_MORE);
    }
    assertEquals(parser.feed(bytes, 0, HEAD.length), HEAD_DONE);
  });

  test("started is true from the first byte that is not an empty line's", () => {
    const parser = new RequestHeadParser(LIMITS);
    const bytes = bytesOf("\r\n\r\nG");
    for (let end = 0; end <= 4; end++) {
      parser.feed(bytes, 0, end);
      assertFalse(parser.started);
    }
    parser.feed(bytes, 0, 5);
    assert(parser.started);
    parser.reset();
    assertFalse(parser.started);
    assertEquals(parser.feed(bytesOf("\0"), 0, 1), HEAD_BAD);
    assert(parser.started);
  });

  test("reset() forgets everything of the head before", () => {
    const parser = parsed(
      "POST http://xn--a/ HTTP/1.0\r\nHost: xn--a\r\nConnection: keep-alive, upgrade\r\n" +
        "Upgrade: x\r\nContent-Length: 3\r\nX: \xff\r\n\r\n",
    );
    const plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    parser.reset();
    assertEquals(parser.feed(bytesOf(plain), 0, plain.length), HEAD_DONE);
    assertEquals(factsOf(parser), factsOf(parsed(plain)));
  });

  test("reset() forgets a refusal", () => {
    const parser = new RequestHeadParser(LIMITS);
    assertEquals(parser.feed(bytesOf("\0"), 0, 1), HEAD_BAD);
    parser.reset();
    assertEquals(parser.error, null);
    assertEquals(parser.feed(bytesOf(HEAD), 0, HEAD.length), HEAD_DONE);
  });

  test("targetForm tells the forms apart", () => {
    const host = "Host: a\r\n\r\n";
    assertEquals(parsed(`GET /http://b HTTP/1.1\r\n${host}`).targetForm, ORIGIN_FORM);
    assertEquals(parsed(`GET http://a/ HTTP/1.1\r\n${host}`).targetForm, ABSOLUTE_FORM);
    assertEquals(parsed(`OPTIONS * HTTP/1.1\r\n${host}`).targetForm, ASTERISK_FORM);
    const parser = new RequestHeadParser(LIMITS);
    const connect = bytesOf("CONNECT a:1 HTTP/1.1\r\n");
    assertEquals(parser.feed(connect, 0, connect.length), HEAD_BAD);
    assertEquals(parser.targetForm, AUTHORITY_FORM);
  });

  test("error is an HttpError of the peer's", () => {
    const parser = new RequestHeadParser(LIMITS);
    const bytes = bytesOf("GET / HTTP/3.0\r\n");
    assertEquals(parser.feed(bytes, 0, bytes.length), HEAD_BAD);
    assertInstanceOf(parser.error, HttpError);
    assertEquals(parser.error.status, 505);
    assertEquals(parser.error.code, "version-not-supported");
    assertEquals(parser.error.fault, "peer");
  });

  test("a bad byte is refused when it is seen, not at the end of the line", () => {
    for (
      const beginning of [
        "\x16",
        "G\0",
        "GET /\x80",
        "GET x",
        "GET / x",
        "GET / HTTP/1.1x",
        "GET / HTTP/1.1\r\n ",
        "GET / HTTP/1.1\r\nA ",
        "GET / HTTP/1.1\r\nA: \0",
        "GET / HTTP/1.1\r\nA: b\rc",
      ]
    ) {
      const parser = new RequestHeadParser(LIMITS);
      const bytes = bytesOf(beginning);
      assertEquals(parser.feed(bytes, 0, bytes.length - 1), HEAD_MORE, beginning);
      assertEquals(parser.feed(bytes, 0, bytes.length), HEAD_BAD, beginning);
      assertExists(parser.error);
    }
  });

  test("limits are copied, so that a caller's change does not reach a parser", () => {
    const limits = { ...LIMITS };
    const parser = new RequestHeadParser(limits);
    limits.headBytesMax = 1;
    assertEquals(parser.feed(bytesOf(HEAD), 0, HEAD.length), HEAD_DONE);
  });

  test("a target that alone fills the head is too long, whatever its own limit", () => {
    const parser = new RequestHeadParser({ ...LIMITS, headBytesMax: 50, targetBytesMax: 100 });
    const bytes = bytesOf(`GET /${"a".repeat(60)} HTTP/1.1\r\n`);
    assertEquals(parser.feed(bytes, 0, bytes.length), HEAD_BAD);
    assertEquals(parser.error?.code, "target-too-long");
  });

  test("hasObsText is true exactly when a value has a byte above 0x7f", () => {
    assertFalse(parsed("GET / HTTP/1.0\r\nX: ~\r\n\r\n").hasObsText);
    assert(parsed("GET / HTTP/1.0\r\nX: a\x80b\r\nY: c\r\n\r\n").hasObsText);
  });
});
