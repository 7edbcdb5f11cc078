/** The url of a request beside what the URL standard makes of it. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { serializedUrl } from "../../../core/apps/request_url.ts";

/** Targets that a client may send, each with an origin. */
const TARGETS = [
  "/",
  "/hello?name=a&b=c",
  "/a/../b",
  "/a/..",
  "/a/./b",
  "/a/%2e%2E/b",
  "/a/.%2e/b",
  "/.well-known/x",
  "/a..b/...c",
  "//x/y",
  "/a\\b",
  '/a|b^`{}"<>',
  "/a'b?q='x'",
  "/%61%ZZ",
  "/?a=/../b",
  "/a;b=1,2:3@4!$&()*+=~_-",
];

describe("serializedUrl", () => {
  for (const authority of ["example.com", "example.com:8080", "[::1]:1"]) {
    test(`answers what the URL standard says, at ${authority}`, () => {
      for (const target of TARGETS) {
        const { href } = new URL(`http://${authority}${target}`);
        assertEquals(serializedUrl("http", authority, target), href);
        assertEquals(serializedUrl("http", authority, target), href, "the second time too");
      }
    });
  }

  test("rewrites hosts as the URL standard does, whatever came before", () => {
    for (
      const [scheme, authority] of [
        ["http", "EXAMPLE.com"],
        ["http", "example.com"],
        ["http", "example.com:80"],
        ["https", "example.com:443"],
        ["http", "example.com:443"],
        ["http", "0x7f.1"],
        ["http", "[0:0:0:0:0:0:0:1]"],
        ["https", "example.com"],
      ] as const
    ) {
      const { href } = new URL(`${scheme}://${authority}/x`);
      assertEquals(serializedUrl(scheme, authority, "/x"), href);
    }
  });

  test("does not take a longer host for the one that it knows", () => {
    assertEquals(serializedUrl("http", "a.test", "/x"), "http://a.test/x");
    assertEquals(serializedUrl("http", "a.test.B", "/x"), "http://a.test.b/x");
  });
});
