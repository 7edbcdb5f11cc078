/**
 * Checks of disconnects: a client that half-closes, resets or leaves while a handler runs and while
 * one streams, with requests behind the one that is answered and without; and both meanings of a
 * half close.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { AGAIN, DONE, ERROR, OK, type ResultCode, type SendCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import type { RawClient, ServerBench } from "./bench.ts";

const TEXT = { "content-type": "text/plain" };

export function checkDisconnects(check: ServerCheck): void {
  checkHalfClose(check);
  checkPipelined(check);
  checkStreaming(check);
  checkResets(check);
}

/** What became of one request. */
class Seen {
  readonly request: HttpRequest;
  readonly causes: string[] = [];
  terminated = 0;
  cleanups = 0;
  readonly #hold: Hold;

  constructor(request: HttpRequest) {
    this.request = request;
    this.#hold = request.hold("the test");
    request.onAbort((cause) => void this.causes.push(cause));
    request.onTerminated(() => this.terminated++);
    request.onCleanup(() => this.cleanups++);
  }

  answer(): void {
    this.request.respond(200, TEXT, this.request.target);
    this.request.finalize();
    this.#hold.release();
  }

  release(): void {
    this.request.finalize();
    this.#hold.release();
  }
}

/** Serves requests that wait for the test; `/stream` has sent its head and a first piece. */
async function serve(bench: ServerBench, halfClose: "abort" | "answer" = "abort"): Promise<Seen[]> {
  const seen: Seen[] = [];
  await bench.serve({
    handlers: [(request): ResultCode => {
      seen.push(new Seen(request));
      if (request.target === "/stream") {
        request.sendHead(200, TEXT);
        request.send("first ", { flush: true });
      }
      return DONE;
    }],
    halfClose,
  });
  return seen;
}

function checkHalfClose(check: ServerCheck): void {
  check("a FIN is noticed while a handler runs, and the answer still arrives", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/a");
    await bench.settle(() => seen.length === 1, "the request");
    client.fin();
    await bench.settle(() => seen[0]!.causes.length > 0, "the FIN");
    assertEquals([seen[0]!.causes, seen[0]!.terminated], [["client-gone"], 0]);
    assertEquals(seen[0]!.request.signal.aborted, true);
    seen[0]!.answer();
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.body), ["/a"]);
    await bench.settle(() => seen[0]!.cleanups === 1, "the end of the request");
    assertEquals([seen[0]!.causes, seen[0]!.terminated], [["client-gone"], 0]);
  });

  check('a FIN means nothing to the request with halfClose "answer"', async (bench) => {
    const seen = await serve(bench, "answer");
    const client = bench.connect().request("GET", "/a").fin();
    await bench.settle(() => seen.length === 1, "the request");
    await bench.rest();
    assertEquals(seen[0]!.causes, []);
    seen[0]!.answer();
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.body), ["/a"]);
    assertEquals([seen[0]!.causes, seen[0]!.terminated], [[], 0]);
  });

  check("a FIN that came with the request is told before its handler can wait", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/a").fin();
    await bench.settle(() => seen.length === 1, "the request");
    await bench.settle(() => seen[0]!.causes.length > 0, "the FIN");
    seen[0]!.answer();
    assertEquals((await client.waitClosed()).map((answer) => answer.body), ["/a"]);
  });
}

function checkPipelined(check: ServerCheck): void {
  for (const halfClose of ["abort", "answer"] as const) {
    const causes = halfClose === "abort" ? ["client-gone"] : [];
    check(
      `a FIN behind pipelined requests is noticed at once: halfClose "${halfClose}"`,
      async (bench) => {
        const seen = await serve(bench, halfClose);
        const client = bench.connect();
        for (const target of ["/a", "/b", "/c"]) client.request("GET", target);
        client.fin();
        await bench.settle(() => seen.length === 1, "the first request");
        // The FIN is behind bytes that nobody takes yet: it is seen because they are read ahead.
        await bench.settle(() => seen[0]!.causes.length === causes.length, "the FIN");
        await bench.rest();
        assertEquals(seen[0]!.causes, causes);
        for (let i = 0; i < 3; i++) {
          await bench.settle(() => seen.length === i + 1, `request ${i + 1}`);
          assertEquals(seen[i]!.causes, causes);
          seen[i]!.answer();
        }
        const answers = await client.waitClosed();
        assertEquals(answers.map((answer) => answer.body), ["/a", "/b", "/c"]);
      },
    );
  }

  check("a FIN behind more than may be read ahead is noticed when that is taken", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/a");
    const count = Math.ceil(bench.bulkBytes / 16_384);
    const fill = "x".repeat(16_300);
    for (let i = 0; i < count; i++) client.request("GET", "/fill", `X-Fill: ${fill}`);
    client.fin();
    await bench.settle(() => seen.length === 1, "the first request");
    await bench.rest();
    assertEquals(seen[0]!.causes, []);
    let answered = 0;
    await bench.settle(() => {
      while (answered < Math.min(seen.length, count)) seen[answered++]!.answer();
      return seen.length > count && seen[count]!.causes.length > 0;
    }, "the FIN, with the last request");
    seen[count]!.answer();
    const answers = await client.waitClosed();
    assertEquals(answers.length, count + 1);
    assertEquals(seen[count]!.causes, ["client-gone"]);
  });
}

function checkStreaming(check: ServerCheck): void {
  check("a FIN is noticed while a handler streams, and the stream goes on", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/stream");
    await bench.settle(() => client.received.includes("first "), "the first piece");
    client.fin();
    await bench.settle(() => seen[0]!.causes.length > 0, "the FIN");
    assertEquals([seen[0]!.causes, seen[0]!.terminated], [["client-gone"], 0]);
    seen[0]!.request.send("second ", { flush: true });
    await bench.settle(() => client.received.includes("second "), "the second piece");
    seen[0]!.request.send("third", { last: true });
    seen[0]!.release();
    const [answer] = await client.waitClosed();
    assertEquals(answer?.body, "first second third");
    assertEquals(seen[0]!.terminated, 0);
  });

  check(
    "a client that closes while a handler streams ends it by the first failed write",
    async (bench) => {
      const seen = await serve(bench);
      const client = bench.connect().request("GET", "/stream");
      await bench.settle(() => client.received.includes("first "), "the first piece");
      bench.rig.reactor.close(client.handle);
      await bench.settle(() => seen[0]!.causes.length > 0, "the close");
      await bench.settle(() => {
        if (seen[0]!.terminated === 0) seen[0]!.request.send("more ", { flush: true });
        return seen[0]!.terminated > 0;
      }, "the failed write");
      assertEquals([seen[0]!.causes, seen[0]!.terminated], [["client-gone"], 1]);
      assertEquals(seen[0]!.request.send("even more"), ERROR);
      assertEquals(seen[0]!.cleanups, 0);
      seen[0]!.release();
      await bench.settle(() => seen[0]!.cleanups === 1, "the end of the request");
    },
  );
}

/**
 * Leaves so that the server sees a reset on every platform: a kernel sends one for a connection
 * that is closed with bytes that were never read.
 */
function leaveWithReset(bench: ServerBench, client: RawClient): void {
  if (client.bench.rig.reactor.via === "Deno.listen") bench.rig.reactor.close(client.handle);
  else client.reset();
}

function checkResets(check: ServerCheck): void {
  check("a reset is noticed while a handler runs, and ends the request", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/a");
    await bench.settle(() => seen.length === 1, "the request");
    client.reset();
    await bench.settle(() => seen[0]!.causes.length > 0, "the reset");
    assertEquals(seen[0]!.causes, ["client-gone"]);
    seen[0]!.release();
    await bench.settle(() => seen[0]!.cleanups === 1, "the end of the request");
  });

  check(
    "a reset behind pipelined requests gives up the first, and no other begins",
    async (bench) => {
      const seen = await serve(bench);
      const client = bench.connect().request("GET", "/stream");
      await bench.settle(() => client.received.includes("first "), "the first piece");
      client.stopReading();
      client.request("GET", "/b").request("GET", "/c");
      seen[0]!.request.send("unread ", { flush: true });
      await bench.rest();
      leaveWithReset(bench, client);
      await bench.settle(() => {
        if (seen[0]!.terminated === 0) seen[0]!.request.send("more ", { flush: true });
        return seen[0]!.terminated > 0;
      }, "the reset");
      assertEquals(seen[0]!.causes, ["client-gone"]);
      seen[0]!.release();
      await bench.settle(() => seen[0]!.cleanups === 1, "the end of the request");
      await bench.rest();
      assertEquals(seen.map((one) => one.request.target), ["/stream"]);
      assertEquals(bench.server.inspect().connections <= 1, true);
    },
  );

  check("a reset while a handler streams to a client that does not read ends it", async (bench) => {
    const seen = await serve(bench);
    const client = bench.connect().request("GET", "/stream");
    client.onBytes = () => client.stopReading();
    await bench.settle(() => client.receivedBytes > 0, "the first piece");
    const { request } = seen[0]!;
    const piece = new Uint8Array(32_768);
    let code: SendCode = OK;
    while (code === OK) {
      code = request.send(piece.slice(), { flush: true });
      await bench.rest();
    }
    assertEquals(code, AGAIN);
    leaveWithReset(bench, client);
    await bench.settle(() => seen[0]!.terminated > 0, "the reset");
    assertEquals(seen[0]!.causes, ["client-gone"]);
    seen[0]!.release();
    await bench.settle(() => seen[0]!.cleanups === 1, "the end of the request");
  });
}
