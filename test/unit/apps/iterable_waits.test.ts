/** Iterable applications wait for handles by yielding: in memory, on every runtime. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { iterable } from "../../../core/apps/iterable.ts";
import { Server } from "../../../core/server.ts";
import { adopt, closeHandle } from "../../../core/work/adopt.ts";
import { tryRead, tryWrite } from "../../../core/work/waits.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";

const ADDRESS = { transport: "tcp", host: "127.0.0.1", port: 80 } as const;
const REQUEST = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

test("yield out.readable() gives the outcome, and what was yielded before has left", async () => {
  const reactor = createMemoryReactor();
  const pipe = reactor.pipe();
  const app = iterable(function* (request, out) {
    const handle = adopt(pipe.source, request);
    yield "first;";
    yield `${yield out.readable(handle, { timeoutMs: 50 })};`;
    yield `${yield out.readable(handle)};`;
    const bytes = tryRead(handle, 100);
    if (bytes instanceof Uint8Array) yield bytes;
    yield `;${yield out.writable(handle)};`;
    tryWrite(handle, new TextEncoder().encode("thanks"));
    const events = (yield out.waitAny([handle], { timeoutMs: 5 })) as unknown[];
    yield `${events.length}`;
    closeHandle(handle);
  });
  const server = new Server(reactor, { handlers: [app] });
  await server.listen(ADDRESS);
  const client = reactor.client(ADDRESS).write(REQUEST);
  await reactor.runUntil(() => client.text.includes("first;"));
  await reactor.runUntil(() => client.text.includes("timeout;"), { withinMs: 50 });
  pipe.far.write("news");
  await reactor.runUntil(() => client.hasEnded, { withinMs: 1000 });
  const body = client.text.slice(client.text.indexOf("\r\n\r\n") + 4)
    .replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, "").trim();
  assertEquals(body, "first;timeout;ready;news;ready;0");
  assertEquals(pipe.far.text, "thanks");
});

test("a wait that is yielded ends with its request", async () => {
  const reactor = createMemoryReactor();
  const pipe = reactor.pipe();
  const told: string[] = [];
  const app = iterable(function* (request, out) {
    const handle = adopt(pipe.source, request);
    request.onCleanup(() => closeHandle(handle));
    yield "first;";
    try {
      yield out.readable(handle);
      told.push("it went on");
    } finally {
      told.push("closed");
    }
  });
  const server = new Server(reactor, { handlers: [app] });
  await server.listen(ADDRESS);
  const client = reactor.client(ADDRESS).write(REQUEST);
  await reactor.runUntil(() => client.text.includes("first;"));
  client.reset();
  await reactor.runUntil(() => told.length > 0, { withinMs: 1000 });
  assertEquals(told, ["closed"]);
  await reactor.runUntil(() => pipe.far.hasEnded, { withinMs: 1000 });
});
