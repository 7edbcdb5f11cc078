/** Heads as the layers above see them: strings at first use, after keep, after drop. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { ByteHead, makeHead, PlainHead } from "../../../core/http/request_head.ts";
import {
  ABSOLUTE_FORM,
  HEAD_DONE,
  RequestHeadParser,
} from "../../../core/http/request_head_parser.ts";
import { bytesOf } from "../../wire/load.ts";

const LIMITS = { headBytesMax: 1000, headerCountMax: 20, targetBytesMax: 200 };
const HEAD = "POST /upload?x=1 HTTP/1.1\r\n" +
  "Host: example.com:8080\r\n" +
  "X-Empty:\r\n" +
  "Accept:  text/html \r\n" +
  "Cookie: a=1\r\n" +
  "ACCEPT: */*\r\n" +
  "cookie: b=2\r\n" +
  "Content-Length: 12\r\n\r\n";

/** A head over bytes that lie in the middle of others. */
function headOf(text: string): { head: ByteHead; bytes: Uint8Array } {
  const bytes = bytesOf(`before${text}after`);
  const parser = new RequestHeadParser(LIMITS);
  assertEquals(parser.feed(bytes, 6, 6 + text.length), HEAD_DONE, parser.error?.message);
  return { head: new ByteHead(parser, bytes, 6), bytes };
}

const FIELDS = [
  ["Host", "example.com:8080"],
  ["X-Empty", ""],
  ["Accept", "text/html"],
  ["Cookie", "a=1"],
  ["ACCEPT", "*/*"],
  ["cookie", "b=2"],
  ["Content-Length", "12"],
] as const;

function checkStrings(head: ByteHead): void {
  assertEquals(head.method, "POST");
  assertEquals(head.target, "/upload?x=1");
  assertEquals(head.authority, "example.com:8080");
  assertEquals(head.fields(), FIELDS.flat());
  assertEquals(head.get("host"), "example.com:8080");
  assertEquals(head.get("x-empty"), "");
  assertEquals(head.get("accept"), "text/html, */*");
  assertEquals(head.get("cookie"), "a=1; b=2");
  assertEquals(head.get("content-length"), "12");
  assertEquals(head.getAll("accept"), ["text/html", "*/*"]);
  for (const name of ["accep", "acceptx", "empty", "x", "post", ""]) {
    assertEquals(head.get(name), null, name);
    assertEquals(head.getAll(name), [], name);
  }
}

describe("ByteHead", () => {
  test("authority is each head's own, whatever was asked for before", () => {
    const hosts = ["a.test:1", "a.test:1", "a.test:2", "a.test", "b.test", "a.test:1", "a.test:12"];
    for (const host of hosts) {
      const { head } = headOf(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: a.test:1\r\n\r\n`);
      head.keep();
      assertEquals(head.authority, host);
      const { head: dropped } = headOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      dropped.drop();
      assertEquals(dropped.authority, "", "behind the same one");
    }
  });

  test("copies the facts, so that the parser may go on", () => {
    const bytes = bytesOf("GET http://a:81/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const parser = new RequestHeadParser(LIMITS);
    assertEquals(parser.feed(bytes, 0, bytes.length), HEAD_DONE);
    const head = new ByteHead(parser, bytes, 0);
    parser.reset();
    parser.feed(bytesOf(HEAD), 0, HEAD.length);
    assertEquals(head.method, "GET");
    assertEquals(head.targetForm, ABSOLUTE_FORM);
    assertEquals(head.authority, "a:81");
    assertEquals(head.versionMinor, 0);
    assertEquals(head.contentLength, -1);
    assert(head.keepAlive);
    assertFalse(head.chunked);
    assertFalse(head.isHead);
  });

  test("reads everything from the borrowed bytes", () => {
    checkStrings(headOf(HEAD).head);
  });

  test("keep() makes everything readable after the bytes have changed", () => {
    const { head, bytes } = headOf(HEAD);
    head.keep();
    bytes.fill(0x2a);
    checkStrings(head);
    head.keep();
    head.drop();
    checkStrings(head);
  });

  test("keep() keeps what was read before and what was not", () => {
    const { head, bytes } = headOf(HEAD);
    const target = head.target;
    head.keep();
    bytes.fill(0x2a);
    assertStrictEquals(head.target, target);
    assertEquals(head.authority, "example.com:8080");
  });

  test("drop() leaves empty what was not read before", () => {
    const { head, bytes } = headOf(HEAD.replace("POST", "BREW"));
    assertEquals(head.target, "/upload?x=1");
    head.drop();
    bytes.fill(0x2a);
    head.keep();
    assertEquals(head.target, "/upload?x=1");
    assertEquals(head.method, "");
    assertEquals(head.authority, "");
    assertEquals(head.fields(), []);
    assertEquals(head.get("host"), null);
    assertEquals(head.getAll("host"), []);
    assertEquals(head.contentLength, 12);
  });

  test("drop() leaves the fields alone that were read before", () => {
    const { head } = headOf(HEAD);
    const fields = head.fields();
    head.drop();
    assertStrictEquals(head.fields(), fields);
    assertEquals(head.get("host"), "example.com:8080");
  });

  test("values are Latin-1, byte for byte", () => {
    const { head, bytes } = headOf("GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xe9\xa0\r\n\r\n");
    assertEquals(head.get("x"), "\x80\xe9\xa0");
    head.keep();
    bytes.fill(0);
    assertEquals(head.fields(), ["Host", "a", "X", "\x80\xe9\xa0"]);
  });

  test("a method without a code is decoded", () => {
    assertEquals(headOf("BREW /pot HTTP/1.0\r\n\r\n").head.method, "BREW");
    assert(headOf("HEAD / HTTP/1.0\r\n\r\n").head.isHead);
  });

  test("a head without fields has none", () => {
    const { head } = headOf("GET / HTTP/1.0\r\n\r\n");
    assertEquals(head.authority, "");
    assertEquals(head.fields(), []);
    assertEquals(head.get("host"), null);
  });

  test("leading empty lines shift nothing", () => {
    const { head } = headOf(`\r\n\r\n${HEAD}`);
    checkStrings(head);
    head.keep();
    checkStrings(head);
  });
});

describe("makeHead()", () => {
  test("fills in the simplest GET", () => {
    const head = makeHead({});
    assert(head instanceof PlainHead);
    assertEquals(head.method, "GET");
    assertEquals(head.target, "/");
    assertEquals(head.contentLength, -1);
    assert(head.keepAlive);
    assertEquals(head.fields(), []);
  });

  test("answers like a head from bytes", () => {
    const plain = makeHead({
      method: "POST",
      target: "/upload?x=1",
      authority: "example.com:8080",
      contentLength: 12,
      fields: FIELDS,
    });
    const { head } = headOf(HEAD);
    assertEquals(plain.fields(), head.fields());
    for (const name of ["host", "accept", "cookie", "x-empty", "missing"]) {
      assertEquals(plain.get(name), head.get(name), name);
      assertEquals(plain.getAll(name), head.getAll(name), name);
    }
    assertEquals(plain.method, head.method);
    assertFalse(plain.isHead);
    assert(makeHead({ method: "HEAD" }).isHead);
  });

  test("takes a Headers, and reads it at first use", () => {
    let reads = 0;
    const source = {
      *[Symbol.iterator]() {
        reads++;
        yield* new Headers({ b: "2", a: "1" });
      },
    };
    const head = makeHead({ fields: source });
    assertEquals(reads, 0);
    assertEquals(head.get("a"), "1");
    assertEquals(head.get("b"), "2");
    assertEquals(reads, 1);
  });
});
