/**
 * The hard test of ownership: megabytes out of two buffers, to a client that reads a little and
 * stalls, with every byte right. Who refills a buffer that is ready and not released must fail it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import type { HeaderFields } from "../../../core/http/response_head.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import type { RawClient } from "../server/bench.ts";
import { BodyTap } from "./body_tap.ts";
import { Decoding } from "./decoding.ts";
import { Dice, type HardBench, IS_FULL } from "./hard_bench.ts";
import { MemoryGauge } from "./memory_gauge.ts";
import {
  AcceptedProducer,
  ENCODED_BUF_BYTES,
  patternAt,
  type Producer,
  ReadyProducer,
  ReleasedProducer,
} from "./producers.ts";

const FULL_BYTES = 64 << 20;
/** In memory every kilobyte is an event of its own. */
const MEMORY_SHORT_BYTES = 8 << 20;
const STALL_TURNS = 12;
/** In the full size the client is slow by the clock. */
const STALL_MS = 10;
const READ_MAX_BYTES = 64 * 1024;
const MEMORY_READ_MAX_BYTES = 1024;
/** A slow client is slow for so long, and then goes on at full speed. */
const SLOW_MS = 10_000;
/** Reads between two looks at the heap. */
const WEIGH_EVERY = 100;
const SUSPENSIONS_MIN = 100;
const GROWTH_MAX_BYTES = 2_000_000;

type Make = (request: HttpRequest, total: number, bufBytes?: number) => Producer;
type Framing = "length" | "chunked" | "gzip";

const FRAMINGS = ["length", "chunked", "gzip"] as const;
const NAMES = { length: "of known length", chunked: "in chunks", gzip: "through gzip" };

export function checkTwoBuffers(check: HardCheck): void {
  const released: Make = (...args) => new ReleasedProducer(...args);
  const ready: Make = (request, total) => new ReadyProducer(request, total);
  const accepted: Make = (...args) => new AcceptedProducer(...args);

  for (const framing of FRAMINGS) {
    const name = NAMES[framing];
    check(`two buffers carry a body ${name} to a client that stalls`, async (bench) => {
      const startedMs = performance.now();
      const { producer, growth } = await carry(bench, released, framing);
      assertGreater(producer.suspensions, SUSPENSIONS_MIN);
      const seconds = (performance.now() - startedMs) / 1000;
      bench.measured(
        `two buffers, ${framing}`,
        `${producer.made >> 20} MiB, ${producer.suspensions} suspensions, ` +
          `${(growth / 1e6).toFixed(2)} MB grown, ${seconds.toFixed(1)} s`,
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

  for (const framing of ["length", "chunked"] as const) {
    const name = `two buffers, control: refilled when ready, they corrupt a body ${NAMES[framing]}`;
    check(name, (bench) => corrupt(bench, ready, framing));
  }
  // An encoder is ready when it has read its input: there the first of the four moments is wrong.
  for (const framing of FRAMINGS) {
    const name = `two buffers, control: refilled when accepted, one corrupts a body ${
      NAMES[framing]
    }`;
    check(name, (bench) => corrupt(bench, accepted, framing));
  }
}

async function corrupt(bench: HardBench, make: Make, framing: Framing): Promise<void> {
  const error = await assertRejects(() => carry(bench, make, framing), Error);
  assert(/is not of the pattern/.test(error.message), error.message);
}

interface Carried {
  readonly producer: Producer;
  /** In bytes. */
  readonly growth: number;
}

/** Carries a body; throws when it does not arrive as it was made. */
async function carry(bench: HardBench, make: Make, framing: Framing): Promise<Carried> {
  const total = totalOf(bench, framing);
  const producers: Producer[] = [];
  await bench.serve({
    compression: { levels: { gzip: 1 } },
    handlers: [(request) => {
      request.sendHead(200, fieldsOf(framing, total));
      producers.push(make(request, total, framing === "gzip" ? ENCODED_BUF_BYTES : undefined));
      return DONE;
    }],
  });
  const received = createHash("sha256");
  let wrongAt = -1;
  let bodyBytes = 0;
  const sink = (bytes: Uint8Array) => {
    received.update(bytes);
    if (wrongAt < 0) wrongAt = wrongIn(bytes, bodyBytes);
    bodyBytes += bytes.length;
  };
  const tap = framing === "gzip" ? new Decoding(bench, sink) : new BodyTap(sink);
  const client = bench.connect();
  client.keeps = false;
  client.request("GET", "/", ...framing === "gzip" ? ["Accept-Encoding: gzip"] : []);
  const growth = await readSlowly(bench, client, tap, () => tap.isDone || wrongAt >= 0);
  assert(wrongAt < 0, `byte ${wrongAt} is not of the pattern`);
  assertEquals(bodyBytes, total);
  assertEquals(received.digest("hex"), producers[0]!.sha256());
  assertLess(growth, GROWTH_MAX_BYTES, "bytes that the memory grew by");
  return { producer: producers[0]!, growth };
}

function fieldsOf(framing: Framing, total: number): HeaderFields {
  if (framing === "length") return { "content-length": total };
  return framing === "gzip" ? { "content-type": "text/plain" } : {};
}

function totalOf(bench: HardBench, framing: Framing): number {
  if (IS_FULL) return FULL_BYTES;
  if (bench.timeIsReal) return 2 * bench.bulkBytes;
  // The pattern becomes a third of itself.
  return framing === "gzip" ? 3 * MEMORY_SHORT_BYTES : MEMORY_SHORT_BYTES;
}

/** The first position that is wrong, or -1. */
function wrongIn(bytes: Uint8Array, from: number): number {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== patternAt(from + i)) return from + i;
  }
  return -1;
}

/** Reads a little and stalls, until `isDone`. Answers by how much the memory grew meanwhile. */
async function readSlowly(
  bench: HardBench,
  client: RawClient,
  tap: { take(bytes: Uint8Array): void },
  isDone: () => boolean,
): Promise<number> {
  const dice = new Dice();
  const gauge = new MemoryGauge(bench);
  const isByClock = IS_FULL && bench.timeIsReal;
  const fastFromMs = isByClock ? performance.now() + SLOW_MS : Infinity;
  const readMax = bench.timeIsReal ? READ_MAX_BYTES : MEMORY_READ_MAX_BYTES;
  let left = 0;
  client.onBytes = (bytes) => {
    tap.take(bytes);
    left -= bytes.length;
    if (left <= 0) client.stopReading();
  };
  for (let round = 0; !isDone(); round++) {
    if (round % WEIGH_EVERY === 0) gauge.weigh();
    const nowMs = performance.now();
    left = nowMs > fastFromMs ? Infinity : 1 + dice.below(readMax);
    client.goOnReading();
    await bench.settle(() => isDone() || left <= 0, "bytes of the body");
    gauge.look();
    let turns = 0;
    const isLong = () => !isByClock || performance.now() > nowMs + STALL_MS;
    await bench.settle(() => ++turns > STALL_TURNS && isLong(), "a stall");
  }
  gauge.weigh();
  return gauge.growth;
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
