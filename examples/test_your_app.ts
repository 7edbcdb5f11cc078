/**
 * How to test an application against the clients that nobody wishes for: in memory, with no sockets
 * and no real time. Everything below takes a few milliseconds.
 *
 *     node --test examples/test_your_app.ts
 *     deno test -A --no-check examples/test_your_app.ts
 *     bun test ./examples/test_your_app.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type MemoryServer, memoryServer } from "sluice/memory";

type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** The application: it streams numbers, and it waits by the clock that it is given. */
function makeApp(sleep: Sleep) {
  const seen = { numbers: 0, isCancelled: false };
  const numbers = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) =>
        controller.enqueue(new TextEncoder().encode(`${seen.numbers++}\n`.padStart(1024))),
      cancel: () => {
        seen.isCancelled = true;
      },
    });
  const app = {
    async fetch(request: Request): Promise<Response> {
      const { pathname } = new URL(request.url);
      if (pathname === "/numbers") return new Response(numbers());
      if (pathname === "/echo") return new Response(await request.text());
      if (pathname === "/soon") await sleep(2000);
      if (pathname === "/never") await sleep(1e9, request.signal);
      return new Response("hello\n");
    },
  };
  return { app, seen };
}

function makeWorld() {
  const { app, seen } = makeApp((ms, signal) => world.sleep(ms, signal));
  const world: MemoryServer = memoryServer(app, { clocks: { handlerTimeoutMs: 40_000 } });
  return { world, seen };
}

test("a client asks and is answered, two seconds later", async () => {
  const { world } = makeWorld();
  const client = world.connect();
  const answer = await client.get("/soon");
  assert.deepEqual([answer.status, answer.text, world.now()], [200, "hello\n", 2000]);
  assert.equal((await client.post("/echo", "ping")).text, "ping");
  await world.close();
});

test("a handler that never answers is ended by its clock", async () => {
  const { world } = makeWorld();
  const answer = await world.connect().get("/never");
  assert.deepEqual([answer.status, world.now()], [503, 40_000]);
  assert.equal(answer.header("connection"), "close");
  await world.close();
});

test("a body may come slowly, but not as slowly as it likes", async () => {
  const { world } = makeWorld();
  const head = "POST /echo HTTP/1.1\r\nHost: example.test\r\nContent-Length: 40\r\n\r\n";
  const slow = world.connect().write(head).writeSlowly("x".repeat(40), 2);
  assert.equal((await slow.answer()).text.length, 40);
  const slower = world.connect().write(head).writeSlowly("x".repeat(40), 0.02);
  assert.equal((await slower.answer()).status, 408);
  await world.close();
});

test("a stream waits for its reader, and stops for one that leaves", async () => {
  const { world, seen } = makeWorld();
  const client = world.connect().readSlowly(1024);
  client.write("GET /numbers HTTP/1.1\r\nHost: example.test\r\n\r\n");
  await world.advance(10_000);
  assert.equal(client.arriving?.status, 200);
  assert.ok(seen.numbers < 1000, "what nobody reads is not made");
  client.disconnect("reset");
  await world.settle();
  assert.ok(seen.isCancelled);
  await world.close();
});

test("on a network where everything goes wrong an answer is right, or there is none", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const faults = { partialRead: 0.5, partialWrite: 0.5, again: 0.3, stall: 0.1, reset: 0.05 };
    const world = memoryServer(makeApp(() => world.sleep(10)).app, { seed, faults });
    const client = world.connect();
    const answer = await client.post("/echo", "ping".repeat(1000)).catch(() => null);
    if (answer === null) assert.equal(client.closed, "reset", `seed ${seed}`);
    else assert.equal(answer.text, "ping".repeat(1000), `seed ${seed}`);
    await world.close();
  }
});
