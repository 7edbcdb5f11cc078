/**
 * The hard test of the memory bound where bodies are kept, decoded or encoded: uploads that stop in
 * the middle, coded ones that nobody goes on with, compressed answers that nobody reads. The
 * controls keep more than they may, and push on in spite of `AGAIN`.
 *
 * @module
 */

import * as zlib from "node:zlib";
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Coding } from "../../../core/capabilities/codecs.ts";
import type { Connection } from "../../../core/connection.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, ERROR, OK, type ResultCode, type SendCode } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import type { HardBench } from "./hard_bench.ts";
import {
  arrived,
  begun,
  checkBound,
  CLOCKS,
  type Crowd,
  ITEM_BYTES,
  judge,
  leave,
  LIMITS,
  MOST_BYTES,
  mostWith,
  sizeOf,
  until,
  UPLOADS,
  waiting,
  WAVE,
} from "./memory_bound.ts";

const READERS: Crowd = { memory: [1_000, 100], sockets: [60, 6] };
const CODINGS: readonly Coding[] = ["gzip", "br", "zstd"];
const OTHERS = { ...LIMITS, loopLagMaxMs: Infinity };

export function checkMemoryOfBodies(check: HardCheck): void {
  check("memory bound: bodies that are kept, and stop", (bench) => keptBodies(bench, true));

  check("memory bound, control: the test fails when all of a body is kept in memory", async (
    bench,
  ) => {
    await assertRejects(() => keptBodies(bench, false), Error, "are held for one connection");
  });

  check("memory bound: coded uploads that nobody goes on with", (bench) => codedUploads(bench));

  check("memory bound: compressed answers that nobody reads", (bench) => encoded(bench, true));

  check("memory bound, control: the test fails when an encoder takes all", async (bench) => {
    await assertRejects(() => encoded(bench, false), Error, "are held for one connection");
  });

  check("memory bound: items of one byte before an encoder are cut off in time", tinyItems);
}

/** Keeps a request until it is given up. */
function holds(request: HttpRequest): void {
  const hold = request.hold("the test");
  request.onTerminated(() => hold.release());
}

/** Each body stops behind several times its buffer; a naive server has an endless one. */
async function keptBodies(bench: HardBench, isBounded: boolean): Promise<void> {
  const clientBodyBufferBytes = isBounded ? 16 * 1024 : Infinity;
  await bench.serve({
    handlers: [() => OK],
    requestBody: "buffer",
    limits: { ...OTHERS, clientBodyBufferBytes },
    clocks: CLOCKS,
  });
  const gauge = await begun(bench);
  const count = isBounded ? sizeOf(bench, UPLOADS) : 2;
  const size = isBounded ? 100_000 : 4 * MOST_BYTES;
  const body = new Uint8Array(size);
  for (let i = 0; i < count; i++) {
    bench.connect().request("POST", "/", `Content-Length: ${size + 1}`).send(body);
    if (i % WAVE === WAVE - 1) await arrived(bench, i + 1);
  }
  await arrived(bench, count);
  const isTooMuch = () => bench.server.inspect().bytes.bodies > 2 * MOST_BYTES;
  if (!isBounded) await until(bench, isTooMuch, "the bodies");
  for (let i = 0; i < 20; i++) {
    await bench.rest();
    checkBound(bench);
  }
  const { bodies } = bench.server.inspect().bytes;
  assertGreater(bodies, 0);
  judge(bench, gauge, "bodies that are kept, and stop", count);
  await leave(bench);
}

let word = 1;

/** Noise, always other, which no coding makes shorter. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    word = Math.imul(word, 1664525) + 1013904223 | 0;
    bytes[i] = word >>> 24;
  }
  return bytes;
}

const PACKERS: Partial<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  br: (bytes) =>
    zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
};

async function codedUploads(bench: HardBench): Promise<void> {
  const mostBytes = mostWith({ requestCodings: CODINGS });
  await bench.serve({
    handlers: [(request) => {
      holds(request);
      const { body } = request;
      body.read({ onBody: () => body.stop(), onBodyEnd: () => {}, onBodyError: () => {} });
      return DONE;
    }],
    requestCodings: CODINGS,
    limits: OTHERS,
    clocks: CLOCKS,
  });
  const gauge = await begun(bench);
  const count = sizeOf(bench, UPLOADS);
  const plain = noise(1 << 20);
  const coded = CODINGS.map((coding) => [coding, PACKERS[coding]!(plain)] as const);
  for (let i = 0; i < count; i++) {
    const [coding, bytes] = coded[i % coded.length]!;
    const fields = [`Content-Encoding: ${coding}`, `Content-Length: ${bytes.length}`];
    bench.connect().request("POST", "/", ...fields).send(bytes);
    if (i % WAVE === WAVE - 1) await arrived(bench, i + 1, mostBytes);
  }
  const isFull = () => waiting(bench, 8192) === count;
  await until(bench, isFull, "uploads past the bound", mostBytes);
  const { bodies, codecs } = bench.server.inspect().bytes;
  assertGreater(bodies, 0);
  assertGreater(codecs, 0);
  judge(bench, gauge, "coded uploads that nobody goes on with", count, mostBytes);
  await leave(bench);
}

async function encoded(bench: HardBench, obeys: boolean): Promise<void> {
  const mostBytes = mostWith({ compression: true });
  await bench.serve({
    handlers: [(request) => {
      holds(request);
      request.sendHead(200, { "content-type": "text/plain" });
      const offer = (): void => {
        let code: SendCode = OK;
        while (code === OK) code = request.send(noise(ITEM_BYTES));
      };
      request.onWritable = offer;
      offer();
      if (!obeys) insist(request, 2 * mostBytes);
      return DONE;
    }],
    compression: true,
    limits: OTHERS,
    clocks: CLOCKS,
  });
  const gauge = await begun(bench);
  // What a kernel takes of each has to be encoded: some MiB.
  const count = obeys ? sizeOf(bench, READERS) : 1;
  for (let i = 0; i < count; i++) {
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/", `Accept-Encoding: ${CODINGS[i % CODINGS.length]}`);
    if (i % WAVE === WAVE - 1) await arrived(bench, i + 1, mostBytes);
  }
  await arrived(bench, count, mostBytes);
  const isStalled = () => [...bench.server.connections].every(({ output }) => output.blocked);
  await until(bench, isStalled, "the stall of all of them", mostBytes);
  assertGreater(bench.server.inspect().bytes.codecs, 0);
  judge(bench, gauge, "compressed answers that nobody reads", count, mostBytes);
  await leave(bench);
}

/** Pushes on whatever is answered, past the checks before the encoder and behind it. */
function insist(request: HttpRequest, most: number): void {
  const { output } = request.exchange as Connection;
  Object.defineProperty(request.encoding, "isOverfull", { value: () => false });
  Object.defineProperty(output, "isOverfull", { get: () => false });
  for (let bytes = 0; bytes < most; bytes += ITEM_BYTES) {
    if (request.send(noise(ITEM_BYTES)) === ERROR) return;
  }
}

/** Each is an object of its own, which costs many times its byte. */
async function tinyItems(bench: HardBench): Promise<void> {
  let sent = 0;
  const answers = (request: HttpRequest): ResultCode => {
    request.sendHead(200, { "content-type": "text/plain" });
    const large = noise(2 << 20);
    request.send(large);
    while (request.send("x") !== ERROR) sent++;
    return ERROR;
  };
  const limits = { ...OTHERS, outputBytesMax: 3 << 20 };
  await bench.serve({ handlers: [answers], compression: true, limits, clocks: CLOCKS });
  const client = bench.connect().request("GET", "/", "Accept-Encoding: gzip");
  await bench.settle(() => client.closed !== null || client.ended, "the end");
  assert(sent > 0 && sent <= (1 << 20) / 256, `${sent} items of one byte wait`);
  assertEquals(client.answers, []);
}
