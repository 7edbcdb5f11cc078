/**
 * Bodies that are kept and decoded while everything goes wrong, by seed: the disk, the network, the
 * order of events. Answers are exact or an honest error, and no file, request or buffer is left.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import { defineServer } from "../../../core/definition.ts";
import {
  type MemoryFaults,
  type MemoryReactor,
  memoryServer,
} from "../../../runtimes/memory_server.ts";
import { Random } from "../../../runtimes/memory/random.ts";

const SEEDS = 60;
const CLIENTS = 6;
/** More opportunities than one run has for any fault. */
const N_MAX = 2000;
const SIZES = [0, 1, 99, 100, 101, 4096, 20_000];
const ALL: MemoryFaults = {
  partialRead: 0.5,
  partialWrite: 0.3,
  again: 0.1,
  reorder: 0.5,
  lateFile: 0.3,
  noDirectory: 0.1,
  diskFull: 0.05,
  reset: 0.01,
  halfClose: 0.01,
  lateMsMax: 200,
};

describe("kept bodies under faults", () => {
  for (const requestBody of ["stream", "buffer"] as const) {
    test(`${SEEDS} seeds leave nothing, and answer exactly (${requestBody})`, async () => {
      const statuses = new Map<string, number>();
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { outcomes } = await run(seed, requestBody, ALL);
        for (const status of outcomes) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }
      // The run is blind where nothing of this happens.
      for (const status of ["200", "500", "gone"]) assert(statuses.has(status), status);
    });

    for (const fault of ["noDirectory", "diskFull", "badRead", "lateFile"] as const) {
      test(`the n-th ${fault} leaves nothing, for each n (${requestBody})`, async () => {
        let n = 1;
        for (; n < N_MAX; n++) {
          const { counts } = await run(7, requestBody, { [fault]: { at: n } });
          if (counts[fault].happened === 0) break;
        }
        assert(n > 1 && n < N_MAX, `${n - 1} times`);
      });
    }
  }
});

async function echo(request: HttpRequest) {
  const kept = await request.body.buffered();
  return request.respond(200, {}, await kept.bytes());
}

interface Run {
  readonly outcomes: readonly string[];
  readonly counts: MemoryReactor["faultCounts"];
}

async function run(
  seed: number,
  requestBody: "stream" | "buffer",
  faults: MemoryFaults,
): Promise<Run> {
  const random = new Random(seed);
  const world = memoryServer(defineServer({ handlers: [echo] }), {
    seed,
    faults,
    requestBody,
    requestCodings: ["gzip"],
    limits: { clientBodyBufferBytes: 100, inputBytesMax: 1000 },
  });
  const outcomes: string[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = world.connect();
    const body = "0123456789".repeat(2000).slice(0, SIZES[random.word() % SIZES.length]);
    const isCoded = random.word() % 2 === 0;
    const bytes = isCoded ? gzipSync(body) : new TextEncoder().encode(body);
    const coding = isCoded ? "Content-Encoding: gzip\r\n" : "";
    const length = `Content-Length: ${bytes.length}\r\n`;
    client.write(`POST / HTTP/1.1\r\nHost: t\r\n${coding}${length}\r\n`);
    const leaves = random.word() % 4 === 0;
    client.write(leaves ? bytes.subarray(0, bytes.length >> 1) : bytes);
    if (leaves) {
      await world.settle();
      client.disconnect(random.word() % 2 === 0 ? "reset" : undefined);
    }
    const answer = await client.answer().catch(() => null);
    if (answer?.status === 200) assertEquals(answer.text, body, `seed ${seed}, client ${i}`);
    outcomes.push(answer === null ? "gone" : String(answer.status));
  }
  await world.close();
  await world.until(() => world.reactor.files.openFiles.length === 0);
  assertEquals(world.reactor.pending().files, [], `seed ${seed}`);
  return { outcomes, counts: world.reactor.faultCounts };
}
