/** Lazy headers beside the platform's own: same answers, and taken wherever headers are taken. */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { LazyHeaders, platformHeaders } from "../../../core/apps/lazy_headers.ts";
import { makeHead } from "../../../core/http/request_head.ts";

function lazy(...fields: [string, string][]): Headers {
  return new LazyHeaders(makeHead({ fields })) as unknown as Headers;
}

describe("LazyHeaders", () => {
  test("is an instance of the platform's Headers and prints as one", () => {
    const headers = lazy(["Accept", "*/*"]);
    assert(headers instanceof Headers);
    assertEquals(Object.prototype.toString.call(headers), "[object Headers]");
  });

  test("answers get() and has() in any case, joined as the platform joins", () => {
    const headers = lazy(["X-A", "1"], ["Accept", "*/*"], ["x-a", "2"]);
    assertEquals(headers.get("x-a"), "1, 2");
    assertEquals(headers.get("X-A"), "1, 2");
    assertEquals(headers.get("ACCEPT"), "*/*");
    assertEquals(headers.get("none"), null);
    assert(headers.has("Accept"));
    assert(!headers.has("none"));
  });

  test("iterates as the platform does: lower case, sorted, joined", () => {
    const headers = lazy(["X-B", "1"], ["X-A", "2"], ["x-b", "3"]);
    const expected = [["x-a", "2"], ["x-b", "1, 3"]];
    assertEquals([...headers].sort(), expected);
    assertEquals([...headers.entries()].sort(), expected);
    assertEquals([...headers.keys()].sort(), ["x-a", "x-b"]);
    assertEquals([...headers.values()].sort(), ["1, 3", "2"]);
    const seen: string[][] = [];
    headers.forEach((value, name) => seen.push([name, value]));
    assertEquals(seen.sort(), expected);
  });

  test("keeps Latin-1 values as they are", () => {
    const headers = lazy(["X-Name", "caf\u00e9\u00ff"]);
    assertEquals(headers.get("x-name"), "caf\u00e9\u00ff");
    assertEquals([...headers], [["x-name", "caf\u00e9\u00ff"]]);
  });

  test("joins repeated cookies by semicolons, looked up or listed", () => {
    const headers = lazy(["Cookie", "a=1"], ["cookie", "b=2"]);
    assertEquals(headers.get("cookie"), "a=1; b=2");
    assertEquals([...headers], [["cookie", "a=1; b=2"]]);
    assertEquals(headers.get("cookie"), "a=1; b=2");
  });

  test("takes changes, and answers them from then on", () => {
    const headers = lazy(["X-A", "1"], ["X-B", "2"]);
    headers.set("x-a", "9");
    headers.append("x-c", "3");
    headers.delete("X-B");
    assertEquals([headers.get("X-A"), headers.get("x-b"), headers.get("x-c")], ["9", null, "3"]);
    assert(!headers.has("x-b"));
    assertEquals([...headers].sort(), [["x-a", "9"], ["x-c", "3"]]);
  });

  test("can be given to whatever takes headers", () => {
    const headers = lazy(["X-A", "1"], ["X-B", "2"]);
    assertEquals(new Headers(headers).get("x-b"), "2");
    assertEquals(new Response(null, { headers }).headers.get("x-a"), "1");
    assertEquals(new Request("http://x/", { headers }).headers.get("x-a"), "1");
    assertEquals(Object.fromEntries(headers), { "x-a": "1", "x-b": "2" });
  });

  test("has every method of the platform's own", () => {
    const headers = lazy(["X-A", "1"]);
    for (const name of Object.getOwnPropertyNames(Headers.prototype)) {
      const own = (new Headers() as unknown as Record<string, unknown>)[name];
      assertEquals(typeof (headers as unknown as Record<string, unknown>)[name], typeof own, name);
    }
    assertEquals(headers.getSetCookie(), []);
  });

  test("platformHeaders() makes one real object and leaves others alone", () => {
    const headers = lazy(["X-A", "1"]);
    const real = platformHeaders(headers);
    assert(!(real instanceof LazyHeaders));
    assert(platformHeaders(headers) === real);
    assert(platformHeaders(real) === real);
  });
});
