/**
 * Checks of request bodies with a content coding: undone where the server is asked to, within
 * bounds, and left alone where it is not.
 *
 * @module
 */

import * as zlib from "node:zlib";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import type { Coding } from "../../../core/capabilities/codecs.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";
import { after } from "./clocks.ts";

const PACKERS: Readonly<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};
const ALL: readonly Coding[] = ["gzip", "deflate", "br"];
/** More than one output buffer of the decoder, and compressible. */
const TEXT = Array.from({ length: 9000 }, (_, i) => `line ${i * i % 1009}\n`).join("");

function packed(coding: Coding, text: string): Uint8Array {
  return PACKERS[coding](new TextEncoder().encode(text));
}

/** Sends `bytes` as the body of a POST, chunked in pieces of `pieceBytes`, or with its length. */
function post(client: RawClient, coding: string, bytes: Uint8Array, pieceBytes = 0): RawClient {
  const field = `Content-Encoding: ${coding}`;
  if (pieceBytes === 0) {
    return client.request("POST", "/", field, `Content-Length: ${bytes.length}`).send(bytes);
  }
  client.request("POST", "/", field, "Transfer-Encoding: chunked");
  for (let pos = 0; pos < bytes.length; pos += pieceBytes) {
    const piece = bytes.subarray(pos, pos + pieceBytes);
    client.send(`${piece.length.toString(16)}\r\n`).send(piece).send("\r\n");
  }
  return client.send("0\r\n\r\n");
}

async function echoBody(request: HttpRequest): Promise<ResultCode> {
  return request.respond(200, {}, await request.body.bytes());
}

/** Tells the length, and what is left of the fields. */
async function describeBody(request: HttpRequest): Promise<ResultCode> {
  const { length } = await request.body.bytes();
  const names = request.head.fields().filter((_, i) => i % 2 === 0).map((one) => one.toLowerCase());
  const hidden = ["content-encoding", "content-length"].filter((name) => names.includes(name));
  return request.respond(200, {}, `${length} ${hidden} ${request.header("content-encoding")}`);
}

function serveAll(bench: ServerBench, requestBody: "stream" | "buffer" = "stream") {
  return bench.serve({ handlers: [echoBody], requestCodings: ALL, requestBody });
}

export function checkCodedBodies(check: ServerCheck): void {
  checkDecoding(check);
  checkSeveralInARow(check);
  checkTime(check);
  checkEarlyEnds(check);
  checkRefusals(check);
  checkBounds(check);
}

function checkDecoding(check: ServerCheck): void {
  for (const requestBody of ["stream", "buffer"] as const) {
    check(`a coded body is decoded, by length and chunked (${requestBody})`, async (bench) => {
      await serveAll(bench, requestBody);
      for (const coding of ALL) {
        const bytes = packed(coding, TEXT);
        for (const pieceBytes of [0, 1000, 50_000]) {
          const client = post(bench.connect(), coding, bytes, pieceBytes);
          const [answer] = await client.waitAnswers(1);
          assertEquals(answer?.status, 200);
          assert(answer!.body === TEXT, `${coding} in ${pieceBytes}: changed`);
        }
      }
    });
  }

  check("a coded body comes byte by byte, and an empty one", async (bench) => {
    await serveAll(bench);
    for (const coding of ALL) {
      const client = bench.connect();
      post(client, coding, packed(coding, "a few words"), 1);
      const empty = bench.connect();
      post(empty, coding, packed(coding, ""));
      assertEquals((await client.waitAnswers(1))[0]?.body, "a few words");
      assertEquals((await empty.waitAnswers(1))[0]?.body, "");
    }
  });

  check("without requestCodings a body and its fields are as they were sent", async (bench) => {
    await bench.serve({ handlers: [describeBody] });
    const bytes = packed("gzip", TEXT);
    const client = post(bench.connect(), "gzip", bytes);
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.body, `${bytes.length} content-encoding,content-length gzip`);
  });

  check("the fields of a decoded body say nothing of its coding", async (bench) => {
    await bench.serve({ handlers: [describeBody], requestCodings: ALL });
    const client = post(bench.connect(), "x-gzip", packed("gzip", TEXT));
    assertEquals((await client.waitAnswers(1))[0]?.body, `${TEXT.length}  null`);
  });

  check("a fetch application sees a decoded body without its coding", async (bench) => {
    const fetch = async (request: Request) => {
      const coding = request.headers.get("content-encoding");
      return new Response(`${coding} ${(await request.text()).length}`);
    };
    await bench.serve({ handlers: [fetchHandler({ fetch })], requestCodings: ALL });
    const client = post(bench.connect(), "br", packed("br", TEXT));
    assertEquals((await client.waitAnswers(1))[0]?.body, `null ${TEXT.length}`);
  });

  check("a consumer that stops holds up the decoder, and loses nothing", async (bench) => {
    let got = 0;
    let most = 0;
    let stops = 0;
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the body");
        const { body } = request;
        body.read({
          takesMax: 5000,
          onBody(bytes) {
            got += bytes.length;
            most = Math.max(most, bytes.length);
            stops++;
            body.stop();
            bench.server.loop.postCall(() => body.start());
          },
          onBodyEnd() {
            request.respond(200, {}, String(got));
            request.finalize();
            hold.release();
          },
          onBodyError: () => hold.release(),
        });
        return DONE;
      }],
      requestCodings: ALL,
      limits: { clientBodyMaxBytes: 8 << 20, bodyExpansionMax: 10_000 },
    });
    const size = 3_000_000;
    const client = post(bench.connect(), "gzip", packed("gzip", "x".repeat(size)));
    assertEquals((await client.waitAnswers(1))[0]?.body, String(size));
    assertEquals(most, 5000);
    assertGreater(stops, size / 5000 - 1);
  });
}

/** Several streams in a row are one: RFC 1952 §2.2, RFC 8878 §3.1. */
function checkSeveralInARow(check: ServerCheck): void {
  const row: readonly Coding[] = ["gzip", "zstd"];

  check("gzip members and zstd frames in a row are one body", async (bench) => {
    await bench.serve({ handlers: [echoBody], requestCodings: row });
    for (const coding of row) {
      const parts = [TEXT, "", "a few words", TEXT].map((text) => packed(coding, text));
      const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
      for (const pieceBytes of [0, 7, 1000]) {
        const client = post(bench.connect(), coding, bytes, pieceBytes);
        const [answer] = await client.waitAnswers(1);
        assertEquals(answer?.status, 200, `${coding} in ${pieceBytes}`);
        assert(answer!.body === `${TEXT}a few words${TEXT}`, `${coding} in ${pieceBytes}: changed`);
      }
      const cut = post(bench.connect(), coding, bytes.subarray(0, -1));
      assertEquals((await cut.waitAnswers(1))[0]?.status, 400, coding);
    }
  });
}

function checkTime(check: ServerCheck): void {
  check("a decoder at work wins its client no time", async (bench) => {
    await bench.serve({
      handlers: [echoBody],
      requestCodings: ["gzip"],
      // Each byte comes to a thousand, and so to more than one turn.
      limits: { turnBytesMax: 500 },
      clocks: { bodyTimeoutMs: 60_000, bodyBytesPerSecondMin: 100, bodyRateWindowMs: 300 },
    });
    const bytes = packed("gzip", "\0".repeat(1_000_000));
    const field = "Content-Encoding: gzip";
    const client = bench.connect()
      .request("POST", "/", field, `Content-Length: ${bytes.length}`).send(bytes.subarray(0, 30));
    let at = 30;
    for (; at < 60 && client.received === ""; at++) {
      await after(bench, 100);
      client.send(bytes.subarray(at, at + 1));
    }
    assertLess(at, 60, "it could trickle on");
    assertEquals((await client.waitClosed()).map(({ status }) => status), [408]);
  });
}

function checkEarlyEnds(check: ServerCheck): void {
  check("an answer in the middle of a coded body ends its decoder", async (bench) => {
    let got = 0;
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the body");
        request.body.read({
          onBody(bytes) {
            got += bytes.length;
            // By now the decoder has let others have a turn.
            if (got < 100_000 || request.finalized) return;
            request.respond(422, {}, "not this");
            request.finalize();
            hold.release();
          },
          onBodyEnd() {},
          onBodyError() {},
        });
        return DONE;
      }],
      requestCodings: ALL,
      limits: { turnBytesMax: 30_000 },
    });
    for (const coding of ALL) {
      got = 0;
      const client = post(bench.connect(), coding, packed(coding, "x".repeat(900_000)));
      assertEquals((await client.waitAnswers(1))[0]?.status, 422);
      assertLess(got, 900_000);
    }
  });
}

function checkRefusals(check: ServerCheck): void {
  check("a coding that is not undone is refused with 415 and those that are", async (bench) => {
    await bench.serve({ handlers: [echoBody], requestCodings: ["gzip", "br"] });
    for (const coding of ["deflate", "compress", "gzip, br", "gzip, gzip"]) {
      const client = post(bench.connect(), coding, packed("deflate", "words"));
      const [answer] = await client.waitAnswers(1);
      assertEquals(answer?.status, 415);
      assertEquals(fieldOf(answer!, "accept-encoding"), "gzip, br");
    }
    const client = post(bench.connect(), "identity", new TextEncoder().encode("words"));
    assertEquals((await client.waitAnswers(1))[0]?.body, "words");
  });

  check("the log names a coding that is not undone, and is not written to by it", async (bench) => {
    await bench.serve({ handlers: [echoBody], requestCodings: ["gzip"] });
    const coding = `x\x9b31m\x85"\x80${"y".repeat(200)}`;
    const client = bench.connect();
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: ${coding}\r\n` +
      "Content-Length: 1\r\n\r\n";
    client.send(Uint8Array.from(head, (character) => character.charCodeAt(0))).send("a");
    assertEquals((await client.waitAnswers(1))[0]?.status, 415);
    const [line] = bench.logs;
    assertStringIncludes(line!, "x\\u009b31m\\u0085");
    assert(/^[ -~…]{1,200}$/.test(line!), line);
  });

  check("a coded body that is broken or cut off is refused with 400", async (bench) => {
    await serveAll(bench);
    for (const coding of ALL) {
      const bytes = packed(coding, TEXT);
      const garbage = new TextEncoder().encode("this is no coding, but a text of some length");
      const followed = new Uint8Array([...bytes, 1, 2, 3]);
      for (const bad of [bytes.subarray(0, bytes.length - 1), garbage, followed]) {
        for (const pieceBytes of [0, 20]) {
          const [answer] = await post(bench.connect(), coding, bad, pieceBytes).waitAnswers(1);
          assertEquals(answer?.status, 400);
        }
      }
    }
    assertEquals(bench.logs.length, ALL.length * 6);
  });
}

/** Reads the body, and tells how many bytes each piece has. */
function counting(came: (bytes: number) => void): Handler {
  return (request) => {
    const hold = request.hold("the body");
    request.body.read({
      onBody: (bytes) => came(bytes.length),
      onBodyEnd: () => void request.finalize(),
      onBodyError: () => hold.release(),
    });
    return DONE;
  };
}

function checkBounds(check: ServerCheck): void {
  check("a decoded body past the limit is refused with 413", async (bench) => {
    let got = 0;
    await bench.serve({
      handlers: [counting((bytes) => got += bytes)],
      requestCodings: ALL,
      limits: { clientBodyMaxBytes: 100_000 },
    });
    for (const coding of ALL) {
      got = 0;
      const bomb = packed(coding, "\0".repeat(20_000_000));
      assertLess(bomb.length, 100_000);
      const [answer] = await post(bench.connect(), coding, bomb).waitAnswers(1);
      assertEquals(answer?.status, 413);
      assert(got <= 100_000, `${got} bytes of ${coding} came through`);
    }
  });

  check("a body that expands too much is refused with 413, long before its limit", async (
    bench,
  ) => {
    let got = 0;
    await bench.serve({
      handlers: [counting((bytes) => got += bytes)],
      requestCodings: ALL,
      limits: { clientBodyMaxBytes: 1 << 30, bodyExpansionMax: 20 },
    });
    for (const coding of ALL) {
      got = 0;
      const bomb = packed(coding, "\0".repeat(20_000_000));
      const [answer] = await post(bench.connect(), coding, bomb).waitAnswers(1);
      assertEquals(answer?.status, 413);
      // The first MiB is free, and the coded bytes that were taken are few.
      assertLess(got, (1 << 20) + 20 * (bomb.length + 4096) + 65_536);
    }
  });
}
