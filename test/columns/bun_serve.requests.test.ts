/**
 * What is the own affair of the runtime over `Bun.serve`, but for its answers: how bodies come,
 * what is refused, which clocks are held, how a listener opens and closes.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import type { AbortCause } from "../../core/errors.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import { ListenError } from "../../core/reactor.ts";
import { DONE, OK } from "../../core/status.ts";
import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { liveRig } from "../suites/rig.ts";
import { fieldOf } from "../suites/server/answers.ts";
import { ServerBench } from "../suites/server/bench.ts";
import {
  check,
  endless,
  endOf,
  keep,
  letGo,
  newBench,
  TEXT,
} from "../unit/bun_serve/serve_bench.ts";

describe("bun_serve: bodies and the client", () => {
  check("a body comes as it is read, to its end, over several events", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        const bytes = await request.body.bytes();
        return request.respond(200, TEXT, bytes);
      }],
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 6").send("ab");
    await bench.rest();
    client.send("cd");
    await bench.rest();
    client.send("ef").request("POST", "/", "Transfer-Encoding: chunked").send("2\r\nxy\r\n");
    await client.waitAnswers(1);
    client.send("0\r\n\r\n");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["abcdef", "xy"]);
  });

  check("an answer before the end of a body that was begun keeps the connection", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.body.read({
          onBody: () => request.headSent || letGo((request.respond(200, TEXT, "enough"), request)),
          onBodyEnd: () => {},
          onBodyError: () => {},
        });
        return keep(request);
      }],
      limits: { clientBodyMaxBytes: 8 << 20 },
    });
    const size = 4 << 20;
    const client = bench.connect().request("POST", "/", `Content-Length: ${size}`);
    client.send(new Uint8Array(size)).request("POST", "/", "Content-Length: 1").send("x");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["enough", "enough"]);
  });

  check("the body of a GET is refused with 501 when somebody wants it", async (bench) => {
    await bench.serve({
      handlers: [async (request) => request.respond(200, TEXT, await request.body.bytes())],
    });
    const client = bench.connect().request("GET", "/", "Content-Length: 3").send("abc");
    const [answer] = await client.waitAnswers(1);
    assertEquals([answer?.status, fieldOf(answer!, "connection")], [501, "close"]);
  });

  check("a client that half-closes is gone, as Bun closes both ways then", async (bench) => {
    const causes: AbortCause[] = [];
    const reasons: unknown[] = [];
    await bench.serve({
      handlers: [(request) => {
        request.onAbort((cause) => causes.push(cause));
        const { signal } = request;
        signal.addEventListener("abort", () => reasons.push(signal.reason.cause));
        return keep(request);
      }],
    });
    bench.connect().request("GET", "/").fin();
    await bench.settle(() => causes.length > 0, "the abort");
    await bench.rest();
    assertEquals([causes, reasons], [["client-gone"], ["client-gone"]]);
  });

  check("remoteAddress and localAddress are those of the two ends", async (bench) => {
    await bench.serve({
      handlers: [
        (request) =>
          request.respond(200, TEXT, JSON.stringify([request.remoteAddress, request.localAddress])),
      ],
    });
    const client = bench.connect().request("GET", "/");
    const [answer] = await client.waitAnswers(1);
    const [remote, local] = JSON.parse(answer!.body);
    assertEquals(local, bench.address);
    assertEquals(remote, bench.rig.reactor.localAddress(client.handle));
  });

  check("a Unix path is listened on, and removed at the end", async (bench) => {
    const { unixAddress } = bench.rig;
    await bench.serve({
      handlers: [
        (request) =>
          request.respond(200, TEXT, JSON.stringify([request.remoteAddress, request.url])),
      ],
    });
    const listener = await bench.server.listen(unixAddress);
    assertEquals(listener.address, unixAddress);
    bench.address = unixAddress;
    const [answer] = await bench.connect().request("GET", "/p").waitAnswers(1);
    assertEquals(JSON.parse(answer!.body), [{ transport: "unix", path: "" }, "http://test/p"]);
    await bench.server.close();
    assert(unixAddress.transport === "unix" && !existsSync(unixAddress.path));
  });
});

describe("bun_serve: refusals and clocks", () => {
  check(
    "what Bun takes and the core does not is refused whole, with one line each",
    async (bench) => {
      await bench.serve({ handlers: [(request) => request.respond(200, TEXT, "taken")] });
      const refused: ReadonlyArray<readonly [number, string]> = [
        [400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"],
        [400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
        [400, "GET / HTTP/1.1\r\nHost: \r\n\r\n"],
        [400, `GET / HTTP/1.1\r\nHost: ${"a.".repeat(200)}\r\n\r\n`],
        [400, "GET /#part HTTP/1.1\r\nHost: a\r\n\r\n"],
        [414, `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
        [417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"],
        [501, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"],
      ];
      for (const [status, head] of refused) {
        bench.logs.length = 0;
        const [answer] = await bench.connect().send(head).waitClosed(head.slice(0, 60));
        assertEquals([answer?.status, fieldOf(answer!, "connection")], [status, "close"], head);
        assertStringIncludes(answer!.body, `${status} `);
        assertEquals(bench.logs.length, 1);
        assertStringIncludes(bench.logs[0]!, `127.0.0.1: ${status}, `);
      }
    },
  );

  check("a handler that is late is answered for with 503", async (bench) => {
    const causes: AbortCause[] = [];
    await bench.serve({
      handlers: [(request) => {
        request.onAbort((cause) => causes.push(cause));
        const hold = request.hold("kept by the test");
        request.onCleanup(() => causes.push("application"));
        bench.server.loop.postCall(() => hold.release());
        return DONE;
      }],
      clocks: { handlerTimeoutMs: 100 },
    });
    const [answer] = await bench.connect().request("GET", "/").waitClosed();
    assertEquals([answer?.status, fieldOf(answer!, "connection")], [503, "close"]);
    assertEquals(causes, ["timeout", "application"]);
  });

  check(
    "a body that is late is refused with 408, and one that comes slowly is not",
    async (bench) => {
      await bench.serve({
        handlers: [async (request) => {
          // A stall of the process must not end what comes slowly.
          if (request.target === "/slow") request.setClocks({ bodyTimeoutMs: 60_000 });
          return request.respond(200, TEXT, await request.body.bytes());
        }],
        clocks: { bodyTimeoutMs: 400 },
      });
      const late = bench.connect().request("POST", "/", "Content-Length: 2").send("a");
      const slow = bench.connect().request("POST", "/slow", "Content-Length: 4").send("a");
      for (const piece of ["b", "c", "d"]) {
        await after(bench, 200);
        slow.send(piece);
      }
      assertEquals((await slow.waitAnswers(1))[0]?.body, "abcd");
      const [refusal] = await late.waitClosed();
      assertEquals([refusal?.status, fieldOf(refusal!, "connection")], [408, "close"]);
    },
  );

  check("a stream that a client does not take is reset by the send clock", async (bench) => {
    const causes: AbortCause[] = [];
    await bench.serve({
      handlers: [(request) => endless(request, causes)],
      clocks: { sendTimeoutMs: 300 },
    });
    const client = bench.connect();
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => causes.length > 0, "the send clock");
    client.onBytes = null;
    client.goOnReading();
    await endOf(bench, client);
    assertEquals([causes, client.answers.length, client.ended], [["timeout"], 0, false]);
  });

  check("a quiet stream is not ended by any clock", async (bench) => {
    let quiet: HttpRequest | null = null;
    await bench.serve({
      handlers: [(request) => {
        quiet = request;
        request.sendHead(200, TEXT);
        request.send("tick", { flush: true });
        return keep(request);
      }],
      clocks: { sendTimeoutMs: 100, handlerTimeoutMs: 100, bodyTimeoutMs: 100 },
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.includes("tick"), "the first item");
    await after(bench, 500);
    assertEquals([quiet!.abortCause, client.closed], [null, null]);
    letGo(quiet!);
    assertEquals((await client.waitAnswers(1))[0]?.body, "tick");
  });
});

/** Waits for a timer of the server's own wheel. */
async function after(bench: ServerBench, ms: number): Promise<void> {
  const { loop } = bench.server;
  const untilMs = loop.now() + ms;
  await bench.settle(() => loop.now() >= untilMs, `${ms} ms`);
}

describe("bun_serve: listening and closing", () => {
  test("listenRequests() rejects with a ListenError when the address is taken", async () => {
    const bench = newBench();
    await bench.serve({ handlers: [() => OK] });
    const other = newBench();
    let code = "";
    await other.serve({ handlers: [() => OK] });
    await other.server.listen(bench.address).catch((error) => {
      if (error instanceof ListenError) code = error.code;
    });
    assertEquals(code, "in-use");
    await other.end();
    await bench.end();
  });

  check("close() waits for a whole answer that a client takes slowly", async (bench) => {
    const size = 16 << 20;
    await bench.serve({
      handlers: [(request) => request.respond(200, TEXT, new Uint8Array(size))],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    let isClosed = false;
    bench.server.close().then(() => isClosed = true);
    await bench.rest();
    assertEquals(isClosed, false);
    client.onBytes = null;
    client.goOnReading();
    await bench.settle(() => isClosed, "the close");
    await endOf(bench, client);
    assertGreater(client.receivedBytes, size);
  });

  check("a handler that closes the server is told, answered for and waited for", async (bench) => {
    const causes: AbortCause[] = [];
    let isClean: boolean | null = null;
    let kept: HttpRequest | null = null;
    await bench.serve({
      handlers: [(request) => {
        request.onAbort((cause) => causes.push(cause));
        bench.server.close().then((report) => isClean = report.clean);
        kept = request;
        return keep(request);
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => causes.length > 0, "the abort");
    assertEquals([causes, bench.server.inspect().requests.length], [["shutdown"], 1]);
    await bench.rest();
    assertEquals(isClean, null);
    kept!.respond(200, TEXT, "the last");
    letGo(kept!);
    const [answer] = await client.waitClosed();
    assertEquals([answer?.body, fieldOf(answer!, "connection")], ["the last", "close"]);
    await bench.settle(() => isClean !== null, "the report");
    assertEquals(isClean, true);
  });

  check("a second server can listen at once where the first one was closed", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(200, TEXT, "first")] });
    await bench.connect().request("GET", "/").waitAnswers(1);
    await bench.server.close();
    const next = new ServerBench({
      ...liveRig(createBunServeReactor(), false),
      address: bench.address,
    });
    await next.serve({ handlers: [(request) => request.respond(200, TEXT, "second")] });
    assertEquals((await next.connect().request("GET", "/").waitAnswers(1))[0]?.body, "second");
    await next.end();
  });

  check("fetch() of a platform gets what was sent", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        const bytes = await request.body.bytes();
        return request.respond(201, TEXT, `${request.method} ${request.target} ${bytes.length}`);
      }],
    });
    const { address } = bench;
    assert(address.transport === "tcp");
    const response = await fetch(`http://127.0.0.1:${address.port}/p?q`, {
      method: "POST",
      body: new Uint8Array(100_000),
    });
    assertEquals([response.status, await response.text()], [201, "POST /p?q 100000"]);
  });
});
