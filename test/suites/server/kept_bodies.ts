/**
 * Checks of bodies that are kept as a whole, in memory or in a temporary file, before the handler
 * or when it asks.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FileError } from "../../../core/capabilities/files.ts";
import { terminateRequest } from "../../../core/finalize.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { KeptBody } from "../../../core/kept_body.ts";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import { textOf } from "./bench.ts";

/** Small, so that the edge is near. */
const M = 1000;
const LIMITS = { clientBodyBufferBytes: M, clientBodyMaxBytes: 1 << 20 };
const NO_DIRECTORY = "/no/such/directory";

function bodyOf(size: number): string {
  return "0123456789abcdef".repeat(size / 16 + 1).slice(0, size);
}

function chunked(body: string): string {
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].filter((chunk) => chunk !== "");
  return chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("") +
    "0\r\n\r\n";
}

/** Says where the body is, and what it is. */
async function echoKept(request: HttpRequest): Promise<ResultCode> {
  const kept = await request.body.buffered();
  const place = kept.isInFile ? "file" : "memory";
  return request.respond(200, { "x-place": `${place} ${kept.length}` }, await kept.bytes());
}

export function checkKeptBodies(check: ServerCheck): void {
  checkPlaces(check);
  checkReading(check);
  checkSeams(check);
  checkTrouble(check);
}

function checkPlaces(check: ServerCheck): void {
  for (const requestBody of ["stream", "buffer"] as const) {
    check(`buffered() keeps ${M} bytes in memory, and more in a file (${requestBody})`, async (
      bench,
    ) => {
      await bench.serve({ handlers: [echoKept], limits: LIMITS, requestBody });
      for (const size of [0, 1, M - 1, M, M + 1, 2 * M + 7, 100_000]) {
        const body = bodyOf(size);
        const other = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
        other.send(chunked(body));
        const [answer] = await bench.connect().post("/", body).waitAnswers(1);
        const answers = [answer!, (await other.waitAnswers(1))[0]!];
        for (const answer of answers) {
          assert(answer.body === body, `a body of ${size} bytes was changed`);
          const place = fieldOf(answer, "x-place");
          assertEquals(place, size <= M ? `memory ${size}` : `file ${size}`);
        }
      }
    });
  }

  check("100 Continue is sent before the handler runs where its body is kept first", async (
    bench,
  ) => {
    let runs = 0;
    const handler: Handler = (request) => {
      runs++;
      return echoKept(request);
    };
    await bench.serve({ handlers: [handler], limits: LIMITS, requestBody: "buffer" });
    const client = bench.connect();
    client.request("POST", "/", "Content-Length: 2", "Expect: 100-continue");
    assertEquals((await client.waitAnswers(1))[0]?.status, 100);
    assertEquals(runs, 0);
    client.send("ok");
    assertEquals((await client.waitAnswers(2))[1]?.body, "ok");
    assertEquals(runs, 1);
  });
}

function checkReading(check: ServerCheck): void {
  check("a kept body is read at any offset, in pieces, and once more as a flow", async (bench) => {
    const seen: string[] = [];
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      const kept = await request.body.buffered();
      assertEquals(await request.body.buffered() === kept, true);
      const into = new Uint8Array(10);
      assertEquals(await kept.read(3, into), 10);
      seen.push(textOf(into));
      assertEquals(await kept.read(kept.length - 4, into), 4);
      assertEquals(await kept.read(kept.length, into), 0);
      let pieces = "";
      for await (const piece of kept) pieces += textOf(piece);
      seen.push(pieces, await kept.text(), textOf(await request.body.bytes()));
      return request.respond(200, {}, "read");
    };
    await bench.serve({ handlers: [handler], limits: LIMITS });
    for (const size of [500, 150_000]) {
      const body = bodyOf(size);
      const client = bench.connect().post("/", body);
      assertEquals((await client.waitAnswers(1))[0]?.body, "read");
      assertEquals(seen.splice(0), [body.slice(3, 13), body, body, body]);
    }
  });

  check("a flow from a file stops and goes on", async (bench) => {
    let pieces = 0;
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      await request.body.buffered();
      const hold = request.hold("the flow");
      let text = "";
      request.body.read({
        takesMax: 700,
        onBody(bytes) {
          pieces++;
          assert(bytes.length <= 700, `${bytes.length} bytes at once`);
          text += textOf(bytes);
          request.body.stop();
          bench.server.loop.postCall(() => request.body.start());
        },
        onBodyEnd() {
          request.respond(200, {}, text);
          request.finalize();
          hold.release();
        },
        onBodyError: () => hold.release(),
      });
      return DONE;
    };
    await bench.serve({ handlers: [handler], limits: LIMITS });
    const body = bodyOf(5000);
    assertEquals((await bench.connect().post("/", body).waitAnswers(1))[0]?.body, body);
    assertEquals(pieces, Math.ceil(5000 / 700));
  });

  check("a body that was taken cannot be kept, and one that is kept not be taken", async (
    bench,
  ) => {
    const errors: string[] = [];
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      const isKept = request.target === "/kept";
      const first = isKept ? request.body.buffered() : request.body.bytes();
      const second = isKept ? request.body.bytes() : request.body.buffered();
      await second.then(() => errors.push("none"), (error) => errors.push(error.name));
      await first;
      return request.respond(200, {}, "one of them");
    };
    await bench.serve({ handlers: [handler], limits: LIMITS });
    for (const target of ["/kept", "/taken"]) {
      const client = bench.connect().request("POST", target, "Content-Length: 5");
      await bench.settle(() => errors.length > 0, "the second one's error");
      assertEquals(errors.splice(0), ["TypeError"]);
      client.send("hello");
      assertEquals((await client.waitAnswers(1))[0]?.body, "one of them");
    }
  });
}

function checkSeams(check: ServerCheck): void {
  check("a fetch application reads a kept body by every method", async (bench) => {
    const fetch = async (request: Request): Promise<Response> => {
      switch (new URL(request.url).pathname) {
        case "/text":
          return new Response(await request.text());
        case "/array-buffer":
          return new Response(await request.arrayBuffer());
        case "/stream":
          return new Response(request.body);
        default:
          return new Response(await request.clone().text());
      }
    };
    const handlers = [fetchHandler({ fetch })];
    await bench.serve({ handlers, limits: LIMITS, requestBody: "buffer" });
    for (const size of [M, 100_000]) {
      const body = bodyOf(size);
      for (const target of ["/text", "/array-buffer", "/stream", "/clone"]) {
        const client = bench.connect().post(target, body);
        const [answer] = await client.waitAnswers(1);
        assert(answer!.body === body, `${target} gave ${answer!.body.length} of ${size} bytes`);
      }
    }
  });

  check("a body fully received outlives its connection, until its request is over", async (
    bench,
  ) => {
    let kept: KeptBody | null = null;
    let hold: Hold | null = null;
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      hold = request.hold("work on the body");
      kept = await request.body.buffered();
      return DONE;
    };
    await bench.serve({ handlers: [handler], limits: LIMITS });
    const body = bodyOf(50_000);
    const client = bench.connect().post("/", body);
    await bench.settle(() => kept !== null, "the body");
    // Deno cannot reset, and a FIN leaves the connection alive: so the server ends it.
    terminateRequest(hold!.request, "application");
    await bench.settle(() => client.closed !== null || client.ended, "the end of the connection");
    await bench.settle(
      () => bench.server.inspect().requests.some(({ state }) => state === "abandoned"),
      "the abandoned request",
    );
    let text = "";
    kept!.text().then((whole) => text = whole);
    await bench.settle(() => text !== "", "the body's text");
    assert(text === body, "it is not what was sent");
    hold!.release();
    let error = "";
    kept!.text().catch((thrown) => error = thrown.name);
    await bench.settle(() => error !== "", "an error behind the request's end");
    assertEquals(error, "TypeError");
  });
}

function checkTrouble(check: ServerCheck): void {
  check("a missing directory is a 500, named in the log, before the handler", async (bench) => {
    let runs = 0;
    const handler: Handler = (request) => {
      runs++;
      return echoKept(request);
    };
    await bench.serve({
      handlers: [handler],
      limits: LIMITS,
      requestBody: "buffer",
      clientBodyTempDir: NO_DIRECTORY,
    });
    const small = bench.connect().post("/", bodyOf(M));
    assertEquals((await small.waitAnswers(1))[0]?.status, 200);
    const client = bench.connect().post("/", bodyOf(500_000));
    assertEquals((await client.waitClosed()).map((answer) => answer.status), [500]);
    assertEquals(runs, 1);
    assertMatch(bench.logs.join("\n"), /POST \/: 500, the body cannot be kept: \/no\/such/);
  });

  check("a missing directory rejects buffered(), which may be answered", async (bench) => {
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      const error = await request.body.buffered().then(() => null, (error: FileError) => error);
      return request.respond(507, {}, error === null ? "kept" : error.message);
    };
    await bench.serve({ handlers: [handler], limits: LIMITS, clientBodyTempDir: NO_DIRECTORY });
    const client = bench.connect().post("/", bodyOf(5000));
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.status, 507);
    assertMatch(answer!.body, /cannot be kept: \/no\/such\/directory does not exist/);
  });

  check("a client that leaves in the middle of a kept body reaches nobody", async (bench) => {
    const errors: string[] = [];
    const handler = async (request: HttpRequest): Promise<ResultCode> => {
      await request.body.buffered().catch((error) => errors.push(error.name));
      return DONE;
    };
    await bench.serve({ handlers: [handler], limits: LIMITS });
    for (const sent of [10, M, M + 1, 5000]) {
      const client = bench.connect().request("POST", "/", "Content-Length: 20000");
      client.send(bodyOf(sent));
      await bench.settle(() => bench.server.inspect().requests.length === 1, "the request");
      client.reset();
      await bench.settle(() => errors.length === 1, "the error");
      await bench.settle(() => bench.server.inspect().requests.length === 0, "its end");
      assertMatch(errors.splice(0).join(), /^(RequestAborted|HttpError)$/);
    }
  });

  check("a body past the limit is refused with 413 while it is kept", async (bench) => {
    await bench.serve({
      handlers: [echoKept],
      limits: { ...LIMITS, clientBodyMaxBytes: 3000 },
      requestBody: "buffer",
    });
    const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
    client.send(chunked(bodyOf(3001)));
    assertEquals((await client.waitClosed()).map((answer) => answer.status), [413]);
  });
}
