/**
 * The hard test of the memory bound: clients that take nothing, that send half a head, or that send
 * a body which nobody reads, as many as there are. Whatever they do, the core holds no more for
 * each connection than the formula in `core/limits.ts` says. The controls take the bound away:
 * output that is pushed on in spite of `AGAIN`, and input that is read on however much waits.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Connection } from "../../../core/connection.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import {
  bytesHeldFor,
  type BytesReport,
  type CodingsInUse,
  connectionBytesMax,
} from "../../../core/connection_bytes.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../core/limits.ts";
import { DONE, ERROR, OK, type ResultCode, type SendCode } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";
import { MemoryGauge } from "./memory_gauge.ts";

export const ITEM_BYTES = 8 * 1024;
/** Small, so that many clients reach it. */
export const LIMITS: Partial<Limits> = {
  headBytesMax: 4096,
  inputBytesMax: 8192,
  outputBytesReady: 32 * 1024,
  outputBytesMax: 128 * 1024,
  clientBodyMaxBytes: Infinity,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 20_000,
};
/** What the formula allows. */
export const MOST_BYTES: number = mostWith({});
/** More than that, several times over. */
const UPLOAD_BYTES = 4 * MOST_BYTES;
/** Nobody is to be ended by a clock before all of them are there. */
export const CLOCKS = {
  headerTimeoutMs: 600_000,
  bodyTimeoutMs: 600_000,
  bodyBytesPerSecondMin: 0,
  sendTimeoutMs: 600_000,
  sendBytesPerSecondMin: 0,
  handlerTimeoutMs: 600_000,
};

/** What the formula allows where bodies are coded. */
export function mostWith(codings: CodingsInUse): number {
  return connectionBytesMax({ ...DEFAULT_LIMITS, ...LIMITS }, ITEM_BYTES, codings);
}

/** How many of each kind there are: in full, and in every run; in memory, and on sockets. */
export interface Crowd {
  readonly memory: readonly [full: number, short: number];
  readonly sockets: readonly [full: number, short: number];
}

const CROWD: Crowd = { memory: [10_000, 300], sockets: [300, 40] };
export const UPLOADS: Crowd = { memory: [1_000, 100], sockets: [300, 40] };

export function checkMemoryBound(check: HardCheck): void {
  check("memory bound: readers that never read", (bench) => stalledReaders(bench, true));

  check("memory bound, control: the test fails when AGAIN is ignored", async (bench) => {
    await assertRejects(() => stalledReaders(bench, false), Error, "are held for one connection");
  });

  check("memory bound: heads that never end", (bench) => halfHeads(bench));

  check("memory bound: uploads that nobody reads", (bench) => slowUploads(bench, true));

  check("memory bound, control: the test fails when reading never stops", async (bench) => {
    await assertRejects(() => slowUploads(bench, false), Error, "are held for one connection");
  });
}

export function sizeOf(bench: HardBench, crowd: Crowd): number {
  const [full, short] = bench.timeIsReal ? crowd.sockets : crowd.memory;
  return IS_FULL ? full : short;
}

/** Bytes that the core holds for `connection`. */
function heldFor(connection: Connection): number {
  return sumOf(bytesHeldFor(connection));
}

function sumOf(bytes: BytesReport): number {
  return Object.values(bytes).reduce((sum: number, one: number) => sum + one, 0);
}

/** @throws when the core holds more for a connection than it may. Answers the most for one. */
export function checkBound(bench: HardBench, mostBytes = MOST_BYTES): number {
  const { connections } = bench.server;
  let largest = 0;
  for (const connection of connections) largest = Math.max(largest, heldFor(connection));
  if (largest > mostBytes) {
    throw new Error(`${largest} bytes are held for one connection, at most ${mostBytes} may be`);
  }
  return largest;
}

/**
 * Waits, and looks at the bound after every event of a few connections; of ten thousand, which are
 * long to look through, after each so many events.
 */
export async function until(
  bench: HardBench,
  condition: () => boolean,
  what: string,
  mostBytes = MOST_BYTES,
): Promise<void> {
  let broken: unknown = null;
  let events = 0;
  await bench.settle(() => {
    if (events++ % Math.max(1, Math.floor(bench.server.connections.size / 20)) !== 0) {
      return condition();
    }
    try {
      checkBound(bench, mostBytes);
    } catch (error) {
      broken = error;
      return true;
    }
    return condition();
  }, what);
  if (broken !== null) throw broken;
}

/** Compares what was counted with `inspect()` and with the heap, and notes it. */
export function judge(
  bench: HardBench,
  gauge: MemoryGauge,
  what: string,
  count: number,
  mostBytes = MOST_BYTES,
): void {
  const largest = checkBound(bench, mostBytes);
  let held = 0;
  for (const connection of bench.server.connections) held += heldFor(connection);
  assertEquals(sumOf(bench.server.inspect().bytes), held);
  gauge.weigh();
  // Both ends are in one process: the clients' halves and the objects count, too.
  assert(
    gauge.growth <= count * (mostBytes + OBJECTS_BYTES),
    `${what} grew by ${gauge.growth} bytes`,
  );
  bench.measured(what, `${count} connections, ${largest} bytes at most, ${mostBytes} allowed`);
}

const OBJECTS_BYTES = 512 * 1024;

export async function begun(bench: HardBench): Promise<MemoryGauge> {
  const gauge = new MemoryGauge(bench);
  // The first weight is of code that has not run yet, and does not count.
  await bench.rest();
  gauge.weigh();
  gauge.weigh();
  return gauge;
}

/** Sends without end, as fast as it may; a naive one sends `insists` bytes more. */
function produce(request: HttpRequest, insists: number): ResultCode {
  const hold = request.hold("the producer");
  request.onTerminated(() => hold.release());
  request.sendHead(200, { "content-type": "text/plain" });
  const offer = (): void => {
    let code: SendCode = OK;
    while (code === OK) code = request.send(new Uint8Array(ITEM_BYTES));
  };
  request.onWritable = offer;
  offer();
  if (insists > 0) insist(request, insists);
  return DONE;
}

/** Pushes on whatever is answered, past the core's own check. */
function insist(request: HttpRequest, most: number): void {
  const connection = request.exchange as Connection;
  Object.defineProperty(connection.output, "isOverfull", { get: () => false });
  for (let bytes = 0; bytes < most; bytes += ITEM_BYTES) {
    if (request.send(new Uint8Array(ITEM_BYTES)) === ERROR) return;
  }
}

async function stalledReaders(bench: HardBench, obeys: boolean): Promise<void> {
  await bench.serve({
    handlers: [(request) => {
      const isFirst = bench.server.load.requests === 1;
      // What the kernel takes is more than the bound on live columns.
      return produce(request, !obeys && isFirst ? bench.bulkBytes + 2 * MOST_BYTES : 0);
    }],
    limits: { ...LIMITS, loopLagMaxMs: Infinity },
    clocks: CLOCKS,
  });
  const gauge = await begun(bench);
  const count = sizeOf(bench, CROWD);
  for (let i = 0; i < count; i++) {
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    if (i % WAVE === WAVE - 1) await arrived(bench, i + 1);
  }
  await arrived(bench, count);
  await until(bench, () => stalled(bench) === count, "the stall of all of them");
  judge(bench, gauge, "readers that never read", count);
  await leave(bench);
}

/** Clients that connect together. */
export const WAVE = 50;

export async function arrived(
  bench: HardBench,
  count: number,
  mostBytes = MOST_BYTES,
): Promise<void> {
  const { load } = bench.server;
  await until(bench, () => load.requests === count, `${count} requests`, mostBytes);
}

function stalled(bench: HardBench): number {
  let count = 0;
  for (const { output } of bench.server.connections) if (output.blocked) count++;
  return count;
}

async function halfHeads(bench: HardBench): Promise<void> {
  await bench.serve({ handlers: [], limits: LIMITS, clocks: CLOCKS });
  const gauge = await begun(bench);
  const count = sizeOf(bench, CROWD);
  const head = `GET / HTTP/1.1\r\nHost: t\r\nX-Long: ${"x".repeat(3000)}`;
  for (let i = 0; i < count; i++) {
    bench.connect().send(head);
    if (i % WAVE < WAVE - 1 && i < count - 1) continue;
    await until(bench, () => waiting(bench, head.length) === i + 1, `${i + 1} heads`);
  }
  judge(bench, gauge, "heads that never end", count);
  await leave(bench);
}

/** How many connections hold at least `bytes` of input. */
export function waiting(bench: HardBench, bytes: number): number {
  let count = 0;
  for (const { inputBytes } of bench.server.connections) if (inputBytes >= bytes) count++;
  return count;
}

/** Uploads more than may be read ahead; a naive server reads on. */
async function slowUploads(bench: HardBench, stops: boolean): Promise<void> {
  await bench.serve({
    handlers: [(request) => {
      const hold = request.hold("the test");
      request.onTerminated(() => hold.release());
      return DONE;
    }],
    limits: { ...LIMITS, ...stops ? {} : { inputBytesMax: Infinity } },
    clocks: CLOCKS,
  });
  const gauge = await begun(bench);
  // A server that reads on breaks the bound with few of them too, and sooner.
  const count = stops ? sizeOf(bench, UPLOADS) : UPLOADS.sockets[1];
  const body = new Uint8Array(UPLOAD_BYTES);
  for (let i = 0; i < count; i++) {
    bench.connect().request("POST", "/", `Content-Length: ${UPLOAD_BYTES}`).send(body);
    if (i % WAVE === WAVE - 1) await arrived(bench, i + 1);
  }
  await until(bench, () => stops && waiting(bench, 8192) === count, "uploads past the bound");
  for (let i = 0; i < 5; i++) {
    await bench.rest();
    checkBound(bench);
  }
  assertGreater(bench.server.inspect().bytes.input, count * 8192);
  judge(bench, gauge, "uploads that nobody reads", count);
  await leave(bench);
}

/** All of them leave; nothing may be left. */
export async function leave(bench: HardBench): Promise<void> {
  for (const connection of [...bench.server.connections]) connection.abort();
  await bench.settle(() => bench.server.connections.size === 0, "the end of all of them");
  assertEquals(sumOf(bench.server.inspect().bytes), 0);
}
