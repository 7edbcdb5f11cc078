/** The check of hosts and ports, above all against the URL class of each runtime. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  AUTHORITY_BAD,
  AUTHORITY_NEEDS_CHECK,
  AUTHORITY_OK,
  checkAuthority,
  equalAuthorities,
} from "../../../core/http/authority.ts";
import { bytesOf } from "../../wire/load.ts";
import { Random } from "./random.ts";

function check(authority: string): number {
  const bytes = bytesOf(`<${authority}>`);
  return checkAuthority(bytes, 1, bytes.length - 1);
}

function areEqual(one: string, other: string, defaultPort: number): boolean {
  const bytes = bytesOf(`${one} ${other}`);
  return equalAuthorities(bytes, 0, one.length, one.length + 1, bytes.length, defaultPort);
}

const PARTS = (
  "a b.c xn-- XN-- 1 0 255 256 0x7f 0X . .. : :: [ ] [::1] [1:2:3:4:5:6:7:8] [::1.2.3.4] " +
  "1.2.3.4 80 65535 65536 _ ~ ! $ & ' ( ) * + , ; = - -- ab--cd f ffff 10 localhost " +
  "example.com @ %41 / ? \\ ^ |"
).split(" ");

const NUMBERISH = [..."0123456789xXf.-"];

describe("checkAuthority()", () => {
  test("accepts names, addresses and ports", () => {
    for (
      const authority of [
        "a",
        "example.com",
        "example.com.",
        "EXAMPLE.com:80",
        "a:0",
        "a:65535",
        "a:00080",
        "127.0.0.1",
        "0.0.0.0:8080",
        "255.255.255.255",
        "1.2.3.4.a",
        "1a",
        "a.1b",
        "1x",
        "10x.a",
        "10x1g",
        "a0x1",
        "[::]",
        "[::1]:80",
        "[1::]",
        "[1:2:3:4:5:6:7::]",
        "[::2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:1.2.3.4]",
        "[1::6:1.2.3.4]",
        "[ABCD:ef01::]",
      ]
    ) assertEquals(check(authority), AUTHORITY_OK, authority);
  });

  test("refuses what has no or more than one meaning", () => {
    for (
      const authority of [
        "",
        ":",
        ":80",
        "a:",
        "a:65536",
        "a:000080",
        "a:8x",
        "a:80:80",
        "a b",
        "a/b",
        "u@a",
        "a%20b",
        "a\0",
        "a\xe9",
        ".",
        ".a",
        "a..b",
        "a.1",
        "a.0x",
        "a.0xF",
        "5510274330x",
        "10X",
        "a.10xfF.:80",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1.2.3.1234",
        "1.2.3.04",
        "00.0.0.0",
        "[]",
        "[:]",
        "[:::]",
        "[1]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[1::2::3]",
        "[:1::]",
        "[1:2:3:4:5:6:7:]",
        "[12345::]",
        "[g::]",
        "[::1.2.3]",
        "[1:2:3:4:5:1.2.3.4]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[1:2:3:4:5::6:1.2.3.4]",
        "[::1.2.3.4:5]",
        "[::1%251]",
        "[::1",
        "[::1]]",
        "[::1]a",
        "[::1]:",
        "::1",
      ]
    ) assertEquals(check(authority), AUTHORITY_BAD, authority);
  });

  test("asks for a URL parser exactly when a label starts with xn--", () => {
    assertEquals(check("xn--a"), AUTHORITY_NEEDS_CHECK);
    assertEquals(check("www.Xn--a.b:80"), AUTHORITY_NEEDS_CHECK);
    assertEquals(check("axn--a"), AUTHORITY_OK);
    assertEquals(check("xn-a"), AUTHORITY_OK);
    assertEquals(check("xn--1.2"), AUTHORITY_BAD);
  });

  test("never accepts what new URL() refuses or reads otherwise", () => {
    const random = new Random(1);
    let accepted = 0;
    for (let round = 0; round < 40_000; round++) {
      const authority = randomAuthority(random);
      if (check(authority) !== AUTHORITY_OK) continue;
      accepted++;
      const url = new URL(`http://${authority}/path?query`);
      assertEquals(url.pathname, "/path", authority);
      assertEquals(url.search, "?query", authority);
      assertEquals(url.username + url.password + url.hash, "", authority);
      if (!authority.startsWith("[")) assertEquals(url.host, normalised(authority));
    }
    assertGreater(accepted, 5000);
  });

  test("accepts hosts as long as a head may be, and so does new URL()", () => {
    for (const authority of ["a".repeat(5000), "a.".repeat(2500) + "b", "a-".repeat(1000)]) {
      assertEquals(check(authority), AUTHORITY_OK);
      assertEquals(new URL(`http://${authority}/`).host, authority);
    }
  });
});

describe("equalAuthorities()", () => {
  test("ignores case and a default port, and nothing else", () => {
    assert(areEqual("a", "A", 80));
    assert(areEqual("a:80", "a", 80));
    assert(areEqual("a", "a:080", 80));
    assert(areEqual("[::A]:443", "[::a]", 443));
    assert(areEqual("a:81", "a:81", 80));
    assert(!areEqual("a", "b", 80));
    assert(!areEqual("a", "aa", 80));
    assert(!areEqual("a:80", "a", 443));
    assert(!areEqual("a:81", "a:82", 80));
    assert(!areEqual("[::1]", "[::2]", 80));
  });
});

function randomAuthority(random: Random): string {
  let authority = "";
  if (random.below(3) === 0) {
    // What looks like a number is where URL parsers differ.
    for (let left = 1 + random.below(14); left > 0; left--) authority += random.of(NUMBERISH);
    return authority;
  }
  for (let left = 1 + random.below(5); left > 0; left--) {
    authority += random.below(8) === 0
      ? String.fromCharCode(0x21 + random.below(94))
      : random.of(PARTS);
  }
  return authority;
}

/**
 * What a URL makes of an authority that is no IPv6 address: small letters, the port as a number.
 */
function normalised(authority: string): string {
  return authority.toLowerCase().replace(
    /:(\d+)$/,
    (_, port) => Number(port) === 80 ? "" : `:${Number(port)}`,
  );
}
