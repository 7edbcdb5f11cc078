/** Fetch applications from their call to the head of their answer, and the request's signal. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type FetchContext,
  type FetchEnv,
  type FetchHandler,
  fetchHandler,
} from "../../../core/apps/fetch.ts";
import { HttpError, RequestAborted } from "../../../core/errors.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { PlainHeadOptions } from "../../../core/http/request_head.ts";
import { OK } from "../../../core/status.ts";
import { carry, type FakeExchange, turns } from "../../fakes/exchange.ts";

/** Serves one request with `fetch`, to its end. */
async function serve(fetch: FetchHandler, head: PlainHeadOptions = {}): Promise<FakeExchange> {
  const exchange = carry(fetchHandler({ fetch }), head);
  await exchange.over;
  return exchange;
}

/** Serves what `make` makes twice: as it is, and as a promise. */
async function serveTwice(make: () => Response, head?: PlainHeadOptions): Promise<FakeExchange[]> {
  return [await serve(make, head), await serve(() => Promise.resolve(make()), head)];
}

const plain: Handler = (request) => request.respond(200, [], "from the next handler");

describe("fetchHandler", () => {
  test("sends status, status text, headers and body", async () => {
    const headers: [string, string][] = [["X-A", "1"], ["x-a", "2"], ["Content-Type", "text/x"]];
    const init = { status: 201, statusText: "Made", headers };
    for (const exchange of await serveTwice(() => new Response("héllo", init))) {
      assertEquals([exchange.response!.status, exchange.response!.reason], [201, "Made"]);
      assertEquals(exchange.fields.sort(), ["content-type: text/x", "x-a: 1, 2"]);
      assertEquals(exchange.response!.contentLength, 6);
      assertEquals(exchange.writes, [new TextEncoder().encode("héllo")]);
      assert(exchange.ended && !exchange.reset);
      assertEquals(exchange.service.lines, []);
    }
  });

  test("sends the usual reason where there is no status text", async () => {
    for (const exchange of await serveTwice(() => new Response("", { status: 404 }))) {
      assertEquals([exchange.response!.reason, exchange.response!.contentLength], ["Not Found", 0]);
      assertEquals(exchange.writes, []);
    }
  });

  test("keeps cookies apart", async () => {
    const make = () => {
      const response = new Response(null);
      response.headers.append("set-cookie", "a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT");
      response.headers.append("set-cookie", "b=2");
      return response;
    };
    for (const exchange of await serveTwice(make)) {
      assertEquals(exchange.fields, [
        "set-cookie: a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT",
        "set-cookie: b=2",
      ]);
    }
  });

  test("sends every kind of body with its type", async () => {
    const form = new FormData();
    form.set("a", "b");
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("streamed"));
        controller.close();
      },
    });
    const bytes = new TextEncoder().encode("bytes");
    const cases: [BodyInit, RegExp, RegExp][] = [
      ["text", /^text$/, /^text\/plain;charset=utf-8$/i],
      [new Uint8Array([0xff, 0x80]), /^[^a-z]{2}$/, /^$/],
      [new Blob([bytes], { type: "text/css" }), /^bytes$/, /^text\/css/],
      [new URLSearchParams("a=b"), /^a=b$/, /^application\/x-www-form-urlencoded/],
      [form, /name="a"\r\n\r\nb\r\n/, /^multipart\/form-data; boundary=/],
      [stream, /^streamed$/, /^$/],
      [JSON.stringify({ a: 1 }), /^\{"a":1\}$/, /^text\/plain/],
    ];
    for (const [body, text, type] of cases) {
      const exchange = await serve(() => new Response(body));
      assertMatch(exchange.text, text);
      const line = exchange.fields.find((field) => field.startsWith("content-type: ")) ?? "";
      // Bun does not tell one kind of body from another: see `untyped_text.ts`.
      const isUntyped = new Response("a").headers.get("content-type") === null;
      if (!isUntyped || !(body instanceof ReadableStream)) {
        assertMatch(line.replace("content-type: ", ""), type);
      }
      assertEquals(exchange.service.lines, []);
    }
  });

  test("sends a body of one piece whole, with its length, whatever it is made of", async () => {
    const closed = (type?: "bytes") =>
      new ReadableStream({
        type: type as "bytes",
        pull(controller) {
          controller.enqueue(new Uint8Array(7));
          controller.close();
        },
      });
    const early = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(7));
        controller.close();
      },
    });
    const bodies = ["1234567", new Uint8Array(7), new URLSearchParams("abc=def"), closed(), early];
    for (const body of [...bodies, closed("bytes"), new Response("1234567").body!]) {
      const exchange = await serve(() => new Response(body));
      assertEquals([exchange.response!.contentLength, exchange.writes.length], [7, 1]);
    }
  });

  test("sends no body to HEAD, never pulls it, and keeps a declared length", async () => {
    let pulls = 0;
    let cancels = 0;
    const make = (headers: Record<string, string>) => {
      const stream = new ReadableStream({
        pull(controller) {
          pulls++;
          controller.enqueue(new Uint8Array(10));
        },
        cancel() {
          cancels++;
        },
      }, { highWaterMark: 0 });
      return new Response(stream, { headers });
    };
    const declared = { "content-length": "10" };
    for (const exchange of await serveTwice(() => make(declared), { method: "HEAD" })) {
      assertEquals([exchange.response!.contentLength, exchange.writes.length], [10, 0]);
      assert(exchange.ended);
    }
    for (const exchange of await serveTwice(() => make({}), { method: "HEAD" })) {
      assertEquals(exchange.response!.contentLength, -1);
    }
    assertEquals([pulls, cancels], [0, 4]);
    const [empty] = await serveTwice(() => new Response(null), { method: "HEAD" });
    assertEquals([empty!.response!.contentLength, empty!.ended], [-1, true]);
  });

  test("sends answers that have no body", async () => {
    for (const status of [204, 304, 301, 200, 205]) {
      const headers = { etag: '"a"', location: "/" };
      for (const exchange of await serveTwice(() => new Response(null, { status, headers }))) {
        assertEquals([exchange.response!.status, exchange.ended], [status, true]);
        assertEquals(exchange.response!.contentLength, status === 204 || status === 304 ? -1 : 0);
        assertEquals(exchange.writes, []);
      }
    }
  });

  test("calls fetch as a method of the application", async () => {
    class App {
      #greeting = "hi";
      fetch(): Response {
        return new Response(this.#greeting);
      }
    }
    const exchange = carry(fetchHandler(new App()));
    await exchange.over;
    assertEquals(exchange.text, "hi");
  });

  test("takes thenables and responses of other classes", async () => {
    const foreign = {
      status: 202,
      statusText: "",
      headers: new Map([["x-a", "1"]]),
      body: new Response("foreign").body,
    };
    const thenable = { then: (resolve: (value: unknown) => void) => resolve(foreign) };
    const exchange = await serve(() => thenable as unknown as Promise<Response>);
    assertEquals([exchange.response!.status, exchange.text], [202, "foreign"]);
  });

  test("gives the environment what it asks for, and nothing before", async () => {
    let env!: FetchEnv;
    const exchange = await serve((_request, given) => {
      env = given!;
      return new Response(`${given!.requestId} ${given!.requestId}`);
    });
    assertEquals(env.remote, exchange.remoteAddress);
    assertEquals(env.local, exchange.localAddress);
    assertEquals(exchange.text, "request-1 request-1");
    assertEquals(exchange.request.id, "request-1");
  });

  test("hands waitUntil's promise to the server", async () => {
    const promise = Promise.resolve(1);
    const exchange = await serve((_request, _env, context) => {
      context!.waitUntil(promise);
      return new Response(null);
    });
    assertEquals(exchange.service.background, [promise]);
  });
});

describe("fetchHandler when the application fails", () => {
  test("answers 500 for a throw and a rejection, with the stack in the log alone", async () => {
    const fail = () => {
      throw new Error("secret");
    };
    for (const fetch of [fail, async () => await Promise.reject(new Error("secret"))]) {
      const exchange = await serve(fetch);
      assertEquals(exchange.response!.status, 500);
      assert(!exchange.text.includes("secret"));
      assertEquals(exchange.service.lines.length, 1);
      assertMatch(exchange.service.lines[0]!, /handler "fetch" failed\nError: secret\n/);
      assertEquals(exchange.request.holds, null);
    }
  });

  test("answers the status of an HttpError that is the peer's fault, quietly", async () => {
    const error = new HttpError(413, "body-too-large", "too large");
    const exchange = await serve(() => Promise.reject(error));
    assertEquals([exchange.response!.status, exchange.service.lines.length], [413, 0]);
  });

  test("answers 500 for what is no response, and names the handler and the thing", async () => {
    const things: [unknown, string][] = [
      [undefined, "nothing"],
      [null, "null"],
      ["text", 'string "text"'],
      [{ status: 200 }, "an object (Object)"],
      [new Request("http://x/"), "an object (Request)"],
    ];
    for (const [thing, name] of things) {
      for (const answer of [thing, Promise.resolve(thing)]) {
        const exchange = await serve(() => answer as Response);
        assertEquals(exchange.response!.status, 500);
        const [line] = exchange.service.lines;
        assertStringIncludes(line!, `handler "fetch" failed`);
        assertStringIncludes(line!, `answered ${name} instead of a Response`);
      }
    }
  });

  test("answers 500 for a response that cannot be sent", async () => {
    const used = new Response("once");
    await used.text();
    const locked = new Response("once");
    locked.body!.getReader();
    for (const response of [Response.error(), used, locked]) {
      for (const exchange of await serveTwice(() => response)) {
        assertEquals(exchange.response!.status, 500);
        assertEquals(exchange.service.lines.length, 1);
        assertEquals(exchange.request.holds, null);
      }
    }
  });

  test("sends a constant response once, and complains from then on", async () => {
    const constant = new Response("always the same");
    const app = fetchHandler({ fetch: () => constant });
    const first = carry(app);
    await first.over;
    const second = carry(app);
    await second.over;
    assertEquals([first.text, second.response!.status], ["always the same", 500]);
    assertStringIncludes(second.service.lines[0]!, "was used before");
  });
});

describe("FetchContext.passThroughOnException", () => {
  const failing = (isAsync: boolean): Handler =>
    fetchHandler({
      fetch(_request, _env, context) {
        context!.passThroughOnException();
        if (!isAsync) throw new Error("passed on");
        return Promise.reject(new Error("passed on"));
      },
    });

  for (const isAsync of [false, true]) {
    const how = isAsync ? "rejects" : "throws";

    test(`asks the next handler when the application ${how}, and logs the stack`, async () => {
      const exchange = carry([failing(isAsync), plain]);
      await exchange.over;
      assertEquals([exchange.response!.status, exchange.text], [200, "from the next handler"]);
      assertMatch(exchange.service.lines[0]!, /passed on\n/);
      assertEquals(exchange.request.holds, null);
    });

    test(`leads to 404 when the application ${how} and nobody is behind it`, async () => {
      const exchange = carry(failing(isAsync));
      await exchange.over;
      assertEquals(exchange.response!.status, 404);
    });
  }

  test("changes nothing for an application that answers", async () => {
    const answering = fetchHandler({
      fetch(_request: Request, _env?: FetchEnv, context?: FetchContext) {
        context!.passThroughOnException();
        return new Response("mine");
      },
    });
    const exchange = carry([answering, plain]);
    await exchange.over;
    assertEquals(exchange.text, "mine");
  });

  test("does not help a request that was answered meanwhile", async () => {
    let reject!: (error: Error) => void;
    const exchange = carry([
      fetchHandler({
        fetch(_request, _env, context) {
          context!.passThroughOnException();
          return new Promise((_resolve, no) => reject = no);
        },
      }),
      plain,
    ]);
    exchange.request.respond(503);
    exchange.request.finalize(OK);
    reject(new Error("late"));
    await exchange.over;
    assertEquals([exchange.response!.status, exchange.text], [503, ""]);
  });
});

describe("The signal of a request", () => {
  test("aborts when the client leaves before the last byte was accepted", async () => {
    let signal!: AbortSignal;
    const exchange = carry(
      fetchHandler({
        fetch(request) {
          signal = request.signal;
          return new Promise(() => {});
        },
      }),
    );
    assert(!signal.aborted);
    let told = 0;
    signal.addEventListener("abort", () => told++);
    exchange.leave();
    exchange.leave();
    assertEquals([signal.aborted, told], [true, 1]);
    assert(signal.reason instanceof RequestAborted);
    assertEquals(signal.reason.cause, "client-gone");
    await turns();
  });

  test("aborts while the end of an answer waits to leave, for each of the reasons", async () => {
    for (const cause of ["client-gone", "timeout", "shutdown"] as const) {
      let signal!: AbortSignal;
      const exchange = carry(
        fetchHandler({
          fetch(request) {
            signal = request.signal;
            return new Response("waits");
          },
        }),
      );
      exchange.blocked = true;
      await turns(2);
      assert(exchange.ended && !signal.aborted);
      if (cause === "client-gone") exchange.leave();
      else exchange.giveUp(cause);
      assert(signal.aborted);
      assertEquals((signal.reason as RequestAborted).cause, cause);
      await exchange.over;
    }
  });

  test("never aborts after success", async () => {
    let signal!: AbortSignal;
    const exchange = await serve((request) => {
      signal = request.signal;
      return new Response("done");
    });
    exchange.leave();
    exchange.request.tellAbort("shutdown");
    assert(!signal.aborted);
  });

  test("is aborted already for whoever first looks at it too late", async () => {
    let request!: Request;
    const exchange = carry(
      fetchHandler({
        fetch(lazy) {
          request = lazy;
          return new Promise(() => {});
        },
      }),
    );
    exchange.leave();
    assert(request.signal.aborted);
    assert(request.signal.reason instanceof RequestAborted);
    await turns();
  });

  test("a response that comes after the client left is cancelled", async () => {
    let answer!: (response: Response) => void;
    const exchange = carry(fetchHandler({ fetch: () => new Promise((yes) => answer = yes) }));
    exchange.leave();
    let reason: unknown;
    answer(new Response(new ReadableStream({ cancel: (given) => void (reason = given) })));
    await exchange.over;
    assert(reason instanceof RequestAborted);
    assertEquals(exchange.response, null);
    assertEquals(exchange.service.lines, []);
  });
});
