/**
 * The hard test of request bodies: every size around the edge of memory, by length and in chunks,
 * in one packet and byte by byte, alone and with the next request in the same segment. Each body
 * arrives exactly, is where it belongs, and the request behind it is not touched. A keeper that
 * refills its memory before the disk has it must fail the same test.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { OK, type ResultCode } from "../../../core/status.ts";
import { joined } from "../../../core/work/pieces.ts";
import type { HardCheck } from "../check_hard.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";
import { keepCarelessly } from "./naive.ts";
import { WatchedFiles } from "./watched_files.ts";

const BUFFER_BYTES = 16 * 1024;
const SMALL_BUFFER_BYTES = 64;
const BIG_BYTES = IS_FULL ? 64 << 20 : 512 << 10;
const CHUNK_BYTES = 5000;

/** What a handler reads a kept body by. */
export interface Kept extends AsyncIterable<Uint8Array> {
  readonly length: number;
  readonly isInFile: boolean;
}

type Keep = (request: HttpRequest) => Promise<Kept>;
type Framing = "length" | "chunked";

const keepProperly: Keep = (request) => request.body.buffered();

export function checkRequestBodies(check: HardCheck): void {
  for (const framing of ["length", "chunked"] as const) {
    check(`request bodies: exact in one packet (${framing})`, (bench) => {
      return inOnePacket(bench, framing, keepProperly);
    });

    check(`request bodies: exact byte by byte (${framing})`, (bench) => {
      return byteByByte(bench, framing);
    });

    check(
      `request bodies: the next request in the same segment is intact (${framing})`,
      (bench) => {
        return withTheNext(bench, framing);
      },
    );

    check(
      `request bodies, control: the test fails when memory is refilled too early (${framing})`,
      async (bench) => {
        await assertRejects(() => inOnePacket(bench, framing, keepCarelessly), Error, "changed");
      },
    );
  }
}

function sizesAround(edge: number): number[] {
  return [0, 1, edge - 1, edge, edge + 1];
}

async function inOnePacket(bench: HardBench, framing: Framing, keep: Keep): Promise<void> {
  const files = await serve(bench, BUFFER_BYTES, keep, "stream");
  for (const size of [...sizesAround(BUFFER_BYTES), BIG_BYTES]) {
    const startedMs = performance.now();
    const client = bench.connect().send(postOf(size, framing));
    const [answer] = await client.waitAnswers(1);
    assertBody(answer!.body, size, BUFFER_BYTES);
    const seconds = (performance.now() - startedMs) / 1000;
    if (size === BIG_BYTES) bench.measured(`64 MiB by ${framing}`, `${seconds.toFixed(1)} s`);
  }
  await bench.settle(() => files.closed === files.opened, "the end of every file");
  assertEquals(files.opened, 2);
}

async function byteByByte(bench: HardBench, framing: Framing): Promise<void> {
  await serve(bench, SMALL_BUFFER_BYTES, keepProperly, "buffer");
  for (const size of sizesAround(SMALL_BUFFER_BYTES)) {
    const client = bench.connect();
    for (const byte of postOf(size, framing, 20)) {
      client.send(Uint8Array.of(byte));
      let turns = 0;
      await bench.settle(() => ++turns > 1, "a turn");
    }
    assertBody((await client.waitAnswers(1))[0]!.body, size, SMALL_BUFFER_BYTES);
  }
}

async function withTheNext(bench: HardBench, framing: Framing): Promise<void> {
  await serve(bench, BUFFER_BYTES, keepProperly, "buffer");
  const next = new TextEncoder().encode("GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
  for (const size of [...sizesAround(BUFFER_BYTES), BIG_BYTES]) {
    const first = postOf(size, framing);
    const client = bench.connect().send(joined([first, next, first, next]));
    const answers = await client.waitAnswers(4);
    assertBody(answers[0]!.body, size, BUFFER_BYTES);
    assertEquals(answers[1]!.body, "the next");
    assertBody(answers[2]!.body, size, BUFFER_BYTES);
    assertEquals(answers[3]!.body, "the next");
  }
}

async function serve(
  bench: HardBench,
  bufferBytes: number,
  keep: Keep,
  requestBody: "stream" | "buffer",
): Promise<WatchedFiles> {
  const handler: Handler = (request) => {
    if (request.target !== "/next") return digest(request, keep);
    request.respond(200, {}, "the next");
    return OK;
  };
  const limits = { clientBodyBufferBytes: bufferBytes, clientBodyMaxBytes: BIG_BYTES };
  const server = await bench.serve({ handlers: [handler], limits, requestBody });
  return WatchedFiles.under(server);
}

/** Answers where the body is, how long it is, and its digest. */
async function digest(request: HttpRequest, keep: Keep): Promise<ResultCode> {
  const kept = await keep(request);
  const hash = createHash("sha256");
  for await (const piece of kept) hash.update(piece);
  const place = kept.isInFile ? "file" : "memory";
  return request.respond(200, {}, `${place} ${kept.length} ${hash.digest("hex")}`);
}

function assertBody(answer: string, size: number, bufferBytes: number): void {
  const hash = createHash("sha256").update(patternOf(size)).digest("hex");
  const place = size <= bufferBytes ? "memory" : "file";
  assert(answer === `${place} ${size} ${hash}`, `a body of ${size} bytes was changed: ${answer}`);
}

/** No period that a buffer's size divides. */
function patternOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 8) * 7 + (i >> 16);
  return bytes;
}

/** A whole request with `size` bytes of the pattern. */
export function postOf(size: number, framing: Framing, chunkBytes = CHUNK_BYTES): Uint8Array {
  const body = patternOf(size);
  const encoder = new TextEncoder();
  const field = framing === "length" ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
  const head = encoder.encode(`POST / HTTP/1.1\r\nHost: test\r\n${field}\r\n\r\n`);
  if (framing === "length") return joined([head, body]);
  const parts = [head];
  for (let pos = 0; pos < size; pos += chunkBytes) {
    const chunk = body.subarray(pos, pos + chunkBytes);
    parts.push(encoder.encode(`${chunk.length.toString(16)}\r\n`), chunk, encoder.encode("\r\n"));
  }
  return joined([...parts, encoder.encode("0\r\n\r\n")]);
}
