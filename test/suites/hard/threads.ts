/**
 * The hard tests of threads: a thread that makes bytes far quicker than its client takes them,
 * clients and jobs that end in every bad way, and the blocking mode. Streaming by plain messages
 * must fail the first one.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { inThread } from "../../../core/apps/in_thread.ts";
import type { Handler } from "../../../core/handlers.ts";
import { DEFAULT_LIMITS } from "../../../core/limits.ts";
import { AGAIN, DONE } from "../../../core/status.ts";
import type { ThreadsReport } from "../../../core/thread_service.ts";
import type { HardCheck } from "../check_hard.ts";
import type { RawClient } from "../server/bench.ts";
import { BodyTap } from "./body_tap.ts";
import { Dice, type HardBench, IS_FULL } from "./hard_bench.ts";
import { MemoryGauge } from "./memory_gauge.ts";

const JOBS = new URL("../threads/hard_jobs.ts", import.meta.url);
const PIECE_BYTES = 251 * 256;
const FULL_BYTES = 1 << 30;
/** What the memory may grow by meanwhile. */
const GROWTH_MAX_BYTES = DEFAULT_LIMITS.threadWindowBytes + 8_000_000;
/** What the thread may be ahead of its client: kernels take much for one that is quick at last. */
const AHEAD_MAX_BYTES = DEFAULT_LIMITS.threadWindowBytes + 24_000_000;
/** A slow client is slow for so long in the full size, and for so many reads in the short one. */
const SLOW_MS = 10_000;
const SLOW_READS = 40;
const SLOW_BYTES_EACH_MS = 1_000_000 / 1000;
const READ_BYTES = 64 * 1024;
const IDLE_MAX_MS = 100;
const TRIALS_FULL = 200;
const TRIALS_SHORT = 40;
const TRIAL_BYTES = 200_000;
const TRIAL_DEADLINE_MS = 1000;
/** Trials at a time: endless loops among them take their deadline each. */
const OPEN_MAX = 12;
const BLOCK_MS = 1000;
const QUICK_REQUESTS = IS_FULL ? 200 : 50;
const QUICK_MAX_MS = 50;

export function checkHardThreads(check: HardCheck): void {
  checkSlowClient(check);
  checkTrials(check);
  checkBlocking(check);
}

// A slow client.

/** How far a producer is, in bytes. */
interface Progress {
  made: number;
}

type Make = (progress: Progress) => Handler;

function byRing(name: string): Make {
  return (progress) => inThread(JOBS, name, { calls: { made: (bytes) => progress.made = bytes } });
}

/** Plain messages: what came waits here until the client takes it. */
const byMessages: Make = (progress) => (request) => {
  const { reactor } = request.service as unknown as HardBench["server"];
  const count = Number(request.target.slice(request.target.indexOf("?") + 1));
  const hold = request.hold("messages of a thread");
  const queue: Uint8Array[] = [];
  let isBlocked = false;
  const send = () => {
    while (!isBlocked && queue.length > 0) isBlocked = request.send(queue.shift()!) === AGAIN;
  };
  const thread = reactor.threads.start(JOBS.href, {
    onMessage: (bytes) => {
      progress.made += (bytes as Uint8Array).length;
      queue.push(bytes as Uint8Array);
      send();
    },
    onExit: () => hold.isOpen && hold.release(),
  });
  request.onWritable = () => {
    isBlocked = false;
    send();
  };
  request.onTerminated(() => thread.terminate());
  request.sendHead(200, { "content-length": count * PIECE_BYTES });
  thread.post(count);
  return DONE;
};

function checkSlowClient(check: HardCheck): void {
  check("a thread that makes bytes without end waits for a slow client", async (bench) => {
    const { growth, waited } = await carry(bench, byRing(nameOf(bench)));
    if (!IS_FULL || !bench.timeIsReal) return;
    bench.measured(
      "threads, slow client",
      `1 GiB, ${(growth / 1e6).toFixed(2)} MB grown, thread blocked ${
        (waited * 100).toFixed(1)
      } % of the slow phase`,
    );
    assertGreater(waited, 0.95);
  });

  check("a thread whose client vanishes is idle at once", async (bench) => {
    const progress = { made: 0 };
    await bench.serve({ handlers: [byRing(nameOf(bench))(progress)] });
    let worstMs = 0;
    for (let round = 0; round < (IS_FULL ? 20 : 3); round++) {
      const client = bench.connect();
      client.keeps = false;
      client.onBytes = () => client.stopReading();
      client.request("GET", `/make?${countOf(2 * bench.bulkBytes)}`);
      await bench.settle(() => first(bench)?.waits === true, "the thread to wait");
      const fromMs = performance.now();
      client.reset();
      await bench.settle(() => first(bench)?.state === "idle", "the thread to be idle");
      worstMs = Math.max(worstMs, performance.now() - fromMs);
    }
    assertEquals(bench.server.threads.report().started, 1);
    if (!IS_FULL || !bench.timeIsReal) return;
    bench.measured("threads, client vanishes", `idle within ${worstMs.toFixed(1)} ms`);
    assertLess(worstMs, IDLE_MAX_MS);
  });

  check("threads, control: messages without credits run away from a slow client", async (bench) => {
    await assertRejects(() => carry(bench, byMessages), Error, "ahead of its client");
  });
}

/** A thread that is simulated cannot block: there the generator awaits. */
function nameOf(bench: HardBench): string {
  return bench.rig.threadsAreReal === false ? "make" : "makeSync";
}

function first(bench: HardBench): ThreadsReport["threads"][number] | undefined {
  return bench.server.threads.report().threads[0];
}

function countOf(bytes: number): number {
  return Math.ceil(bytes / PIECE_BYTES);
}

interface Carried {
  /** In bytes. */
  readonly growth: number;
  /** For which part of the slow phase the thread was held up. */
  readonly waited: number;
}

/** Carries a body to a slow client; throws when it is not exact, or the thread runs away. */
async function carry(bench: HardBench, make: Make): Promise<Carried> {
  const total = PIECE_BYTES *
    countOf(IS_FULL && bench.timeIsReal ? FULL_BYTES : Math.max(2 * bench.bulkBytes, 24 << 20));
  const progress: Progress = { made: 0 };
  await bench.serve({ handlers: [make(progress)] });
  const client = bench.connect();
  client.keeps = false;
  let wrongAt = -1;
  const tap = new BodyTap((bytes) => {
    const from = tap.bodyBytes - bytes.length;
    for (let i = 0; i < bytes.length && wrongAt < 0; i++) {
      if (bytes[i] !== (from + i) % 251) wrongAt = from + i;
    }
  });
  const aheadMaxBytes = bench.timeIsReal ? AHEAD_MAX_BYTES : GROWTH_MAX_BYTES;
  let ahead = 0;
  /** True exactly when the thread ran away: then there is no use in going on. */
  const look = () => {
    ahead = Math.max(ahead, progress.made - tap.bodyBytes);
    return ahead > aheadMaxBytes;
  };
  client.request("GET", `/make?${total / PIECE_BYTES}`);
  const { growth, waited } = await readSlowly(bench, client, tap, look);
  client.onBytes = (bytes) => tap.take(bytes);
  client.goOnReading();
  // By halves: a column bounds each wait.
  await bench.settle(() => look() || tap.bodyBytes > total / 2, "half of the body");
  await bench.settle(() => look() || tap.isDone, "the rest of the body");
  assertLess(ahead, aheadMaxBytes, "bytes that it is ahead of its client");
  assertEquals([tap.bodyBytes, wrongAt], [total, -1]);
  assertLess(growth, GROWTH_MAX_BYTES, "bytes that the memory grew by");
  return { growth, waited };
}

/**
 * Reads 1 MB/s for a while by the clock, or a little each time that the thread is held up. The
 * naive way has no thread in the pool: nothing holds it up.
 */
async function readSlowly(
  bench: HardBench,
  client: RawClient,
  tap: BodyTap,
  look: () => boolean,
): Promise<Carried> {
  const gauge = new MemoryGauge(bench);
  const isByClock = IS_FULL && bench.timeIsReal;
  const readBytes = bench.timeIsReal ? READ_BYTES : 1024;
  const fromMs = performance.now();
  let left = 0;
  let heldMs = 0;
  let lastMs = fromMs;
  client.onBytes = (bytes) => {
    tap.take(bytes);
    left -= bytes.length;
    if (left <= 0) client.stopReading();
  };
  const watch = () => {
    const nowMs = performance.now();
    if (first(bench)?.waits === true) heldMs += nowMs - lastMs;
    lastMs = nowMs;
    return nowMs;
  };
  const isSlow = (read: number) => isByClock ? watch() < fromMs + SLOW_MS : read < SLOW_READS;
  for (let read = 0; isSlow(read) && !look(); read++) {
    if (read % 20 === 0) gauge.weigh();
    left = readBytes;
    client.goOnReading();
    await bench.settle(() => watch() > 0 && left <= 0, "bytes of the body");
    gauge.look();
    const untilMs = fromMs + tap.bodyBytes / SLOW_BYTES_EACH_MS;
    const isHeld = () => isByClock ? watch() > untilMs : first(bench)?.waits ?? true;
    await bench.settle(() => look() || isHeld(), "the thread to be held up");
  }
  gauge.weigh();
  return { growth: gauge.growth, waited: heldMs / (lastMs - fromMs) };
}

// Every bad end.

const GOOD = ["ok", "ok", "ok", "ok", "ok", "ok"] as const;
const FATES = [...GOOD, "vanish", "vanish", "half close", "throw", "exit", "exit", "loop"] as const;
type Fate = typeof FATES[number];

/** One request, and what its client sees. */
class Trial {
  readonly fate: Fate;
  readonly client: RawClient;
  readonly tap: BodyTap;
  fault = "";

  constructor(bench: HardBench, fate: Fate) {
    this.fate = fate;
    this.client = bench.connect();
    this.client.keeps = false;
    this.tap = new BodyTap((bytes) => this.#check(bytes));
    this.client.onBytes = (bytes) => this.#take(bytes);
    this.client.request("GET", `/trial?${fate.replace(" ", "-")}`);
    if (fate === "half close") this.client.fin();
  }

  get isOver(): boolean {
    return this.tap.isDone || this.client.closed !== null || this.client.ended;
  }

  #take(bytes: Uint8Array): void {
    try {
      this.tap.take(bytes);
    } catch (error) {
      this.fault ||= String(error);
    }
    if (this.fate === "vanish" && this.tap.bodyBytes > 0) this.client.reset();
  }

  #check(bytes: Uint8Array): void {
    const from = this.tap.bodyBytes - bytes.length;
    const i = bytes.findIndex((byte, at) => byte !== (from + at) % 251);
    if (i >= 0) this.fault ||= `byte ${from + i} is wrong`;
  }

  /** What is not as it must be; empty when all is well. */
  get faults(): string {
    const { tap, fate } = this;
    const isWhole = tap.isDone && tap.bodyBytes === TRIAL_BYTES;
    const isRefused = / 50[03] /.test(tap.head.slice(0, 14));
    if (this.fault !== "") return `${fate}: ${this.fault}`;
    if (fate === "ok") return isWhole ? "" : `ok: ${tap.bodyBytes} bytes of ${tap.head}`;
    if (fate === "vanish" || fate === "half close") return "";
    return tap.isDone && !isRefused ? `${fate}: ends as if it were whole` : "";
  }
}

function checkTrials(check: HardCheck): void {
  check("jobs that end in every bad way hurt nobody else", async (bench) => {
    const isReal = bench.rig.threadsAreReal !== false;
    const loops = isReal && bench.rig.threadLoopsEnd !== false;
    const fates = FATES.filter((fate) => fate === "exit" ? isReal : fate !== "loop" || loops);
    const count = IS_FULL ? TRIALS_FULL : TRIALS_SHORT;
    const dice = new Dice();
    await bench.serve({
      handlers: [inThread(JOBS, "trial", { deadlineMs: TRIAL_DEADLINE_MS })],
      limits: { threadsMax: 2, threadQueueMax: count },
      clocks: { threadLeaveMs: 500 },
    });
    const trials: Trial[] = [];
    for (let i = 0; i < count; i++) {
      trials.push(new Trial(bench, dice.of(fates)));
      const open = () => trials.filter((trial) => !trial.isOver).length;
      await bench.settle(() => open() < OPEN_MAX, "some to end");
    }
    // One by one: a column bounds each wait.
    for (const trial of trials) await bench.settle(() => trial.isOver, `the end of ${trial.fate}`);
    const faults = trials.map((trial) => trial.faults).filter((fault) => fault !== "");
    assertEquals(faults, [], `seed ${dice.seed}`);
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the last request");
    const states = () => bench.server.threads.report().threads.map((thread) => thread.state);
    await bench.settle(() => states().every((state) => state === "idle"), "idle threads");
    const { queued, lost, jobs } = bench.server.threads.report();
    assertEquals(queued, 0);
    assert(jobs <= count, "a job was begun twice");
    const killers = trials.filter(({ fate }) => fate === "exit" || fate === "loop").length;
    assertEquals(lost, killers, "threads that were lost");
    bench.measured("threads, bad ends", `${count} jobs, ${lost} threads lost and replaced`);
  });
}

// The blocking mode.

function checkBlocking(check: HardCheck): void {
  for (const buffered of [true, false]) {
    const name = buffered
      ? "a client that takes nothing of a whole result delays no other"
      : "threads, control: a client that takes nothing of a stream delays the next";
    check(name, async (bench) => {
      await bench.serve({ handlers: [inThread(JOBS, "make", { buffered })] });
      const slow = bench.connect();
      slow.keeps = false;
      slow.onBytes = () => slow.stopReading();
      slow.request("GET", `/make?${countOf(2 * bench.bulkBytes)}`);
      await bench.settle(() => slow.receivedBytes > 0, "the first bytes");
      const next = bench.connect().request("GET", "/make?1");
      if (buffered) {
        const [answer] = await next.waitAnswers(1);
        assertEquals(answer!.body.length, PIECE_BYTES);
        assertLess(slow.receivedBytes, bench.bulkBytes);
      } else {
        await bench.settle(() => bench.server.threads.report().queued === 1, "the next to wait");
        await bench.rest();
        assertEquals([bench.server.threads.report().queued, next.receivedBytes], [1, 0]);
      }
      slow.reset();
      next.reset();
      await bench.settle(() => bench.server.inspect().requests.length === 0, "the last request");
    });
  }

  check("a handler that blocks its thread holds up no quick request", async (bench) => {
    const blocking = inThread(JOBS, "block", { buffered: true });
    await bench.serve({
      handlers: [(request) => request.target === "/" ? request.respond(200) : blocking(request)],
    });
    const slow = bench.connect().request("GET", `/block?${BLOCK_MS}`);
    await bench.settle(() => first(bench)?.state === "running", "the job");
    const client = bench.connect();
    let worstMs = 0;
    for (let i = 0; i < QUICK_REQUESTS; i++) {
      const fromMs = performance.now();
      client.received = "";
      client.methods.length = 0;
      await client.request("GET", "/").waitAnswers(1);
      worstMs = Math.max(worstMs, performance.now() - fromMs);
    }
    assertEquals(slow.receivedBytes, 0, "bytes that came before the quick ones were through");
    assertEquals((await slow.waitAnswers(1))[0]!.body, "blocked");
    if (!IS_FULL) return;
    bench.measured(
      "threads, blocking handler",
      `slowest of ${QUICK_REQUESTS} others ${worstMs.toFixed(1)} ms`,
    );
    assertLess(worstMs, QUICK_MAX_MS);
  });
}
