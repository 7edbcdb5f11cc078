/**
 * Fetch applications behind a whole server in memory: what the wire shows, and what leaving does.
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type FetchHandler, fetchHandler } from "../../../core/apps/fetch.ts";
import type { RequestAborted } from "../../../core/errors.ts";
import type { Address } from "../../../core/reactor.ts";
import { Server, type ServerOptions } from "../../../core/server.ts";
import { createMemoryReactor, type MemoryClient } from "../../../runtimes/memory.ts";

interface World {
  readonly reactor: ReturnType<typeof createMemoryReactor>;
  readonly server: Server;
  connect(): MemoryClient;
}

async function start(
  fetch: FetchHandler,
  options: Partial<ServerOptions> = {},
  bufferBytes = 65_536,
): Promise<World> {
  const reactor = createMemoryReactor({ bufferBytes });
  const server = new Server(reactor, { handlers: [fetchHandler({ fetch })], ...options });
  const address: Address = { transport: "tcp", host: "192.0.2.1", port: 80 };
  await server.listen(address);
  return { reactor, server, connect: () => reactor.client(address) };
}

function get(target: string, ...lines: string[]): string {
  return ["GET " + target + " HTTP/1.1", "Host: a.test", ...lines, "", ""].join("\r\n");
}

/** A stream that a test feeds by hand. */
function handFed(): {
  stream: ReadableStream<Uint8Array>;
  controller: ReadableStreamDefaultController<Uint8Array>;
  cancels: unknown[];
} {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const cancels: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: (reason) => {
      cancels.push(reason);
    },
  });
  return { stream, controller, cancels };
}

const encoder = new TextEncoder();

describe("A fetch application behind a server", () => {
  test("answers a text with its length", async () => {
    const { reactor, connect } = await start(() => new Response("hello"));
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.endsWith("hello"));
    assertMatch(client.text, /^HTTP\/1\.1 200 OK\r\n/);
    assertMatch(client.text, /\r\ncontent-type: text\/plain;charset=utf-8\r\n/i);
    assertMatch(client.text, /\r\nContent-Length: 5\r\n/);
  });

  test("answers pipelined requests in their order, however late each answer is", async () => {
    const waiting: (() => void)[] = [];
    const { reactor, connect } = await start(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/slow") await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response(pathname);
    });
    const client = connect().write(get("/slow") + get("/quick"));
    await reactor.runUntil(() => waiting.length === 1);
    assertEquals(client.text, "");
    waiting[0]!();
    await reactor.runUntil(() => client.text.endsWith("/quick"));
    assert(client.text.indexOf("/slow") < client.text.indexOf("/quick"));
  });

  test("streams in chunks, each when it comes", async () => {
    const { stream, controller } = handFed();
    const { reactor, connect } = await start(() => new Response(stream));
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    assertStringIncludes(client.take(), "Transfer-Encoding: chunked\r\n");
    controller.enqueue(encoder.encode("one"));
    await reactor.runUntil(() => client.text !== "");
    assertEquals(client.take(), "3\r\none\r\n");
    controller.enqueue(encoder.encode("three"));
    controller.enqueue(new Uint8Array(0));
    controller.enqueue(encoder.encode("four"));
    controller.close();
    await reactor.runUntil(() => client.text.endsWith("0\r\n\r\n"));
    assertEquals(client.take(), "5\r\nthree\r\n4\r\nfour\r\n0\r\n\r\n");
    client.write(get("/"));
    await reactor.runUntil(() => client.text.includes("500 "));
  });

  test("sends no body to HEAD, and goes on with the connection", async () => {
    const { reactor, connect } = await start((request) =>
      new Response("hello", {
        headers: request.url.endsWith("/l") ? { "content-length": "5" } : {},
      })
    );
    const client = connect().write(get("/l").replace("GET", "HEAD"));
    await reactor.runUntil(() => client.text.endsWith("\r\n\r\n"));
    assertStringIncludes(client.take(), "Content-Length: 5\r\n");
    client.write(get("/").replace("GET", "HEAD") + get("/"));
    await reactor.runUntil(() => client.text.endsWith("hello"));
    assertEquals(client.text.match(/HTTP\/1\.1 200/g)!.length, 2);
  });

  test("keeps the bytes of a stalled client in bounds, whatever the stream has", async () => {
    const chunkBytes = 40_000;
    let made = 0;
    const endless = new ReadableStream({
      pull(controller) {
        made++;
        controller.enqueue(new Uint8Array(chunkBytes));
      },
    });
    const { reactor, server, connect } = await start(() => new Response(endless));
    const client = connect().pauseReading().write(get("/"));
    await reactor.runUntil(() => reactor.pending().runnable.length === 0 && made > 0);
    await reactor.settle();
    const bound = 2 * 65_536 + server.limits.outputBytesReady + 3 * chunkBytes;
    assert(made * chunkBytes < bound, `${made} chunks were made`);
    const before = made;
    client.resumeReading();
    await reactor.runUntil(() => made > before + 10);
    client.reset();
    await reactor.runUntil(() => server.inspect().connections === 0);
  });

  test("keeps the head of a request answered at once for whoever looks later", async () => {
    const kept: Request[] = [];
    const { reactor, connect } = await start((request) => {
      kept.push(request);
      return new Response(null, { status: 204 });
    });
    const client = connect().write(get("/first", "X-A: 1"));
    await reactor.runUntil(() => client.text.endsWith("\r\n\r\n"));
    client.write(get("/other", "X-A: 2", "X-B: 3"));
    await reactor.runUntil(() => kept.length === 2);
    await reactor.settle();
    assertEquals([kept[0]!.url, kept[0]!.headers.get("x-a")], ["http://a.test/first", "1"]);
    assertEquals([...kept[1]!.headers].length, 3);
  });

  test("asks for a body only when the application does", async () => {
    const { reactor, connect } = await start(async (request) =>
      new Response(request.url.endsWith("/read") ? await request.text() : "not read")
    );
    const lines = ["Content-Length: 3", "Expect: 100-continue"];
    const reading = connect().write(get("/read", ...lines).replace("GET", "POST"));
    await reactor.runUntil(() => reading.text.includes("100 Continue"));
    reading.write("abc");
    await reactor.runUntil(() => reading.text.endsWith("abc"));
    const other = connect().write(get("/", ...lines).replace("GET", "POST"));
    await reactor.runUntil(() => other.text.endsWith("not read"));
    assert(!other.text.includes("100 Continue"));
  });

  test("answers 413 for a body past the limit that the application reads", async () => {
    const { reactor, connect } = await start(
      async (request) => new Response(String((await request.arrayBuffer()).byteLength)),
      { limits: { clientBodyMaxBytes: 10 } },
    );
    const client = connect().write(
      get("/", "Transfer-Encoding: chunked").replace("GET", "POST") +
        "b\r\nhello world\r\n0\r\n\r\n",
    );
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    assertMatch(client.text, /^HTTP\/1\.1 413 /);
  });

  test("echoes a body while it comes in", async () => {
    const { reactor, connect } = await start((request) => new Response(request.body));
    const client = connect().write(get("/", "Transfer-Encoding: chunked").replace("GET", "POST"));
    client.write("3\r\none\r\n");
    await reactor.runUntil(() => client.text.endsWith("3\r\none\r\n"));
    client.write("3\r\ntwo\r\n0\r\n\r\n");
    await reactor.runUntil(() => client.text.endsWith("3\r\ntwo\r\n0\r\n\r\n"));
  });

  test("resets a stream that fails behind its head, never ends it cleanly", async () => {
    const { stream, controller } = handFed();
    const { reactor, connect } = await start(() => new Response(stream));
    const client = connect().write(get("/"));
    controller.enqueue(encoder.encode("half"));
    await reactor.runUntil(() => client.text.includes("half"));
    controller.error(new Error("the source broke"));
    await reactor.runUntil(() => client.closed !== null);
    assertEquals([client.closed, client.text.includes("\r\n0\r\n")], ["reset", false]);
    assertEquals(reactor.logs.filter((line) => line.text.includes("source broke")).length, 1);
  });

  test("tells the signal of a FIN, answers on, and cancels when a write cannot go", async () => {
    const { stream, controller, cancels } = handFed();
    let signal!: AbortSignal;
    const { reactor, server, connect } = await start((request) => {
      signal = request.signal;
      return new Response(stream);
    });
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    client.end();
    await reactor.runUntil(() => signal.aborted);
    assertEquals((signal.reason as RequestAborted).cause, "client-gone");
    controller.enqueue(encoder.encode("still"));
    await reactor.runUntil(() => client.text.includes("still"));
    assertEquals(cancels, []);
    client.reset();
    await reactor.runUntil(() => cancels.length === 1);
    await reactor.settle();
    assertEquals(server.inspect().requests, []);
  });

  test("cancels a stream that says nothing when its client resets", async () => {
    const { stream, cancels } = handFed();
    const { reactor, server, connect } = await start(() => new Response(stream));
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    client.reset();
    await reactor.runUntil(() => cancels.length === 1);
    assertEquals((cancels[0] as RequestAborted).cause, "client-gone");
    assertEquals(server.inspect().connections, 0);
    assertEquals(server.inspect().requests, []);
  });

  test("answers 503 when the application is late, and drops its answer when it comes", async () => {
    let answer!: (response: Response) => void;
    const { stream, cancels } = handFed();
    const { reactor, connect } = await start(
      () => new Promise((resolve) => answer = resolve),
      { clocks: { handlerTimeoutMs: 1000 } },
    );
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.includes("503 "), { withinMs: 2000 });
    answer(new Response(stream));
    await reactor.runUntil(() => cancels.length === 1);
    assertEquals((cancels[0] as RequestAborted).cause, "timeout");
    assert(!client.text.includes("200 OK"));
  });

  test("tells a streaming application of a graceful close, and lets it finish", async () => {
    const { stream, controller } = handFed();
    const { reactor, server, connect } = await start((request) => {
      request.signal.addEventListener("abort", () => {
        controller.enqueue(encoder.encode((request.signal.reason as RequestAborted).cause));
        controller.close();
      });
      return new Response(stream);
    });
    const client = connect().write(get("/"));
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    const report = await reactor.waitFor(server.close(), { withinMs: 60_000 });
    assertEquals(report.clean, true);
    assertStringIncludes(client.text, "8\r\nshutdown\r\n0\r\n\r\n");
  });

  test("closes an answer of unknown length to HTTP/1.0 instead of chunking it", async () => {
    const { stream, controller } = handFed();
    const { reactor, connect } = await start(() => new Response(stream));
    const client = connect().write("GET / HTTP/1.0\r\n\r\n");
    await reactor.runUntil(() => client.text.includes("\r\n\r\n"));
    controller.enqueue(encoder.encode("all of it"));
    controller.close();
    await reactor.runUntil(() => client.hasEnded);
    assert(client.text.endsWith("\r\n\r\nall of it"));
  });
});
