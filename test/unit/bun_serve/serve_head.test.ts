/** What can be told of a head that came as Bun's `Request`. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ServeHead } from "../../../runtimes/bun_serve/serve_head.ts";

/** A head as Bun would hand it over: platforms forbid some of these fields in a `Request`. */
function headOf(
  url: string,
  fields: readonly (readonly [string, string])[] = [],
  method = "GET",
): ServeHead {
  const headers = new Map(fields.map(([name, value]) => [name, value]));
  const fake = {
    get: (name: string) => headers.get(name) ?? null,
    has: (name: string) => headers.has(name),
    [Symbol.iterator]: () => fields[Symbol.iterator](),
  };
  return new ServeHead({ method, url, headers: fake } as unknown as Request);
}

test("ServeHead has path and query as target, whatever the host", () => {
  assertEquals(headOf("http://a.test:81/p/q?r=/s").target, "/p/q?r=/s");
  assertEquals(headOf("http://[::1]/").target, "/");
});

test("ServeHead takes the authority from the Host field, not from the URL", () => {
  const head = headOf("http://a.test/", [["host", "A.test:80"]]);
  assertEquals([head.authority, head.versionMinor], ["A.test:80", 1]);
});

test("ServeHead without Host is of HTTP/1.0, and its URL is the bare target", () => {
  const head = headOf("/p?q");
  assertEquals([head.target, head.authority, head.versionMinor], ["/p?q", "", 0]);
});

test("ServeHead keeps alive by version and by the options of Connection", () => {
  const host = ["host", "t"] as const;
  const keepAlive = (connection: string | null) => {
    const fields = connection === null ? [host] : [host, ["connection", connection] as const];
    return headOf("http://t/", fields).keepAlive;
  };
  assertEquals(keepAlive(null), true);
  assertEquals(keepAlive("keep-alive"), true);
  assertEquals(keepAlive("upgrade, closed"), true);
  assertEquals(keepAlive("Close"), false);
  assertEquals(keepAlive("keep-alive,close"), false);
  assertEquals(headOf("/").keepAlive, false);
});

test("ServeHead tells the body's framing, and that a GET has none to hand over", () => {
  const length = headOf("http://t/", [["content-length", "12"]], "POST");
  assertEquals([length.contentLength, length.chunked, length.mayHaveBody], [12, false, true]);
  const chunked = headOf("http://t/", [["transfer-encoding", "chunked"]], "PUT");
  assertEquals([chunked.contentLength, chunked.chunked], [-1, true]);
  assertEquals(headOf("http://t/").mayHaveBody, false);
  assertEquals(headOf("http://t/", [], "HEAD").isHead, true);
});

test("ServeHead lists its fields flat, the same list at each call", () => {
  const head = headOf("http://t/", [["a", "1, 2"], ["host", "t"]]);
  assertEquals(head.fields(), ["a", "1, 2", "host", "t"]);
  assertEquals(head.fields() === head.fields(), true);
  assertEquals([head.get("a"), head.get("b")], ["1, 2", null]);
  assertEquals([head.getAll("a"), head.getAll("b")], [["1, 2"], []]);
});
