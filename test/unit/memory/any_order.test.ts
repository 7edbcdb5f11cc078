/**
 * The claim of the in-memory runtime's schedule: runnable tasks do not depend on each other, and
 * any number of bytes may move at a time. Two streams talk under seeded schedules that choose at
 * random, and every promise of the contract must hold.
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { test } from "node:test";
import { type Buf, releaseBuf } from "../../../core/buf.ts";
import { BufPool } from "../../../core/buf_pool.ts";
import { Chain } from "../../../core/chain.ts";
import type { CloseReason, Handle, StreamEvents } from "../../../core/reactor.ts";
import { AGAIN, ERROR } from "../../../core/status.ts";
import {
  type Endpoint,
  MemoryHandle,
  SCRATCH_START,
  type Wire,
} from "../../../runtimes/memory/endpoint.ts";
import { Network } from "../../../runtimes/memory/network.ts";
import { Random } from "../../../runtimes/memory/random.ts";
import { IN_ORDER, type Schedule, TaskQueue } from "../../../runtimes/memory/schedule.ts";
import { ADDRESS } from "./recorder.ts";

const SEEDS = 200;
const BYTES = 5000;

test("streams keep every promise whatever runs next and however little moves", () => {
  const ways = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const way = runWith(seed);
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  for (const way of ["complete", "cut off"]) assertGreater(ways.get(way) ?? 0, SEEDS / 10);
});

test("streams behave the same for the same seed", () => {
  const [one, other]: string[][] = [[], []];
  runWith(40, one);
  runWith(40, other);
  assertEquals(one, other);
  assertGreater(one!.length, 100);
});

/** Two ends send `BYTES` bytes each, and every third run one of them aborts on the way. */
function runWith(seed: number, trace: string[] = []): "complete" | "cut off" {
  const random = new Random(seed);
  const schedule: Schedule = {
    ...IN_ORDER,
    next: (count) => random.word() % count,
    bytes: (_move, most) => random.word() % 3 === 0 ? most : 1 + random.word() % most,
  };
  const tasks = new TaskQueue(schedule);
  const segmentBytes = 1 + random.word() % 1000;
  const wire: Wire = {
    schedule,
    tasks,
    postpone: (task) => tasks.add(task),
    bufferBytes: 1 + random.word() % 2000,
    segmentBytes,
    isWatching: true,
    scratch: new Uint8Array(SCRATCH_START + segmentBytes),
    open: new Set(),
  };
  const network = new Network(wire, { log: () => {} });
  const abortAfter = seed % 3 === 0 ? random.word() % BYTES : Infinity;
  const server = new Talker(random, Infinity, trace);
  const client = new Talker(random, abortAfter, trace);
  network.listen(ADDRESS, server, false);
  network.connect(ADDRESS, client);
  while (tasks.length > 0 || server.isPaused || client.isPaused) {
    const task = tasks.take();
    trace.push(String(task));
    task?.run();
    server.mayReadAgain();
    client.mayReadAgain();
  }
  return verdict(seed, server, client, wire);
}

function verdict(seed: number, server: Talker, client: Talker, wire: Wire): "complete" | "cut off" {
  const seen = `seed ${seed}: ${client.reason} and ${server.reason}`;
  assertEquals([wire.open.size, server.pool.out, client.pool.out], [0, 0, 0], seen);
  if (client.reason === "clean" && server.reason === "clean") {
    assertEquals([server.received, client.received], [BYTES, BYTES], seen);
    return "complete";
  }
  assertEquals([client.reason, server.reason], ["aborted", "reset"], seen);
  return "cut off";
}

/**
 * Sends a running pattern from a pool of two buffers, checks the one that comes, then shuts down.
 */
class Talker implements StreamEvents {
  readonly pool = new BufPool({ bufBytes: 300, keepMax: 2 });
  received = 0;
  reason: CloseReason | null = null;
  isPaused = false;
  readonly #random: Random;
  readonly #abortAfter: number;
  readonly #trace: string[];
  readonly #queue = new Chain();
  #endpoint: Endpoint | null = null;
  #made = 0;
  #isBlocked = false;
  #isShut = false;
  #hasEnded = false;

  constructor(random: Random, abortAfter: number, trace: string[]) {
    this.#random = random;
    this.#abortAfter = abortAfter;
    this.#trace = trace;
  }

  onOpen(handle: Handle): void {
    assert(this.#endpoint === null, "onOpen came twice");
    this.#endpoint = MemoryHandle.endpointOf(handle);
    this.#talk();
  }

  onData(_handle: Handle, bytes: Uint8Array): void {
    assert(this.#endpoint !== null && !this.#hasEnded && this.reason === null && bytes.length > 0);
    for (const byte of bytes) assertEquals(byte, this.received++ % 251);
    this.#trace.push(`${bytes.length} bytes`);
    if (this.received > this.#abortAfter) this.#endpoint.abort();
    else if (this.#random.word() % 4 === 0) {
      this.isPaused = true;
      this.#endpoint.readStop();
    }
  }

  onWritable(): void {
    assert(this.#isBlocked && this.reason === null, "onWritable without AGAIN");
    this.#isBlocked = false;
    this.#talk();
  }

  onRelease(_handle: Handle, buf: Buf): void {
    assert(this.reason === null, "onRelease came after onClose");
    releaseBuf(buf);
    this.#talk();
  }

  onEnd(): void {
    assert(!this.#hasEnded && this.received === BYTES, "onEnd came twice or too early");
    this.#hasEnded = true;
  }

  onClose(_handle: Handle, reason: CloseReason): void {
    assert(this.reason === null, "onClose came twice");
    this.reason = reason;
    this.#queue.drop();
  }

  mayReadAgain(): void {
    if (!this.isPaused || this.#random.word() % 4 !== 0) return;
    this.isPaused = false;
    this.#endpoint!.readStart();
  }

  /** Fills what is free, the moment it is free, and offers it unless the last answer was AGAIN. */
  #talk(): void {
    const endpoint = this.#endpoint;
    if (endpoint === null || endpoint.isDead || this.#isShut) return;
    while (this.pool.out < 2 && this.#made < BYTES) {
      const buf = this.pool.take();
      while (buf.end < buf.bytes.length && this.#made < BYTES) {
        buf.bytes[buf.end++] = this.#made++ % 251;
      }
      this.#queue.append(buf);
    }
    if (this.#isBlocked) return;
    if (!this.#queue.isEmpty) {
      const code = endpoint.send(this.#queue);
      if (code === ERROR) return;
      this.#isBlocked = code === AGAIN;
    }
    if (this.#made === BYTES && this.#queue.isEmpty) {
      this.#isShut = true;
      endpoint.shutdown();
    }
  }
}
