/**
 * The hard test of fairness: a producer that never waits, a client that reads at full speed, and a
 * second connection that is answered all the while. Without the bound of bytes in a turn it fails.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { Limits } from "../../../core/limits.ts";
import { DONE, OK } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";

const FULL_BYTES = 1 << 30;
const ITEM_BYTES = 64 * 1024;
/** The second connection is answered at least once for so many bytes of the first one. */
const BYTES_FOR_EACH_PROBE = 8 << 20;
const SHORT_BYTES_MIN = 16 << 20;
const P99_MAX_MS = 20;

const item = new Uint8Array(ITEM_BYTES).fill(0x61);

export function checkFairness(check: HardCheck): void {
  const kinds: ReadonlyArray<readonly [string, Make]> = [
    ["a native producer", nativeProducer],
    ["a generator behind fetch", generator],
  ];
  for (const [kind, make] of kinds) {
    check(`fairness: ${kind} that never waits holds nobody up`, async (bench) => {
      const { waits, seconds } = await race(bench, make, {});
      if (!IS_FULL || !bench.timeIsReal) return;
      waits.sort((a, b) => a - b);
      const p99Ms = waits[Math.floor(waits.length * 0.99)]!;
      bench.measured(
        `fairness, ${kind}`,
        `${FULL_BYTES >> 20} MiB in ${seconds.toFixed(1)} s, ${waits.length} probes, ` +
          `p99 ${p99Ms.toFixed(1)} ms, max ${waits.at(-1)!.toFixed(1)} ms`,
      );
      assertLess(p99Ms, P99_MAX_MS);
    });
  }

  check("fairness, control: the test fails without a bound for each turn", async (bench) => {
    const limits = {
      turnBytesMax: Infinity,
      outputBytesReady: Infinity,
      outputBytesMax: Infinity,
    };
    await assertRejects(() => race(bench, nativeProducer, limits), Error, "probes");
  });
}

/** How far a producer is. */
interface Progress {
  made: number;
}

type Make = (total: number, progress: Progress) => Handler;

interface Race {
  /** How long each probe waited for its answer, by the real clock. */
  readonly waits: number[];
  readonly seconds: number;
}

/** Streams to one client and asks for another, until the producer has made everything. */
async function race(bench: HardBench, make: Make, limits: Partial<Limits>): Promise<Race> {
  const total = IS_FULL && bench.timeIsReal
    ? FULL_BYTES
    : Math.max(4 * bench.bulkBytes, SHORT_BYTES_MIN);
  const progress: Progress = { made: 0 };
  const stream = make(total, progress);
  await bench.serve({
    limits,
    handlers: [
      (request) => request.target === "/" ? request.respond(200, {}, "probe") : stream(request),
    ],
  });
  const probe = bench.connect().request("GET", "/");
  await probe.waitAnswers(1);
  const reader = bench.connect();
  reader.keeps = false;
  const startedMs = performance.now();
  reader.request("GET", "/stream");
  const waits: number[] = [];
  while (progress.made < total) {
    const sentMs = performance.now();
    probe.received = "";
    probe.methods.length = 0;
    probe.request("GET", "/");
    await bench.settle(() => probe.answers.length > 0, "the answer to a probe");
    waits.push(performance.now() - sentMs);
  }
  await bench.settle(() => reader.receivedBytes > total, "the rest of the stream");
  const seconds = (performance.now() - startedMs) / 1000;
  const probesMin = Math.floor(total / BYTES_FOR_EACH_PROBE);
  assertGreater(waits.length, probesMin, "probes that were answered during the stream");
  assertEquals(probe.closed, null);
  return { waits, seconds };
}

function nativeProducer(total: number, progress: Progress): Handler {
  return (request) => {
    const hold = request.hold("the stream");
    const more = () => {
      let code: number = OK;
      while (code === OK && progress.made < total) {
        progress.made += ITEM_BYTES;
        code = request.send(item, { last: progress.made >= total });
      }
      if (progress.made < total || !hold.isOpen) return;
      request.finalize();
      hold.release();
    };
    request.sendHead(200);
    request.onWritable = more;
    request.onAbort(() => hold.isOpen && hold.release());
    more();
    return DONE;
  };
}

function generator(total: number, progress: Progress): Handler {
  function* make() {
    for (; progress.made < total; progress.made += ITEM_BYTES) yield item;
  }
  return fetchHandler({
    fetch: () => {
      const items = make();
      return new Response(
        new ReadableStream({
          pull(controller) {
            const { value } = items.next();
            if (value === undefined) controller.close();
            else controller.enqueue(value);
          },
        }),
      );
    },
  });
}
