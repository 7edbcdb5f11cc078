/** Hono, unchanged: an application of its usual parts on lazy requests. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE, streamText } from "hono/streaming";
import { type FetchEnv, fetchHandler, toRequest } from "../../../core/apps/fetch.ts";
import type { PlainHeadOptions } from "../../../core/http/request_head.ts";
import { carry, type FakeExchange } from "../../fakes/exchange.ts";

const app = new Hono<{ Bindings: FetchEnv }>();
app.use("/guarded/*", cors({ origin: "http://other.test" }), secureHeaders());
app.use("/tagged/*", etag());
app.use("/late", async (c, next) => {
  await next();
  c.header("x-late", c.req.header("x-early") ?? "none");
});
app.get("/text/:name", (c) => c.text(`hello ${c.req.param("name")} ${c.req.query("q")}`));
app.get("/env", (c) => c.json([c.env.remote, c.env.requestId]));
app.get("/late", (c) => c.text("late"));
app.get("/headers", (c) => c.json(c.req.header()));
app.get("/guarded/x", (c) => c.text("guarded"));
app.get("/tagged/x", (c) => c.text("tagged"));
app.get("/cookies", (c) => {
  setCookie(c, "a", "1");
  setCookie(c, "b", "2", { httpOnly: true });
  return c.text(getCookie(c, "seen") ?? "unseen");
});
app.post("/json", async (c) => c.json({ got: await c.req.json(), again: await c.req.text() }, 201));
app.post("/form", async (c) => c.json(await c.req.parseBody()));
const limited = new Hono();
limited.post(
  "*",
  bodyLimit({ maxSize: 5 }),
  async (c) => c.text(`${c.req.method} ${(await c.req.arrayBuffer()).byteLength}`),
);
app.use("/unmeasured", (c, next) => {
  c.req.raw = toRequest(c.req.raw);
  return next();
});
app.route("/limited", limited);
app.route("/unmeasured", limited);
app.get("/wait", (c) => {
  c.executionCtx.waitUntil(Promise.resolve("waited"));
  return c.redirect("/elsewhere");
});
app.get("/stream", (c) =>
  streamText(c, async (stream) => {
    for (const word of ["one ", "two ", "three"]) await stream.write(word);
  }));
app.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: "1", event: "tick" });
    await stream.writeSSE({ data: "2" });
  }));
app.get("/refused", () => {
  throw new HTTPException(403, { message: "not you" });
});
app.get("/broken", () => {
  throw new Error("secret");
});
app.mount("/mounted", (request: Request) => new Response(`${request.method} ${request.url}`));
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  return c.text("sorry", 500);
});

async function ask(target: string, head: PlainHeadOptions = {}): Promise<FakeExchange> {
  const exchange = carry(fetchHandler(app), { target, ...head });
  await exchange.over;
  assertEquals(exchange.service.lines, []);
  return exchange;
}

async function post(target: string, type: string, body: string): Promise<FakeExchange> {
  const length = String(body.length);
  const fields: readonly [string, string][] = [["Content-Type", type], ["Content-Length", length]];
  const head = { target, method: "POST", contentLength: body.length, fields };
  const exchange = carry(fetchHandler(app), head);
  exchange.feed(body);
  exchange.feedEnd();
  await exchange.over;
  return exchange;
}

describe("Hono", () => {
  test("routes, with parameters and queries, and finds what it does not have", async () => {
    assertEquals((await ask("/text/you?q=1%202")).text, "hello you 1 2");
    assertEquals((await ask("/text/caf%C3%A9?q=")).writes, [
      new TextEncoder().encode("hello café "),
    ]);
    assertEquals((await ask("/nowhere")).response!.status, 404);
    assertEquals((await ask("/text/../env")).response!.status, 200);
  });

  test("reads headers, cookies and its environment", async () => {
    const fields: readonly [string, string][] = [["X-Early", "1"], ["Cookie", "seen=yes; b=c"]];
    assertEquals((await ask("/late", { fields })).fields.includes("x-late: 1"), true);
    const headers = JSON.parse((await ask("/headers", { fields })).text);
    assertEquals(headers, { "x-early": "1", cookie: "seen=yes; b=c" });
    const cookies = await ask("/cookies", { fields });
    assertEquals(cookies.text, "yes");
    const set = cookies.fields.filter((field) => field.startsWith("set-cookie"));
    assertEquals(set, ["set-cookie: a=1; Path=/", "set-cookie: b=2; Path=/; HttpOnly"]);
    const env = await ask("/env");
    assertEquals(JSON.parse(env.text), [env.remoteAddress, "request-1"]);
  });

  test("answers HEAD by its GET", async () => {
    const exchange = await ask("/text/you?q=1", { method: "HEAD" });
    assertEquals([exchange.response!.status, exchange.writes.length], [200, 0]);
    const onWire = new Response("a").headers.get("content-type");
    const field = exchange.fields.find((line) => line.startsWith("content-type: ")) ?? null;
    // Hono drops the body itself, so that on Bun nothing says any more that it was text.
    assertEquals(field, onWire === null ? null : `content-type: ${onWire}`);
  });

  test("reads bodies as JSON, twice, as forms, and up to a limit", async () => {
    const json = await post("/json", "application/json", '{"a":[1,2]}');
    assertEquals(json.response!.status, 201);
    assertEquals(JSON.parse(json.text), { got: { a: [1, 2] }, again: '{"a":[1,2]}' });
    const form = await post("/form", "application/x-www-form-urlencoded", "a=1&b=2");
    assertEquals(JSON.parse(form.text), { a: "1", b: "2" });
    assertEquals((await post("/limited", "text/plain", "12345")).text, "POST 5");
    assertEquals((await post("/limited", "text/plain", "123456")).response!.status, 413);
  });

  test("finds a real Request behind a middleware of one line, where its own need one", async () => {
    for (const [body, answer] of [["12345", "POST 5"], ["123456", "Payload Too Large"]] as const) {
      const head: PlainHeadOptions = {
        target: "/unmeasured",
        method: "POST",
        chunked: true,
        fields: [["Transfer-Encoding", "chunked"]],
      };
      const exchange = carry(fetchHandler(app), head);
      exchange.feed(body);
      exchange.feedEnd();
      await exchange.over;
      assertEquals(exchange.text, answer);
    }
  });

  test("runs its middleware", async () => {
    const fields: readonly [string, string][] = [["Origin", "http://other.test"]];
    const guarded = await ask("/guarded/x", { fields });
    assert(guarded.fields.includes("access-control-allow-origin: http://other.test"));
    assert(guarded.fields.some((field) => field.startsWith("x-content-type-options")));
    const preflight = await ask("/guarded/x", { method: "OPTIONS", fields });
    assertEquals(preflight.response!.status, 204);
    const tagged = await ask("/tagged/x");
    const tag = tagged.fields.find((field) => field.startsWith("etag: "))!.slice(6);
    assertEquals(tagged.text, "tagged");
    const same = await ask("/tagged/x", { fields: [["If-None-Match", tag]] });
    assertEquals([same.response!.status, same.writes.length], [304, 0]);
  });

  test("streams text and events", async () => {
    assertEquals((await ask("/stream")).text, "one two three");
    const events = await ask("/events");
    assertEquals(events.text, "event: tick\ndata: 1\n\ndata: 2\n\n");
    assert(events.fields.includes("content-type: text/event-stream"));
  });

  test("hands promises to the server, redirects, and mounts other applications", async () => {
    const exchange = await ask("/wait");
    assertEquals(await Promise.all(exchange.service.background), ["waited"]);
    assertEquals([exchange.response!.status, exchange.fields], [302, ["location: /elsewhere"]]);
    assertEquals((await ask("/mounted/a?b")).text, "GET http://example.com/a?b");
    const mounted = await post("/mounted/a", "text/plain", "body");
    assertMatch(mounted.text, /^POST http:\/\/example\.com\/a$/);
  });

  test("makes answers of what is thrown", async () => {
    assertEquals((await ask("/refused")).text, "not you");
    const broken = await ask("/broken");
    assertEquals([broken.response!.status, broken.text], [500, "sorry"]);
  });
});
