/** Threads in memory: under each fault at each opportunity, and the same run for the same seed. */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { test } from "node:test";
import { inThread } from "../../../core/apps/in_thread.ts";
import { Server } from "../../../core/server.ts";
import type { ThreadOutput, ThreadRequest, ThreadSide } from "../../../core/mod.ts";
import {
  createMemoryReactor,
  type MemoryClient,
  type MemoryFaults,
} from "../../../runtimes/memory.ts";

const MODULE = "memory:jobs";
const ADDRESS = { transport: "tcp", host: "127.0.0.1", port: 80 } as const;
const LINES = 400;

const jobs = {
  *lines(_request: ThreadRequest, out: ThreadOutput, thread: ThreadSide) {
    out.head(200, { "content-type": "text/plain" });
    for (let i = 0; i < LINES; i++) {
      if (i % 100 === 0) thread.callFromThread("told", i);
      yield `${i} `.repeat(100);
    }
  },
  answerNothing() {},
};
const BODY_BYTES = Array.from({ length: LINES }, (_, i) => `${i} `.length * 100)
  .reduce((sum, size) => sum + size);

interface Outcome {
  readonly events: readonly string[];
  readonly statuses: readonly string[];
  readonly wholes: number;
  readonly lost: number;
}

/** Three requests in a row under faults; at the end nothing is left. */
async function run(faults: MemoryFaults, seed = 1): Promise<Outcome> {
  const events: string[] = [];
  const reactor = createMemoryReactor({
    seed,
    faults,
    threadModules: { [MODULE]: jobs },
    onFault: ({ name, subject }) => events.push(`${reactor.now()} ${name} ${subject}`),
  });
  const server = new Server(reactor, {
    handlers: [inThread(MODULE, "lines", {
      calls: { told: (i: number) => events.push(`${reactor.now()} told ${i}`) },
    })],
    clocks: { threadDeadlineMs: 8_000 },
  });
  await server.listen(ADDRESS);
  const clients = [1, 2, 3].map(() => {
    const client = reactor.client(ADDRESS);
    return client.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  });
  const within = { withinMs: 60_000 };
  const isOver = (client: MemoryClient) => client.hasEnded || client.closed !== null;
  await reactor.runUntil(() => clients.every(isOver), within);
  for (const client of clients) client.close();
  const { lost } = server.threads.report();
  await reactor.waitFor(server.close(), within);
  assertEquals(reactor.pending().open, []);
  assertEquals(server.inspect().requests, []);
  assertEquals(server.inspect().buffersOut, 0);
  const texts = clients.map((client) => new TextDecoder().decode(client.bytes));
  return {
    events,
    statuses: texts.map((text) => text.slice(9, 12)),
    wholes:
      texts.filter((text) => text.endsWith("\r\n0\r\n\r\n") && text.length > BODY_BYTES).length,
    lost,
  };
}

test("without faults every request has its whole answer from one thread", async () => {
  const { statuses, wholes, lost, events } = await run({});
  assertEquals({ statuses, wholes, lost }, { statuses: ["200", "200", "200"], wholes: 3, lost: 0 });
  assertEquals(events.length, 12);
});

test("a thread that dies at any moment costs one request, and is replaced", async () => {
  let moments = 0;
  for (let at = 1;; at++) {
    const { wholes, lost, statuses, events } = await run({ deadThread: { at } });
    if (!events.some((event) => event.includes("deadThread"))) break;
    moments++;
    assertEquals(lost, 1);
    assert(wholes >= 2, `at ${at}: ${wholes} whole answers of ${statuses}`);
    const others = statuses.filter((status) => status !== "200");
    assert(others.length <= 1 && (others[0] ?? "500") === "500", `at ${at}: ${statuses}`);
  }
  assertGreater(moments, 10);
});

test("a thread that does not start costs one request, and another is started", async () => {
  const { statuses, wholes, lost } = await run({ noThread: { at: 1 } });
  assertEquals({ statuses, wholes, lost }, { statuses: ["500", "200", "200"], wholes: 2, lost: 1 });
});

test("late threads and late answers change nothing but the time", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { wholes, lost } = await run({ lateThread: 0.5, lateAnswer: 0.5, lateMsMax: 500 }, seed);
    assertEquals([wholes, lost], [3, 0]);
  }
});

test("the same seed gives the same run", async () => {
  const faults = {
    lateThread: 0.5,
    lateAnswer: 0.3,
    deadThread: 0.02,
    reorder: 0.3,
    partialWrite: 0.3,
    again: 0.2,
  };
  for (let seed = 1; seed <= 5; seed++) {
    const first = await run(faults, seed);
    assertEquals(await run(faults, seed), first);
    assertGreater(first.events.length, 3);
  }
});

test("a job without an answer is a whole, empty one", async () => {
  const reactor = createMemoryReactor({ threadModules: { [MODULE]: jobs } });
  const server = new Server(reactor, { handlers: [inThread(MODULE, "answerNothing")] });
  await server.listen(ADDRESS);
  const client = reactor.client(ADDRESS).write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  await reactor.runUntil(() => client.text.endsWith("0\r\n\r\n"));
  assertMatch(client.text, /^HTTP\/1\.1 200 OK\r\n/);
  client.close();
  await reactor.waitFor(server.close(), { withinMs: 60_000 });
});

test("a whole result on a full disk is a 500, and nothing of it is left", async () => {
  let moments = 0;
  for (let at = 1;; at++) {
    let failed = false;
    const reactor = createMemoryReactor({
      faults: { diskFull: { at }, lateFile: 0.5 },
      seed: at,
      threadModules: { [MODULE]: jobs },
      onFault: ({ name }) => failed ||= name === "diskFull",
    });
    const server = new Server(reactor, {
      handlers: [inThread(MODULE, "lines", { buffered: true, calls: { told() {} } })],
      limits: { threadResultBufferBytes: 20_000 },
    });
    await server.listen(ADDRESS);
    const client = reactor.client(ADDRESS).write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    const isAnswered = () => client.text.endsWith("399 ") || client.text.endsWith("Error\n");
    await reactor.runUntil(isAnswered, { withinMs: 60_000 });
    assertMatch(client.text, failed ? /^HTTP\/1\.1 500 / : /^HTTP\/1\.1 200 /);
    client.close();
    await reactor.waitFor(server.close(), { withinMs: 60_000 });
    // A file closes in an event of its own.
    await reactor.elapse(2_000);
    assertEquals(reactor.pending().files, []);
    if (!failed) break;
    moments++;
  }
  assertGreater(moments, 3);
});

test("a client that leaves a whole result at any time leaves nothing behind", async () => {
  for (let events = 1; events < 120; events += 3) {
    const reactor = createMemoryReactor({ threadModules: { [MODULE]: jobs } });
    const server = new Server(reactor, {
      handlers: [inThread(MODULE, "lines", { buffered: true, calls: { told() {} } })],
      limits: { threadResultBufferBytes: 20_000 },
    });
    await server.listen(ADDRESS);
    const client = reactor.client(ADDRESS).write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let steps = 0;
    await reactor.runUntil(() => ++steps > events);
    client.reset();
    await reactor.waitFor(server.close(), { withinMs: 60_000 });
    // A file closes in an event of its own.
    await reactor.elapse(2_000);
    assertEquals([reactor.pending().files, reactor.pending().open], [[], []]);
    assertEquals([server.inspect().requests, server.inspect().buffersOut], [[], 0]);
  }
});
