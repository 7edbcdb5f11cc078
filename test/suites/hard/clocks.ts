/**
 * The hard test of the clocks, in memory, where time can be measured: each of them runs out at its
 * time, to the wheel's grain; a reader that takes a byte or two just in time lives; one that takes
 * nothing does not. Each has a control: a clock that sweeps, one that sees no progress, one that
 * sees some where there is none.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import type { Handler } from "../../../core/handlers.ts";
import type { Clocks } from "../../../core/limits.ts";
import { Server } from "../../../core/server.ts";
import { DONE } from "../../../core/status.ts";
import { TIMER_GRAIN_MS } from "../../../core/timers.ts";
import {
  type MemoryClient,
  MemoryReactor,
  type MemoryReactorOptions,
} from "../../../runtimes/memory.ts";
import { sendWithoutEnd } from "../send_without_end.ts";
import { IS_FULL } from "./hard_bench.ts";

/** Where in the wheel's grain a clock begins. */
const OFFSETS_MS = [0, 1, 37, 50, 99, 100, 163];
const TIMEOUT_MS = 1000;
const SEND_TIMEOUT_MS = 60_000;
const SWEEP_MS = 5000;
const ADDRESS = { transport: "tcp", host: "127.0.0.1", port: 80 } as const;
const HEAD = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
const UPLOAD = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n";

/** A server in memory under the clocks of one trial. */
class World {
  readonly reactor: MemoryReactor;
  readonly server: Server;
  readonly client: MemoryClient;

  constructor(reactor: MemoryReactor, handler: Handler, clocks: Partial<Clocks>) {
    this.reactor = reactor;
    this.server = new Server(reactor, { handlers: [handler], clocks: { ...NEVER, ...clocks } });
    void this.server.listen(ADDRESS);
    this.client = reactor.client(ADDRESS);
  }

  /** Sends `text` after `offsetMs`; answers when it had come. */
  readonly sendAfter = async (offsetMs: number, text: string): Promise<number> => {
    await this.reactor.elapse(offsetMs);
    this.client.write(text);
    await this.reactor.settle();
    return this.reactor.now();
  };
  /** Waits until the client is told something; answers when that was. */
  readonly waitMs = async (what: () => boolean, withinMs = 20 * TIMEOUT_MS): Promise<number> => {
    await this.reactor.runUntil(what, { withinMs });
    return this.reactor.now();
  };
  readonly isAnswered = () => this.client.text.includes("\r\n\r\n");
  readonly isEnded = () => this.client.hasEnded || this.client.closed !== null;
}

/** One clock alone: what else runs out would hide it. */
const NEVER: Partial<Clocks> = {
  headerTimeoutMs: Infinity,
  bodyTimeoutMs: Infinity,
  bodyBytesPerSecondMin: 0,
  sendTimeoutMs: Infinity,
  sendBytesPerSecondMin: 0,
  keepAliveTimeoutMs: Infinity,
  handlerTimeoutMs: Infinity,
};

/** A timer that is looked at now and then, as in servers that sweep through their connections. */
class SweepingReactor extends MemoryReactor {
  override wakeAt(deadlineMs: number): void {
    super.wakeAt(Math.ceil(deadlineMs / SWEEP_MS) * SWEEP_MS);
  }
}

const answers: Handler = (request) => request.respond(200, {}, "ok");

const waits: Handler = (request) => {
  const hold = request.hold("the test");
  request.onAbort(() => hold.release());
  return DONE;
};

const reads: Handler = async (request) => request.respond(200, {}, await request.body.bytes());

const streams: Handler = (request) => sendWithoutEnd(request);

/** One clock: brings it to run out, and answers when it began and when it ended something. */
interface Trial {
  readonly name: string;
  readonly clocks: Partial<Clocks>;
  readonly handler: Handler;
  /** Waits before it starts the clock for `offsetMs`. */
  run(world: World, offsetMs: number): Promise<readonly [fromMs: number, endedMs: number]>;
}

const TRIALS: readonly Trial[] = [
  {
    name: "header, from the first byte of a later request",
    clocks: { headerTimeoutMs: TIMEOUT_MS },
    handler: answers,
    async run({ client, reactor, sendAfter, waitMs, isAnswered }, offsetMs) {
      client.write(HEAD);
      await reactor.runUntil(isAnswered);
      client.take();
      return [await sendAfter(offsetMs, "GET"), await waitMs(isAnswered)];
    },
  },
  {
    name: "body, from its last progress",
    clocks: { bodyTimeoutMs: TIMEOUT_MS },
    handler: reads,
    async run({ client, sendAfter, waitMs, isAnswered }, offsetMs) {
      client.write(UPLOAD);
      let fromMs = 0;
      for (let i = 0; i < 5; i++) fromMs = await sendAfter(offsetMs, "x");
      return [fromMs, await waitMs(isAnswered)];
    },
  },
  {
    name: "rate of a body, from its first wait",
    clocks: { bodyRateWindowMs: TIMEOUT_MS, bodyBytesPerSecondMin: 100 },
    handler: reads,
    async run({ client, reactor, sendAfter, waitMs, isAnswered }, offsetMs) {
      const fromMs = await sendAfter(offsetMs, UPLOAD);
      for (let i = 1; i < 20; i++) reactor.after(i * 90, () => void client.write("x"));
      return [fromMs, await waitMs(isAnswered)];
    },
  },
  {
    name: "handler, from the head",
    clocks: { handlerTimeoutMs: TIMEOUT_MS },
    handler: waits,
    async run({ sendAfter, waitMs, isAnswered }, offsetMs) {
      return [await sendAfter(offsetMs, HEAD), await waitMs(isAnswered)];
    },
  },
  {
    name: "keep-alive, from the answer",
    clocks: { keepAliveTimeoutMs: TIMEOUT_MS },
    handler: answers,
    async run({ sendAfter, waitMs, isEnded }, offsetMs) {
      return [await sendAfter(offsetMs, HEAD), await waitMs(isEnded)];
    },
  },
  {
    name: "send, of one that takes nothing",
    clocks: { sendTimeoutMs: SEND_TIMEOUT_MS },
    handler: streams,
    async run({ client, server, sendAfter, waitMs }, offsetMs) {
      client.pauseReading();
      const fromMs = await sendAfter(offsetMs, HEAD) + SEND_TIMEOUT_MS - TIMEOUT_MS;
      const isOver = () => server.inspect().connections === 0;
      return [fromMs, await waitMs(isOver, 2 * SEND_TIMEOUT_MS)];
    },
  },
];

const SEND_RATE: Trial = {
  name: "rate of output, of one that takes nothing",
  clocks: { sendRateWindowMs: TIMEOUT_MS, sendBytesPerSecondMin: 100 },
  handler: streams,
  async run({ client, server, sendAfter, waitMs }, offsetMs) {
    client.pauseReading();
    const fromMs = await sendAfter(offsetMs, HEAD);
    return [fromMs, await waitMs(() => server.inspect().connections === 0)];
  },
};

type MakeReactor = (options?: MemoryReactorOptions) => MemoryReactor;
const make: MakeReactor = (options) => new MemoryReactor(options);

/** Rejects when the clock of `trial` runs out before its time, or a grain after it. */
async function assertExact(trial: Trial, makeReactor: MakeReactor): Promise<void> {
  for (const offsetMs of OFFSETS_MS) {
    const world = new World(makeReactor(), trial.handler, trial.clocks);
    await world.reactor.settle();
    const [fromMs, endedMs] = await trial.run(world, offsetMs);
    const lateMs = endedMs - fromMs - TIMEOUT_MS;
    assertGreaterOrEqual(lateMs, 0, `${offsetMs}: too early`);
    // What the network itself takes is seen a tick later.
    const graceMs = trial.handler === streams ? 1 : 0;
    assertLess(lateMs, TIMER_GRAIN_MS + graceMs, `${offsetMs}: too late`);
  }
}

/** How the send clock sees progress: as it is, never, or always. */
type Eyes = "open" | "blind" | "dreaming";

function giveEyes(server: Server, eyes: Eyes): void {
  if (eyes === "open") return;
  for (const { clocks, output } of server.connections) {
    output.takeProgress = () => eyes === "dreaming";
    // Counts from the first wait on.
    if (eyes === "blind") clocks.outputWaits = () => {};
  }
}

/** Three of those waits fit into it, and half of one. */
const RATE_WINDOW_MS = 3.5 * SEND_TIMEOUT_MS;

/** A client takes a byte or two 10 ms before its time is over, `times` times, and must live. */
async function assertLives(eyes: Eyes, times: number, perSecondMin = 0): Promise<void> {
  // With larger buffers between both a byte that is taken makes no room for another yet.
  const reactor = make({ bufferBytes: 1, segmentBytes: 1 });
  const { client, server } = new World(reactor, streams, {
    sendTimeoutMs: SEND_TIMEOUT_MS,
    sendBytesPerSecondMin: perSecondMin,
    sendRateWindowMs: RATE_WINDOW_MS,
  });
  client.write(HEAD);
  client.pauseReading();
  await reactor.settle();
  giveEyes(server, eyes);
  let taken = client.bytes.length;
  for (let i = 1; i <= times; i++) {
    await reactor.elapse(SEND_TIMEOUT_MS - 10);
    assertEquals(server.inspect().connections, 1, `it was given up in wait ${i}`);
    client.resumeReading();
    await reactor.runUntil(() => client.bytes.length > taken);
    client.pauseReading();
    // One that is on its way up comes still.
    await reactor.settle();
    assertLess(client.bytes.length, taken + 3, "it takes a byte or two at a time");
    taken = client.bytes.length;
  }
}

/** A client that takes nothing at all is given up within the grain, or this rejects. */
async function assertDies(eyes: Eyes): Promise<void> {
  const reactor = make({ bufferBytes: 1000 });
  const { client, server } = new World(reactor, streams, { sendTimeoutMs: SEND_TIMEOUT_MS });
  await reactor.runUntil(() => client.isOpen);
  client.pauseReading();
  client.write(HEAD);
  await reactor.settle();
  giveEyes(server, eyes);
  await reactor.elapse(SEND_TIMEOUT_MS - 1);
  assertEquals(server.inspect().connections, 1, "it was given up too early");
  // The network takes some bytes by itself, which is seen a tick later.
  await reactor.elapse(1 + 2 * TIMER_GRAIN_MS);
  assertEquals(server.inspect().connections, 0, "it lives although it takes nothing");
}

export function checkHardClocks(): void {
  describe("hard: clocks (memory)", () => {
    for (const trial of [...TRIALS, SEND_RATE]) {
      test(`clocks: ${trial.name}: exact to the wheel's grain`, () => assertExact(trial, make));

      test(`clocks: ${trial.name}, control: one that sweeps is found out`, async () => {
        const sweeps: MakeReactor = (options) => new SweepingReactor(options);
        await assertRejects(() => assertExact(trial, sweeps), Error, "too late");
      });
    }

    test("clocks: header, from accept: exact, and silent", async () => {
      const world = new World(make(), answers, { headerTimeoutMs: TIMEOUT_MS });
      await world.waitMs(() => world.client.isOpen);
      assertEquals(await world.waitMs(world.isEnded), TIMEOUT_MS);
      assertEquals(world.client.bytes.length, 0);
    });

    checkSlowReaders();
    checkCutOff();
  });
}

function checkSlowReaders(): void {
  const times = IS_FULL ? 1000 : 50;

  test("clocks: a reader of a byte or two in its time less 10 ms lives", () =>
    assertLives("open", times));

  test("clocks: a reader, control: a clock without eyes for progress is found out", async () => {
    await assertRejects(() => assertLives("blind", times), Error, "given up");
  });

  test("clocks: a reader of a byte or two in its time is too slow for a rate", async () => {
    // In the fourth wait it has taken six of 21 bytes that it should.
    await assertLives("open", 3, 0.1);
    await assertRejects(() => assertLives("open", 4, 0.1), Error, "given up in wait 4");
  });

  test("clocks: a reader of a byte or two in its time keeps up with a lesser rate", () =>
    assertLives("open", times, 0.01));

  test("clocks: a reader of nothing dies within the wheel's grain", () => assertDies("open"));

  test("clocks: a reader, control: a clock that sees what is not there is found out", async () => {
    await assertRejects(() => assertDies("dreaming"), Error, "it lives");
  });
}

function checkCutOff(): void {
  test("clocks: once a head is out, the end is a reset and never a clean end", async () => {
    const streamsAndReads: Handler = (request) => {
      const hold = request.hold("the test");
      request.onTerminated(() => hold.release());
      request.sendHead(200);
      request.send("part", { flush: true });
      request.body.bytes().catch(() => {});
      return DONE;
    };
    const clocks = { bodyTimeoutMs: TIMEOUT_MS, handlerTimeoutMs: TIMEOUT_MS / 2 };
    const { client, waitMs } = new World(make(), streamsAndReads, clocks);
    client.write(UPLOAD);
    assertGreaterOrEqual(await waitMs(() => client.closed !== null), TIMEOUT_MS);
    assertEquals([client.closed, client.hasEnded], ["reset", false]);
    assert(!client.text.endsWith("0\r\n\r\n"), "the answer looks whole");
  });
}
