/**
 * The hard test of ownership: megabytes out of two buffers, to a client that reads a little and
 * stalls, with every byte right. Who refills a buffer that is ready and not released must fail it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import process from "node:process";
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import { POOL_BUF_BYTES } from "../../../core/limits.ts";
import { DONE } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import type { RawClient } from "../server/bench.ts";
import { BodyTap } from "./body_tap.ts";
import { Dice, type HardBench, IS_FULL } from "./hard_bench.ts";
import {
  patternAt,
  type Producer,
  PRODUCER_BUF_BYTES,
  ReadyProducer,
  ReleasedProducer,
} from "./producers.ts";

const FULL_BYTES = 64 << 20;
/** In memory every kilobyte is an event of its own. */
const MEMORY_SHORT_BYTES = 8 << 20;
/** With buffers of 4 KiB, segments of 1 KiB and a stall after each, in memory. */
const STALL_TURNS = 12;
const READ_MAX_BYTES = 64 * 1024;
const MEMORY_READ_MAX_BYTES = 1024;
/** A slow client is slow for so long, and then goes on at full speed. */
const SLOW_MS = 10_000;
const SUSPENSIONS_MIN = 100;
const GROWTH_MAX_BYTES = 2_000_000;

type Make = (request: HttpRequest, total: number) => Producer;
type Framing = "length" | "chunked";

export function checkTwoBuffers(check: HardCheck): void {
  const released: Make = (request, total) => new ReleasedProducer(request, total);
  const ready: Make = (request, total) => new ReadyProducer(request, total);

  for (const framing of ["length", "chunked"] as const) {
    const name = framing === "length" ? "of known length" : "in chunks";
    check(`two buffers carry a body ${name} to a client that stalls`, async (bench) => {
      const startedMs = performance.now();
      const producer = await carry(bench, released, framing);
      assertGreater(producer.suspensions, SUSPENSIONS_MIN);
      const seconds = (performance.now() - startedMs) / 1000;
      bench.measured(
        `two buffers, ${framing}`,
        `${producer.made >> 20} MiB, ${producer.suspensions} suspensions, ${seconds.toFixed(1)} s`,
      );
    });
  }

  check("two buffers come home from a client that leaves in the middle", async (bench) => {
    const producers: ReleasedProducer[] = [];
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200);
        producers.push(new ReleasedProducer(request, 3 * bench.bulkBytes));
        return DONE;
      }],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    const producer = producers[0]!;
    await bench.settle(resting(() => producer.made), "the producer to rest");
    assert(producer.out > 0, "nothing is with the server");
    client.reset();
    await bench.settle(() => producer.out === 0, "the buffers");
    await bench.settle(() => producer.request.over, "the end of the request");
  });

  check("two buffers, control: refilled when ready, they corrupt what is sent", async (bench) => {
    const error = await assertRejects(() => carry(bench, ready, "length"), Error);
    assert(/is not of the pattern/.test(error.message), error.message);
  });
}

/** Carries a body; throws when it does not arrive as it was made. */
async function carry(bench: HardBench, make: Make, framing: Framing): Promise<Producer> {
  const total = totalOf(bench);
  const producers: Producer[] = [];
  await bench.serve({
    handlers: [(request) => {
      request.sendHead(200, framing === "length" ? { "content-length": total } : {});
      producers.push(make(request, total));
      return DONE;
    }],
  });
  const received = createHash("sha256");
  let wrongAt = -1;
  const tap = new BodyTap((bytes) => {
    received.update(bytes);
    if (wrongAt < 0) wrongAt = wrongIn(bytes, tap.bodyBytes - bytes.length);
  });
  const client = bench.connect();
  client.keeps = false;
  client.onBytes = (bytes) => tap.take(bytes);
  client.request("GET", "/");
  const growth = await readSlowly(bench, client, () => tap.isDone || wrongAt >= 0);
  assert(wrongAt < 0, `byte ${wrongAt} is not of the pattern`);
  assertEquals(tap.bodyBytes, total);
  assertEquals(received.digest("hex"), producers[0]!.sha256());
  assertLess(growth, GROWTH_MAX_BYTES, "bytes that the memory grew by");
  return producers[0]!;
}

function totalOf(bench: HardBench): number {
  if (IS_FULL) return FULL_BYTES;
  return bench.timeIsReal ? 2 * bench.bulkBytes : MEMORY_SHORT_BYTES;
}

/** The first position that is wrong, or -1. */
function wrongIn(bytes: Uint8Array, from: number): number {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== patternAt(from + i)) return from + i;
  }
  return -1;
}

/** Reads a little and stalls, until `isDone`. Answers by how much the server's memory grew. */
async function readSlowly(
  bench: HardBench,
  client: RawClient,
  isDone: () => boolean,
): Promise<number> {
  const dice = new Dice();
  const gauge = new MemoryGauge(bench);
  const fastFromMs = IS_FULL && bench.timeIsReal ? performance.now() + SLOW_MS : Infinity;
  const readMax = bench.timeIsReal ? READ_MAX_BYTES : MEMORY_READ_MAX_BYTES;
  while (!isDone()) {
    const mark = client.receivedBytes + 1 + dice.below(readMax);
    const isFast = performance.now() > fastFromMs;
    await bench.settle(() => isDone() || client.receivedBytes >= mark, "bytes of the body");
    gauge.look();
    if (isFast) continue;
    client.stopReading();
    let turns = 0;
    await bench.settle(() => ++turns > STALL_TURNS, "a stall");
    client.goOnReading();
  }
  return gauge.growth();
}

/**
 * How much memory the server needs beside the producer's two buffers: its pool, always; and in the
 * full size the process, from one collection of garbage to another.
 */
class MemoryGauge {
  readonly #bench: HardBench;
  #poolMax = 0;
  readonly #process: number[] = [];

  constructor(bench: HardBench) {
    this.#bench = bench;
  }

  look(): void {
    const { out } = this.#bench.server.pool;
    this.#poolMax = Math.max(this.#poolMax, out * POOL_BUF_BYTES + 2 * PRODUCER_BUF_BYTES);
    if (!IS_FULL) return;
    const { heapUsed, external } = process.memoryUsage();
    this.#process.push(heapUsed + external);
  }

  growth(): number {
    return this.#poolMax;
  }
}

/** A condition for `settle`: true when `value` stays the same for a while. */
function resting(value: () => number): () => boolean {
  let last = NaN;
  let same = 0;
  return () => {
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
    return same > STALL_TURNS;
  };
}
