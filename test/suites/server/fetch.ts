/**
 * Checks of fetch applications through a whole server: what arrives as a `Request`, and what
 * becomes of each kind of `Response`.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import type { FetchContext, FetchEnv } from "../../../core/apps/fetch.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerOptions } from "../../../core/server.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient } from "./bench.ts";

const PULLED_BYTES = 40_000;

type Fetch = (
  request: Request,
  env: FetchEnv,
  context: FetchContext,
) => Response | Promise<Response>;

function app(fetch: Fetch, more: Partial<ServerOptions> = {}): ServerOptions {
  return { ...more, handlers: [fetchHandler({ fetch: fetch as never })] };
}

export function checkFetch(check: ServerCheck): void {
  checkRequests(check);
  checkResponses(check);
  checkEnds(check);
}

function checkRequests(check: ServerCheck): void {
  check("a Request has method, URL, headers and is one", async (bench) => {
    await bench.serve(app((request) =>
      Response.json([
        request instanceof Request,
        request.method,
        request.url,
        request.headers.get("x-a"),
        new URL(request.url).pathname,
      ])
    ));
    const client = bench.connect().request("PUT", "/p?q=1", "X-A: 1", "x-a: 2");
    const [answer] = await client.waitAnswers(1);
    assertEquals(JSON.parse(answer!.body), [true, "PUT", "http://test/p?q=1", "1, 2", "/p"]);
  });

  check("a Request's body is read by every method", async (bench) => {
    await bench.serve(app(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/text") return new Response(await request.text());
      if (pathname === "/json") return Response.json(await request.json());
      if (pathname === "/bytes") return new Response(await request.arrayBuffer());
      if (pathname === "/clone") {
        const copy = request.clone();
        return new Response(await copy.text() + "+" + await request.text());
      }
      if (pathname === "/again") {
        return new Response(await new Request("http://x/", request).text());
      }
      if (pathname === "/form") return new Response(String((await request.formData()).get("a")));
      let text = "";
      const decoder = new TextDecoder();
      for await (const bytes of request.body!) text += decoder.decode(bytes, { stream: true });
      return new Response(text);
    }));
    const client = bench.connect();
    const asked = ["/text", "/json", "/bytes", "/clone", "/again", "/stream", "/form"];
    for (const target of asked) {
      const form = target === "/form";
      const type = form ? "application/x-www-form-urlencoded" : "application/json";
      client.post(target, form ? "a=b+c" : '{"a":1}', `Content-Type: ${type}`);
    }
    const bodies = (await client.waitAnswers(asked.length)).map((answer) => answer.body);
    const json = '{"a":1}';
    assertEquals(bodies, [json, json, json, `${json}+${json}`, json, json, "b c"]);
  });

  check("Hono runs unchanged, with its environment and context", async (bench) => {
    const hono = new Hono<{ Bindings: FetchEnv }>();
    hono.get("/hello/:name", (c) => c.text(`hello ${c.req.param("name")}`));
    hono.get("/peer", (c) => c.json([c.env.remote.transport, c.env.local.transport]));
    hono.get("/native", (c) => c.text(c.env.request.target));
    hono.post("/echo", async (c) => c.body(await c.req.arrayBuffer()));
    hono.get("/throw", () => {
      throw new Error("in Hono");
    });
    await bench.serve({ handlers: [fetchHandler(hono as never)] });
    const client = bench.connect().request("GET", "/hello/you").request("GET", "/peer")
      .post("/echo", "abc").request("GET", "/nowhere")
      .request("GET", "/native");
    const answers = await client.waitAnswers(5);
    assertEquals(answers[0]?.body, "hello you");
    const kind = bench.address.transport;
    assertEquals(JSON.parse(answers[1]!.body), [kind, kind]);
    assertEquals(answers[2]?.body, "abc");
    assertEquals(answers[3]?.status, 404);
    assertEquals(answers[4]?.body, "/native");
  });
}

function checkResponses(check: ServerCheck): void {
  check(
    "string, bytes, Blob, form and no body arrive, with their lengths or chunked",
    async (bench) => {
      await bench.serve(app((request) => {
        switch (new URL(request.url).pathname) {
          case "/string":
            return new Response("h\u00e9llo");
          case "/bytes":
            return new Response(new Uint8Array([1, 2, 255]));
          case "/blob":
            return new Response(new Blob(["blob"], { type: "text/x-blob" }));
          case "/params":
            return new Response(new URLSearchParams({ a: "b" }));
          case "/form": {
            const form = new FormData();
            form.set("field", "value");
            return new Response(form);
          }
          default:
            return new Response(null, { status: 201 });
        }
      }));
      const client = bench.connect();
      for (const target of ["/string", "/bytes", "/blob", "/params", "/form", "/none"]) {
        client.request("GET", target);
      }
      const answers = await client.waitAnswers(6);
      assertEquals(answers[0]?.body, "h\xc3\xa9llo");
      assertStringIncludes(fieldOf(answers[0]!, "content-type") ?? "", "text/plain");
      assertEquals(answers[1]?.body, "\x01\x02\xff");
      assertEquals(answers[2]?.body, "blob");
      assertEquals(fieldOf(answers[2]!, "content-type"), "text/x-blob");
      assertEquals(answers[3]?.body, "a=b");
      assertStringIncludes(answers[4]!.body, 'name="field"');
      assertEquals(answers[5]?.status, 201);
      assertEquals(answers[5]?.body, "");
    },
  );

  check("a stream is pulled only as the client reads, and arrives exactly", async (bench) => {
    const size = bench.bulkBytes / 3 | 0;
    await bench.serve(app(() => {
      let sent = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            const bytes = new Uint8Array(Math.min(30_000, size - sent));
            for (let i = 0; i < bytes.length; i++) bytes[i] = (sent + i) % 251;
            sent += bytes.length;
            controller.enqueue(bytes);
            if (sent === size) controller.close();
          },
        }),
      );
    }));
    const client = bench.connect().request("GET", "/");
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer!.body.length, size);
    let wrong = 0;
    for (let i = 0; i < size; i++) if (answer!.body.charCodeAt(i) !== i % 251) wrong++;
    assertEquals(wrong, 0);
  });

  check("several Set-Cookie fields stay apart", async (bench) => {
    await bench.serve(app(() => {
      const response = new Response("x");
      response.headers.append("set-cookie", "a=1; Path=/");
      response.headers.append("set-cookie", "b=2");
      return response;
    }));
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    const cookies = answer!.fields.filter(([name]) => name === "set-cookie");
    assertEquals(cookies.map(([, value]) => value), ["a=1; Path=/", "b=2"]);
  });

  check("a Response that is served again is a 500, whatever its body is", async (bench) => {
    const own = { headers: { "content-type": "text/x", "x-a": "b" } };
    const constants = [
      new Response("text"),
      new Response("text", own),
      new Response(new TextEncoder().encode("text")),
      new Response("text").clone(),
      new Response(new Blob(["text"])),
      new Response(new Blob(["text"]).stream()),
    ];
    let asked = 0;
    await bench.serve(app(() => constants[(asked++) >> 1]!));
    const client = bench.connect();
    for (let i = 0; i < constants.length * 2; i++) client.request("GET", "/");
    const answers = await client.waitAnswers(constants.length * 2);
    assertEquals(
      answers.map(({ status, body }) => status === 200 ? body : status),
      constants.flatMap(() => ["text", 500]),
    );
    assertEquals(constants.map(({ bodyUsed }) => bodyUsed), constants.map(() => true));
  });

  check("a Response with a body of its own making is sent with that one", async (bench) => {
    class Doubled extends Response {
      override get body() {
        return new Response("text text").body;
      }
    }
    const marked = () => Object.assign(new Response(new Blob(["text"]).stream()), { mark: 1 });
    const made = [() => new Doubled("text"), marked, () => new Response("text").clone()];
    let asked = 0;
    await bench.serve(app(() => made[asked++]!()));
    const client = bench.connect();
    for (let i = 0; i < made.length; i++) client.request("GET", "/");
    const answers = await client.waitAnswers(made.length);
    assertEquals(answers.map(({ body }) => body), ["text text", "text", "text"]);
  });

  check("a Request's head is readable when its answer has left", async (bench) => {
    const requests: Request[] = [];
    await bench.serve(app((request) => {
      requests.push(request);
      return new Response("text");
    }));
    const client = bench.connect().request("GET", "/p?q=1", "X-A: 1");
    await client.waitAnswers(1);
    await bench.rest();
    client.request("PUT", "/other", "X-A: 2");
    await client.waitAnswers(2);
    const [{ method, url, headers }] = requests as [Request];
    assertEquals([method, new URL(url).pathname, headers.get("x-a")], ["GET", "/p", "1"]);
  });

  check("what is no Response is a 500", async (bench) => {
    await bench.serve(app(() => "text" as unknown as Response));
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.status, 500);
    assertEquals(bench.logs.length, 1);
  });
}

function checkEnds(check: ServerCheck): void {
  check("a stream that fails in the middle is a reset", async (bench) => {
    await bench.serve(app(() => {
      let pulls = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (pulls++ < 3) controller.enqueue(new Uint8Array(10_000));
            else controller.error(new Error("the source broke"));
          },
        }),
      );
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
    assert(bench.logs.some((line) => line.includes("the source broke")));
  });

  check("a stream is pulled and cancelled in the ambient state of its fetch", async (bench) => {
    const store = new AsyncLocalStorage<string>();
    const seen = new Set<string>();
    const requests: HttpRequest[] = [];
    const app = fetchHandler({
      fetch: async (request) => {
        const id = new URL(request.url).pathname;
        const note = (where: string) => void seen.add(`${where} ${id} ${store.getStore()}`);
        if (id === "/b") await Promise.resolve();
        let left = id === "/left" ? Infinity : 2 * bench.bulkBytes;
        return new Response(
          new ReadableStream({
            async pull(controller) {
              note("pull");
              await Promise.resolve();
              note("await");
              left -= PULLED_BYTES;
              if (left <= 0) controller.close();
              else controller.enqueue(new Uint8Array(PULLED_BYTES));
            },
            cancel: () => note("cancel"),
          }),
        );
      },
    });
    const handler: Handler = (request) => {
      requests.push(request);
      return store.run(request.target, () => app(request));
    };
    await bench.serve({ handlers: [handler] });
    const clients = ["/a", "/b", "/left"].map((target) => {
      const client = bench.connect();
      client.keeps = false;
      client.onBytes = () => client.stopReading();
      return client.request("GET", target);
    });
    const [a, b, left] = clients as [RawClient, RawClient, RawClient];
    await bench.settle(() => clients.every((one) => one.receivedBytes > 0), "the first bytes");
    for (const client of [a, b]) client.onBytes = null;
    const isOver = (target: string) => requests.find((one) => one.target === target)!.over;
    // From here on each goes on by the events of its connection, among those of the other.
    for (const client of [a, b]) client.goOnReading();
    await bench.settle(() => isOver("/a") && isOver("/b"), "both ends");
    left.reset();
    await bench.settle(() => isOver("/left"), "the end of the one that left");
    const wanted = ["/a", "/b", "/left"].flatMap((id) => [`await ${id} ${id}`, `pull ${id} ${id}`]);
    assertEquals([...seen].sort(), [...wanted, "cancel /left /left"].sort());
  });

  check("a client that leaves aborts the signal and cancels the stream", async (bench) => {
    let cancelled = 0;
    let reason: unknown = null;
    await bench.serve(app((request) => {
      request.signal.addEventListener("abort", () => reason = request.signal.reason);
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(new Uint8Array(10));
          },
          cancel() {
            cancelled++;
          },
        }),
      );
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    client.reset();
    await bench.settle(() => cancelled === 1 && reason !== null, "the cancel");
    assertEquals((reason as { name: string }).name, "RequestAborted");
    assertEquals((reason as { cause: string }).cause, "client-gone");
    await bench.settle(
      () => bench.server.inspect().requests.length === 0,
      "the end of the request",
    );
  });

  check("the signal never aborts after success", async (bench) => {
    const signals: AbortSignal[] = [];
    await bench.serve(app((request) => {
      signals.push(request.signal);
      return new Response("ok");
    }));
    const client = bench.connect().request("GET", "/");
    await client.waitAnswers(1);
    await bench.rest();
    client.reset();
    await bench.settle(() => bench.server.inspect().connections === 0, "the close");
    assertEquals(signals.map((signal) => signal.aborted), [false]);
  });

  check("waitUntil outlives the request, and a graceful close waits for it", async (bench) => {
    const finish: Array<() => void> = [];
    await bench.serve(app((_request, _env, context) => {
      context.waitUntil(new Promise<void>((resolve) => finish.push(resolve)));
      return new Response("ok");
    }));
    const client = bench.connect().request("GET", "/").request("GET", "/");
    await client.waitAnswers(2);
    assertEquals(finish.length, 2);
    let clean: boolean | null = null;
    bench.server.close().then((report) => clean = report.clean);
    finish[0]!();
    await bench.rest();
    assertEquals(clean, null);
    finish[1]!();
    await bench.settle(() => clean !== null, "the report");
    assertEquals(clean, true);
  });
}
