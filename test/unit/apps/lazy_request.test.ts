/** The lazy request beside the platform's own: its properties, its body, its copies. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fetchHandler, toRequest } from "../../../core/apps/fetch.ts";
import { HttpError, RequestAborted } from "../../../core/errors.ts";
import type { PlainHeadOptions } from "../../../core/http/request_head.ts";
import { carry, type FakeExchange, turns } from "../../fakes/exchange.ts";

/** A request in the hands of an application that does not answer before `answer` is called. */
interface Held {
  readonly request: Request;
  readonly exchange: FakeExchange;
  answer(): Promise<void>;
}

function hold(head: PlainHeadOptions = {}): Held {
  let request!: Request;
  let settle!: (response: Response) => void;
  const response = new Promise<Response>((resolve) => settle = resolve);
  const exchange = carry(
    fetchHandler({
      fetch(lazy) {
        request = lazy;
        return response;
      },
    }),
    head,
  );
  return {
    request,
    exchange,
    async answer() {
      settle(new Response(null));
      await exchange.over;
    },
  };
}

const POST: PlainHeadOptions = { method: "POST", contentLength: 5, target: "/up?a=b" };
const TEXT: readonly [string, string][] = [["Content-Type", "text/plain"], ["X-A", "1"]];

/** A POST whose body "hello" is here already. */
function post(head: PlainHeadOptions = {}): Held {
  const held = hold({ ...POST, fields: TEXT, ...head });
  held.exchange.feed("he");
  held.exchange.feed("llo");
  held.exchange.feedEnd();
  return held;
}

function textOf(bytes: Uint8Array | ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}

describe("LazyRequest", () => {
  test("looks like the platform's Request", async () => {
    const { request, answer } = hold({ target: "/a?b", fields: TEXT });
    assert(request instanceof Request);
    assert(request.constructor === Request);
    assertEquals(Object.prototype.toString.call(request), "[object Request]");
    assertEquals(request.method, "GET");
    assertEquals(request.url, "http://example.com/a?b");
    assertEquals(request.headers.get("X-a"), "1");
    assert(request.headers === request.headers);
    assertEquals(request.body, null);
    assertEquals(request.bodyUsed, false);
    await answer();
  });

  test("has every property of the platform's own, of the same type", async () => {
    const { request, answer } = hold();
    const real = new Request("http://example.com/");
    for (const name of Object.getOwnPropertyNames(Request.prototype)) {
      const mine = (request as unknown as Record<string, unknown>)[name];
      const theirs = (real as unknown as Record<string, unknown>)[name];
      assertEquals(typeof mine, typeof theirs, name);
    }
    const { cache, credentials, integrity, keepalive, mode, redirect, referrer } = request;
    assertEquals(
      { cache, credentials, integrity, keepalive, mode, redirect, referrer },
      {
        cache: "default",
        credentials: "same-origin",
        integrity: "",
        keepalive: false,
        mode: "cors",
        redirect: "follow",
        referrer: "about:client",
      },
    );
    await answer();
  });

  test("keeps its method as sent and its url serialized", async () => {
    const { request, answer } = hold({ method: "get", target: "/a/../b", authority: "A.test" });
    assertEquals(request.method, "get");
    assertEquals(request.url, "http://a.test/b");
    await answer();
  });

  test("has a whole URL of a target that is one, and of those without a path", async () => {
    for (
      const [head, url] of [
        [{ target: "http://B.test/./z", authority: "B.test" }, "http://b.test/z"],
        [{ method: "OPTIONS", target: "*", authority: "a.test" }, "http://a.test/"],
        [{ target: "/./z", versionMinor: 0 }, "http://example.com/z"],
      ] as const
    ) {
      const { request, answer } = hold(head);
      assertEquals(request.url, url);
      await answer();
    }
  });

  test("asks for nothing of the body that nobody reads", async () => {
    const { request, exchange, answer } = post();
    assertEquals(request.bodyUsed, false);
    await turns();
    assertEquals(exchange.wanted, 0);
    await answer();
  });

  test("reads a body as text, JSON, bytes, ArrayBuffer, Blob and form", async () => {
    assertEquals(await post().request.text(), "hello");
    assertEquals(textOf(await post().request.bytes()), "hello");
    assertEquals(textOf(await post().request.arrayBuffer()), "hello");
    const blob = await post().request.blob();
    assertEquals([blob.type.split(";")[0], await blob.text()], ["text/plain", "hello"]);
    const json = hold({ ...POST, contentLength: 9 });
    json.exchange.feed('{"a":"é"}');
    json.exchange.feedEnd();
    assertEquals(await json.request.json(), { a: "é" });
    const type = "application/x-www-form-urlencoded";
    const form = hold({ ...POST, fields: [["content-type", type]] });
    form.exchange.feed("a=1&b=2");
    form.exchange.feedEnd();
    assertEquals([...await form.request.formData()], [["a", "1"], ["b", "2"]]);
  });

  test("reads a multipart form with a file", async () => {
    const fields: readonly [string, string][] = [[
      "content-type",
      "multipart/form-data; boundary=x",
    ]];
    const { request, exchange } = hold({ ...POST, fields, chunked: true, contentLength: -1 });
    const file = 'name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nfile';
    exchange.feed(`--x\r\nContent-Disposition: form-data; ${file}\r\n--x--\r\n`);
    exchange.feedEnd();
    const value = (await request.formData()).get("f");
    assert(value instanceof File);
    assertEquals([value.name, await value.text()], ["a.txt", "file"]);
  });

  test("bytes() and arrayBuffer() own their memory, exactly", async () => {
    const bytes = await post({ contentLength: -1, chunked: true }).request.bytes();
    assertEquals([bytes.byteOffset, bytes.buffer.byteLength], [0, 5]);
    const buffer = await post({ contentLength: -1, chunked: true }).request.arrayBuffer();
    assertEquals(buffer.byteLength, 5);
  });

  test("strips a byte order mark from text, as the platform does", async () => {
    const { request, exchange } = hold(POST);
    exchange.feed(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]));
    exchange.feedEnd();
    assertEquals(await request.text(), "a");
  });

  test("has an empty body that can be read again where there is none", async () => {
    for (const method of ["GET", "DELETE", "POST"]) {
      const { request, answer } = hold({ method });
      assertEquals([await request.text(), await request.text()], ["", ""]);
      assertEquals((await request.arrayBuffer()).byteLength, 0);
      assertEquals([request.body, request.bodyUsed], [null, false]);
      await assertRejects(() => request.json(), SyntaxError);
      await answer();
    }
  });

  test("hides the body of a GET, which the Fetch standard has not", async () => {
    const { request, exchange, answer } = post({ method: "GET" });
    assertEquals([request.body, await request.text(), exchange.wanted], [null, "", 0]);
    assertEquals(new Request("http://x/", request).method, "GET");
    await answer();
  });

  test("rejects a second use with a TypeError", async () => {
    const { request, answer } = post();
    const first = request.text();
    assert(request.bodyUsed);
    await assertRejects(() => request.text(), TypeError);
    assertEquals(await first, "hello");
    await assertRejects(() => request.bytes(), TypeError);
    assertThrows(() => request.clone(), TypeError);
    assertThrows(() => toRequest(request), TypeError);
    assertThrows(() => request.body, TypeError);
    await answer();
  });

  test("streams the body in pieces, one for each read", async () => {
    const { request, exchange, answer } = post();
    const { body } = request;
    assert(body === request.body);
    await turns();
    assertEquals([exchange.wanted, exchange.waiting, request.bodyUsed], [0, 2, false]);
    const reader = body!.getReader();
    assertEquals(textOf((await reader.read()).value!), "he");
    assert(request.bodyUsed);
    await turns();
    assertEquals(exchange.waiting, 1);
    assertEquals(textOf((await reader.read()).value!), "llo");
    assertEquals((await reader.read()).done, true);
    await answer();
  });

  test("streams pieces that come later, and into buffers that a reader brings", async () => {
    const { request, exchange, answer } = hold(POST);
    const reader = request.body!.getReader({ mode: "byob" });
    const first = reader.read(new Uint8Array(4));
    exchange.feed("hello!");
    assertEquals(textOf((await first).value!), "hell");
    assertEquals(textOf((await reader.read(new Uint8Array(4))).value!), "o!");
    const last = reader.read(new Uint8Array(4));
    exchange.feedEnd();
    assertEquals([(await last).done, (await last).value!.length], [true, 0]);
    await answer();
  });

  test("stops the flow when its stream is cancelled", async () => {
    const { request, exchange, answer } = hold(POST);
    const reader = request.body!.getReader();
    exchange.feed("h");
    await reader.read();
    const pending = reader.read();
    await turns();
    assertEquals(exchange.request.body.isFlowing, true);
    await reader.cancel();
    assertEquals([(await pending).done, exchange.request.body.isFlowing], [true, false]);
    exchange.feed("ello");
    exchange.feedEnd();
    await turns();
    assertEquals(exchange.waiting, 1);
    await answer();
  });

  test("reads by its methods what a stream was made of, unless that was begun", async () => {
    const { request, answer } = post();
    assert(request.body !== null);
    assertEquals(await request.text(), "hello");
    assert(request.bodyUsed);
    await answer();
    const begun = post();
    await begun.request.body!.getReader().read();
    await assertRejects(() => begun.request.text(), TypeError);
  });

  test("clone() gives a second request with the same body", async () => {
    const { request, answer } = post();
    assertEquals(request.headers.get("x-a"), "1");
    const twin = request.clone();
    assert(twin instanceof Request);
    twin.headers.set("x-a", "2");
    assertEquals([twin.url, twin.method], [request.url, "POST"]);
    assertEquals([await twin.text(), twin.bodyUsed, request.bodyUsed], ["hello", true, false]);
    assertEquals(await request.clone().text(), "hello");
    assertEquals(await request.text(), "hello");
    assertEquals(request.headers.get("x-a"), "1");
    await answer();
  });

  test("clone() without a body takes nothing from the first one", async () => {
    const { request, answer } = hold({ target: "/a" });
    assertEquals([request.clone().url, await request.clone().clone().text()], [request.url, ""]);
    await answer();
  });

  test("can be the second argument of new Request(), with its body", async () => {
    const { request, answer } = post();
    const other = new Request("http://other.test/x", request);
    assertEquals([other.method, other.url], ["POST", "http://other.test/x"]);
    assertEquals(other.headers.get("x-a"), "1");
    assertEquals(await other.text(), "hello");
    assert(request.bodyUsed);
    await answer();
    const get = hold();
    assertEquals(new Request("http://other.test/", get.request).body, null);
    await get.answer();
  });

  test("is refused where the platform wants its own class, or taken for what it is", async () => {
    const { request, answer } = post();
    let taken: Request | null = null;
    try {
      taken = new Request(request);
    } catch (error) {
      assert(error instanceof TypeError);
    }
    // Node 26 and Deno 2.9 refuse it. Bun 1.4 reads it property by property.
    if (taken !== null) {
      assertEquals([taken.method, taken.url], [request.method, request.url]);
      assertEquals([taken.headers.get("x-a"), await taken.text()], ["1", "hello"]);
    }
    await answer();
  });

  test("prints without touching its body", async () => {
    const { request, exchange, answer } = post();
    const inspect = Symbol.for("nodejs.util.inspect.custom");
    const printed = (request as unknown as Record<symbol, () => object>)[inspect]!();
    assertEquals(Object.keys(printed), ["method", "url", "headers", "bodyUsed"]);
    assertEquals([request.bodyUsed, exchange.wanted], [false, 0]);
    await answer();
  });
});

describe("toRequest", () => {
  test("gives a platform's own Request that shares the body", async () => {
    const { request, answer } = post();
    const real = toRequest(request);
    assert(real === toRequest(request));
    const again = new Request(real.clone());
    assertEquals([again.url, again.method, again.headers.get("x-a")], [request.url, "POST", "1"]);
    assertEquals([await again.text(), request.bodyUsed], ["hello", false]);
    assertEquals(await request.text(), "hello");
    assert(real.bodyUsed && request.bodyUsed);
    await assertRejects(() => request.text(), TypeError);
    await answer();
  });

  test("takes a stream along that was asked for before", async () => {
    const { request, answer } = post();
    assert(request.body !== null);
    assertEquals(await toRequest(request).text(), "hello");
    assert(request.bodyUsed);
    await answer();
  });

  test("works without a body, and on clones", async () => {
    const { request, answer } = hold({ target: "/a" });
    assertEquals(toRequest(request).body, null);
    assertEquals(new Request(toRequest(request.clone())).url, "http://example.com/a");
    await answer();
    const body = post();
    assertEquals(await toRequest(body.request.clone()).text(), "hello");
    assertEquals(await body.request.text(), "hello");
  });

  test("leaves other requests as they are", () => {
    const real = new Request("http://x/");
    assert(toRequest(real) === real);
  });

  test("aborts its signal with the lazy one's reason", async () => {
    const { request, exchange, answer } = hold();
    const real = toRequest(request);
    exchange.leave();
    assert(real.signal.aborted);
    assert(real.signal.reason instanceof RequestAborted);
    await answer();
  });

  test("is refused where the platform refuses the method", async () => {
    const { request, answer } = hold({ method: "TRACE" });
    assertEquals([request.method, request.clone().method], ["TRACE", "TRACE"]);
    assertEquals(
      outcome(() => toRequest(request)),
      outcome(() => new Request("http://x/", { method: "TRACE" })),
    );
    await answer();
  });
});

function outcome(make: () => Request): string {
  try {
    return make().method;
  } catch (error) {
    return (error as Error).name;
  }
}

describe("A body that fails", () => {
  const tooLarge = new HttpError(413, "body-too-large", "too large");

  test("rejects the methods and the streams with its error", async () => {
    for (const read of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const) {
      const { request, exchange } = hold(POST);
      const reading = request[read]() as Promise<unknown>;
      exchange.feed("he");
      exchange.feedError(tooLarge);
      const error = await assertRejects(() => reading, HttpError);
      assertEquals(error.status, 413, read);
    }
    const { request, exchange } = hold(POST);
    const reader = request.body!.getReader();
    const reading = reader.read();
    exchange.feedError(tooLarge);
    await assertRejects(() => reading, HttpError);
    const real = hold(POST);
    const text = toRequest(real.request).text();
    real.exchange.feedError(tooLarge);
    await assertRejects(() => text);
  });

  test("gives the answer its status when the application does not catch it", async () => {
    const exchange = carry(
      fetchHandler({ fetch: async (request) => new Response(await request.text()) }),
      POST,
    );
    exchange.feedError(tooLarge);
    await exchange.over;
    assertEquals(exchange.response!.status, 413);
    assertEquals(exchange.service.lines, []);
  });

  test("rejects with RequestAborted when the client left", async () => {
    const { request, exchange, answer } = hold(POST);
    const reading = request.text();
    exchange.leave();
    const error = await assertRejects(() => reading, RequestAborted);
    assertEquals(error.cause, "client-gone");
    await answer();
  });
});
