/**
 * Checks of response compression through a whole server: who gets it, what the head says, that it
 * holds nothing back that should leave, and that it keeps every bound.
 *
 * @module
 */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import { iterable } from "../../../core/apps/iterable.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { type HeaderFields, ResponseHead } from "../../../core/http/response_head.ts";
import { Server } from "../../../core/server.ts";
import { DONE, OK } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { decode } from "../hard/decoding.ts";
import { type Answer, fieldOf } from "./answers.ts";
import type { ServerBench } from "./bench.ts";

const DECODERS: { readonly [coding: string]: (bytes: Uint8Array) => Uint8Array } = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};
const TEXT = "a line that says the same again and again\n".repeat(100);
/** More than the kernel takes of a client that does not read. */
const LARGE_BYTES = 8 << 20;
export const PLAIN = { "content-type": "text/plain; charset=utf-8" };

/** The body, decoded. */
export function bodyOf(answer: Answer): string {
  const coding = fieldOf(answer, "content-encoding");
  if (coding === null) return answer.body;
  const bytes = Uint8Array.from(answer.body, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(DECODERS[coding]!(bytes));
}

export function checkCompression(check: ServerCheck): void {
  checkChoice(check);
  checkLeftAlone(check);
  checkFlushes(check);
  checkBounds(check);
}

export async function ask(
  bench: ServerBench,
  target: string,
  ...fields: string[]
): Promise<Answer> {
  return (await bench.connect().request("GET", target, ...fields).waitAnswers(1))[0]!;
}

const answering = (fields: HeaderFields, body = TEXT, status = 200): Handler => (request) =>
  request.respond(status, fields, body);

/** What a client says, and what it gets where all codings are to be had. */
const CHOICES: ReadonlyArray<readonly [string, string | null]> = [
  ["gzip", "gzip"],
  ["gzip, deflate, br, zstd", "br"],
  ["zstd, gzip", "zstd"],
  ["X-GZIP", "gzip"],
  ["gzip;q=1.0, br;q=0.5", "gzip"],
  ["br;q=0, *", "zstd"],
  ["*;q=0.1", "br"],
  ["deflate", null],
  ["identity", null],
  ["gzip;q=0.5, identity", null],
  ["gzip;q=0.5, identity;q=0.5", "gzip"],
  ["gzip;q=0", null],
  ["gzip;q=2, br;q=x", null],
  ["", null],
];

function checkChoice(check: ServerCheck): void {
  check("compression takes what the client likes best, and then the server", async (bench) => {
    await bench.serve({ compression: true, handlers: [answering({ ...PLAIN, etag: '"a"' })] });
    for (const [wanted, coding] of CHOICES) {
      const answer = await ask(bench, "/", `Accept-Encoding: ${wanted}`);
      assertEquals([wanted, fieldOf(answer, "content-encoding")], [wanted, coding]);
      assertEquals(fieldOf(answer, "vary"), "Accept-Encoding");
      assertEquals(fieldOf(answer, "etag"), coding === null ? '"a"' : 'W/"a"');
      assertEquals(bodyOf(answer), TEXT);
    }
    const answer = await ask(bench, "/");
    assertEquals(fieldOf(answer, "content-encoding"), null);
    assertEquals(fieldOf(answer, "vary"), "Accept-Encoding");
  });

  check("compression serves native, fetch and iterable applications alike", async (bench) => {
    const handlers: { [target: string]: Handler } = {
      "/native": answering(PLAIN),
      "/fetch": fetchHandler({ fetch: () => new Response(TEXT, { headers: PLAIN }) as never }),
      "/stream": fetchHandler({
        fetch: () => {
          const parts = TEXT.match(/.{1,100}/gs)!.map((part) => new TextEncoder().encode(part));
          const stream = new ReadableStream({
            pull(controller) {
              const part = parts.shift();
              if (part === undefined) controller.close();
              else controller.enqueue(part);
            },
          });
          return new Response(stream, { headers: PLAIN }) as never;
        },
      }),
      "/iterable": iterable(function* (_request, out) {
        out.head(200, PLAIN);
        yield* TEXT.match(/.{1,100}/gs)!;
      }),
    };
    await bench.serve({
      compression: true,
      handlers: [(request) => handlers[request.target]!(request)],
    });
    for (const target of Object.keys(handlers)) {
      const answer = await ask(bench, target, "Accept-Encoding: gzip");
      assertEquals([target, fieldOf(answer, "content-encoding")], [target, "gzip"]);
      assertLess(answer.body.length, TEXT.length / 4);
      assertEquals(bodyOf(answer), TEXT);
    }
  });

  check("compression is off unless it is asked for, and checks its options", async (bench) => {
    await bench.serve({ handlers: [answering(PLAIN)] });
    const answer = await ask(bench, "/", "Accept-Encoding: gzip");
    assertEquals([fieldOf(answer, "content-encoding"), fieldOf(answer, "vary")], [null, null]);
    const make = (compression: never) => () =>
      new Server(
        bench.rig.reactor,
        { compression, handlers: [answering(PLAIN)] },
        bench.server.loop,
      );
    assertThrows(make({ minByte: 1 } as never), TypeError, 'no option "minByte"');
    assertThrows(make({ minBytes: -1 } as never), TypeError, "minBytes");
    assertThrows(make({ codings: ["lzma"] } as never), TypeError);
    assertThrows(make({ levels: { gzip: 99 } } as never), RangeError);
    assertThrows(make("yes" as never), TypeError);
  });

  check("compression follows its options", async (bench) => {
    const compression = {
      codings: ["gzip"] as const,
      minBytes: 10,
      levels: { gzip: 1 },
      deserves: (mediaType: string) => mediaType === "application/x-mine",
    };
    await bench.serve({
      compression,
      handlers: [
        (request) => answering({ "content-type": request.target.slice(1) }, "0123456789")(request),
      ],
    });
    const mine = await ask(bench, "/application/x-mine", "Accept-Encoding: br, gzip");
    assertEquals(fieldOf(mine, "content-encoding"), "gzip");
    const text = await ask(bench, "/text/plain", "Accept-Encoding: br, gzip");
    assertEquals(fieldOf(text, "content-encoding"), null);
  });
}

function checkLeftAlone(check: ServerCheck): void {
  check("a `deserves` that throws is logged, and compresses nothing", async (bench) => {
    const deserves = () => {
      throw new Error("no idea");
    };
    await bench.serve({
      compression: { deserves, minBytes: 0 },
      handlers: [answering(PLAIN)],
    });
    const answer = await ask(bench, "/", "Accept-Encoding: gzip");
    assertEquals([answer.status, fieldOf(answer, "content-encoding")], [200, null]);
    assert(bench.logs.some((line) => line.includes("no idea")), bench.logs.join());
  });

  const left: ReadonlyArray<readonly [string, Handler]> = [
    ["a small body", answering(PLAIN, "x".repeat(1023))],
    ["no media type", answering({})],
    ["an image", answering({ "content-type": "image/png" })],
    ["a body that is encoded", answering({ ...PLAIN, "content-encoding": "br" })],
    ["no-transform", answering({ ...PLAIN, "cache-control": "max-age=1, no-transform" })],
    ["a part", answering({ ...PLAIN, "content-range": "bytes 0-9/10" }, TEXT, 206)],
    ["a digest", answering({ ...PLAIN, "content-digest": "sha-256=:AA==:" })],
    ["204", answering(PLAIN, "", 204)],
    ["304", answering({ ...PLAIN, etag: '"a"' }, "", 304)],
  ];
  for (const [what, handler] of left) {
    check(`compression leaves alone: ${what}`, async (bench) => {
      await bench.serve({ compression: true, handlers: [handler] });
      const client = bench.connect();
      const fields = ["Accept-Encoding: gzip"];
      const [answer] = await client.request("GET", "/", ...fields).waitAnswers(1);
      const coding = fieldOf(answer!, "content-encoding");
      assertEquals(coding, what === "a body that is encoded" ? "br" : null);
      assertEquals(fieldOf(answer!, "vary"), null);
      assertEquals(fieldOf(answer!, "etag"), what === "304" ? '"a"' : null);
    });
  }

  check("compression has HEAD say what GET would, and no length that it would not have", async (
    bench,
  ) => {
    await bench.serve({ compression: true, handlers: [answering({ ...PLAIN, etag: '"a"' })] });
    const client = bench.connect().request("HEAD", "/", "Accept-Encoding: gzip");
    client.request("HEAD", "/");
    const [coded, plain] = await client.waitAnswers(2);
    const told = (answer: Answer) =>
      ["content-encoding", "vary", "etag", "content-length"].map((name) => fieldOf(answer, name));
    assertEquals(told(coded!), ["gzip", "Accept-Encoding", 'W/"a"', null]);
    assertEquals(told(plain!), [null, "Accept-Encoding", '"a"', String(TEXT.length)]);
    assertEquals([coded!.body, plain!.body], ["", ""]);
  });

  check("compression leaves a client of HTTP/1.0 alone", async (bench) => {
    await bench.serve({ compression: true, handlers: [answering(PLAIN)] });
    const old = bench.connect();
    old.methods.push("GET");
    old.send("GET / HTTP/1.0\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n");
    assertEquals((await old.waitAnswers(1))[0]!.body, TEXT);
  });

  check("a small body is encoded for a client that refuses it as it is", async (bench) => {
    await bench.serve({ compression: true, handlers: [answering(PLAIN, "small")] });
    const answer = await ask(bench, "/", "Accept-Encoding: gzip, identity;q=0");
    assertEquals([fieldOf(answer, "content-encoding"), bodyOf(answer)], ["gzip", "small"]);
  });

  check("a Vary that says it is kept, and one that does not is added to", async (bench) => {
    await bench.serve({
      compression: true,
      handlers: [
        (request) =>
          answering({ ...PLAIN, vary: decodeURIComponent(request.target.slice(1)) })(request),
      ],
    });
    for (const vary of ["accept-encoding", "*", "Accept,%20ACCEPT-ENCODING"]) {
      const said = decodeURIComponent(vary);
      const answer = await ask(bench, `/${vary}`, "Accept-Encoding: gzip");
      assertEquals(answer.fields.filter(([name]) => name === "vary").length, 1, said);
    }
    const answer = await ask(bench, "/Cookie", "Accept-Encoding: gzip");
    const vary = answer.fields.filter(([name]) => name === "vary").map(([, value]) => value);
    assertEquals(vary.join(", "), "Cookie, Accept-Encoding");
  });

  check("a 304 of an iterable says what the 200 would have said", async (bench) => {
    await bench.serve({
      compression: true,
      handlers: [iterable(function* (_request, out) {
        out.head(200, { ...PLAIN, etag: '"a"' });
        yield out.flush();
        yield TEXT;
      })],
    });
    const fields = ["Accept-Encoding: gzip", 'If-None-Match: W/"a"'];
    const answer = await ask(bench, "/", ...fields);
    assertEquals(answer.status, 304);
    assertEquals([fieldOf(answer, "etag"), fieldOf(answer, "vary")], ['W/"a"', "Accept-Encoding"]);
  });

  check("a body short of its Content-Length never looks whole when compressed", async (bench) => {
    await bench.serve({
      compression: true,
      handlers: [(request) => {
        request.sendHead(200, { ...PLAIN, "content-length": 2 * TEXT.length });
        request.send(TEXT);
        return OK;
      }],
    });
    const client = bench.connect().request("GET", "/", "Accept-Encoding: gzip");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
  });
}

function checkFlushes(check: ServerCheck): void {
  for (const coding of ["br", "gzip", "zstd"]) {
    check(`flush() leaves through ${coding}, event by event`, async (bench) => {
      const requests: HttpRequest[] = [];
      await bench.serve({
        compression: true,
        handlers: [(request) => {
          request.sendHead(200, PLAIN);
          requests.push(request);
          request.hold("kept by the test");
          return DONE;
        }],
      });
      const decoding = decode(bench, "/", coding);
      await bench.settle(() => requests.length === 1, "the request");
      const request = requests[0]!;
      for (let i = 0; i < 5; i++) {
        request.send(`event ${i}\n`);
        if (i % 2 === 0) request.flush();
        else request.send("and on\n", { flush: true });
        await bench.settle(() => decoding.text.includes(`event ${i}`), `event ${i}`);
      }
      request.end();
      request.finalize();
      request.holds!.release();
      await bench.settle(() => decoding.isDone, "the end");
      decoding.close();
    });
  }

  check("an event stream is never held back, nor a stream that waits", async (bench) => {
    const controllers: ReadableStreamDefaultController[] = [];
    await bench.serve({
      compression: true,
      handlers: [fetchHandler({
        fetch: (request) => {
          const stream = new ReadableStream({ start: (one) => void controllers.push(one) });
          const type = request.url.endsWith("/events") ? "text/event-stream" : "text/html";
          return new Response(stream, { headers: { "content-type": type } }) as never;
        },
      })],
    });
    for (const [i, target] of ["/events", "/page"].entries()) {
      const decoding = decode(bench, target, "gzip");
      await bench.settle(() => controllers.length === i + 1, "the stream");
      for (let event = 0; event < 3; event++) {
        controllers[i]!.enqueue(new TextEncoder().encode(`data: ${event}\n\n`));
        await bench.settle(() => decoding.text.includes(`data: ${event}`), `event ${event}`);
      }
      controllers[i]!.close();
      await bench.settle(() => decoding.isDone, "the end");
      decoding.close();
    }
  });

  check("what an iterable gave is on its way while it waits", async (bench) => {
    await bench.serve({
      compression: true,
      handlers: [iterable(function* (request, out) {
        out.head(200, PLAIN);
        yield "before the pause";
        const pause = out.pause();
        request.state = pause.resume;
        yield pause;
        yield ", behind it";
      })],
    });
    const decoding = decode(bench, "/", "br");
    await bench.settle(() => decoding.text === "before the pause", "the first item");
    const requests = [...bench.server.connections].map((one) => one.request);
    const request = requests.find((one) => one !== null) ?? [...bench.server.requests][0]!;
    (request!.state as () => boolean)();
    await bench.settle(() => decoding.isDone, "the end");
    assertEquals(decoding.text, "before the pause, behind it");
    decoding.close();
  });
}

function checkBounds(check: ServerCheck): void {
  check("a large body is encoded in slices, as fast as its client takes it", async (bench) => {
    const bytes = new Uint8Array(Math.min(bench.bulkBytes, LARGE_BYTES));
    let seed = 1;
    for (let i = 0; i < bytes.length; i++) bytes[i] = (seed = Math.imul(seed, 48271)) >>> 16;
    let asked = 0;
    await bench.serve({
      compression: { levels: { gzip: 1 } },
      handlers: [(request) => {
        if (request.target === "/probe") return request.respond(200, {}, String(++asked));
        return request.respondHead(headOf(), bytes);
      }],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/", "Accept-Encoding: gzip");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    for (let i = 1; i <= 20; i++) assertEquals((await ask(bench, "/probe")).body, String(i));
    const held = bench.server.inspect().buffersOut * 16_384;
    assertLess(held, Math.max(bytes.length / 4, 1 << 20), "bytes of encoded output");
    client.onBytes = null;
    client.goOnReading();
    await bench.settle(() => client.receivedBytes > bytes.length, "the rest");
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the end");
  });

  check("a compressed answer ends with its client, and gives everything back", async (bench) => {
    const owner = { released: 0, bufReleased: () => void owner.released++ };
    let requests: HttpRequest | null = null;
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    const total = bench.bulkBytes;
    let made = 0;
    await bench.serve({
      compression: true,
      handlers: [iterable(function* (request, out) {
        requests = request;
        request.onCleanup(() => owner.bufReleased());
        out.head(200, PLAIN);
        for (; made < total; made += bytes.length) yield bytes.slice();
      })],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/", "Accept-Encoding: gzip");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    client.reset();
    await bench.settle(() => requests!.over, "the end");
    assertEquals(owner.released, 1);
    assert(made < total, "all of it was made");
  });
}

function headOf() {
  const head = new ResponseHead();
  head.set(200, PLAIN);
  return head;
}
