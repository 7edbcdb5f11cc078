/** The client of the in-memory runtime: text in, text out. */

import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { createMemoryReactor, type MemoryReactor } from "../../../runtimes/memory.ts";
import { ADDRESS, bytesOf, chainOf, type React, Recorder } from "./recorder.ts";

async function listening(onServer: React, bufferBytes = 65536): Promise<{
  reactor: MemoryReactor;
  servers: Recorder;
}> {
  const reactor = createMemoryReactor({ bufferBytes });
  const servers = new Recorder(onServer);
  await reactor.listen(ADDRESS, servers);
  return { reactor, servers };
}

describe("MemoryClient", () => {
  test("writes text and bytes, also before it is open, and shows what comes back", async () => {
    const { reactor, servers } = await listening((event, met) => {
      if (event === "onData") reactor.send(met.handle, chainOf(met.text.toUpperCase()));
    });
    const client = reactor.client(ADDRESS).write("hello ").write(bytesOf("world"));
    assertEquals([client.isOpen, client.text, client.closed], [false, "", null]);
    reactor.run();
    assertEquals([client.isOpen, client.text], [true, "HELLO WORLD"]);
    assertEquals(client.address, reactor.remoteAddress(servers.first.handle));
    assertEquals([client.bytes.length, reactor.pending().lentBufs], [11, 0]);
  });

  test("copies what it is given, so that the caller may go on writing to it", async () => {
    const { reactor, servers } = await listening(() => {});
    const bytes = bytesOf("mine");
    const client = reactor.client(ADDRESS).write(bytes);
    bytes.fill(0);
    reactor.run();
    assertEquals([servers.first.text, client.closed], ["mine", null]);
  });

  test("writes more than the network holds", async () => {
    const { reactor, servers } = await listening(() => {}, 7);
    const client = reactor.client(ADDRESS);
    const text = "0123456789".repeat(100);
    client.write(text.slice(0, 500)).write(text.slice(500)).end();
    reactor.run();
    assertEquals(servers.first.text, text);
    assertEquals(servers.first.trace.at(-1), "end");
  });

  test("take() begins the text anew and leaves the bytes", async () => {
    const { reactor, servers } = await listening(() => {});
    const client = reactor.client(ADDRESS);
    reactor.run();
    for (const answer of ["one", "two"]) {
      reactor.send(servers.first.handle, chainOf(answer));
      reactor.run();
      assertEquals([client.take(), client.text], [answer, ""]);
    }
    assertEquals(client.bytes, bytesOf("onetwo"));
  });

  test("text joins characters that came in halves", async () => {
    const { reactor, servers } = await listening(() => {});
    const client = reactor.client(ADDRESS);
    reactor.run();
    reactor.send(servers.first.handle, chainOf("\xe2\x82"));
    reactor.run();
    assertEquals([client.text, client.bytes.length], ["", 2]);
    reactor.send(servers.first.handle, chainOf("\xac"));
    reactor.run();
    assertEquals(client.text, "\u20ac");
  });

  test("end() is a half close: answers are still received", async () => {
    const { reactor } = await listening((event, met) => {
      if (event !== "onEnd") return;
      reactor.send(met.handle, chainOf(`got ${met.text}`));
      reactor.close(met.handle);
    });
    const client = reactor.client(ADDRESS).write("all").end();
    assertThrows(() => client.write("more"), Error, "after end()");
    reactor.run();
    assertEquals([client.text, client.hasEnded, client.closed], ["got all", true, "clean"]);
    assertEquals(reactor.pending().open, []);
  });

  test("close() leaves in order, after what was written", async () => {
    const { reactor, servers } = await listening(() => {});
    const client = reactor.client(ADDRESS).write("bye").close();
    reactor.run();
    assertEquals([servers.first.trace, client.closed], [["open", "data 3", "end"], "clean"]);
  });

  test("reset() leaves at once", async () => {
    const { reactor, servers } = await listening(() => {});
    const client = reactor.client(ADDRESS);
    reactor.run();
    client.write("unsent").reset();
    reactor.run();
    assertEquals([servers.first.trace, client.closed], [["open", "close reset"], "aborted"]);
    assertEquals(reactor.pending().lentBufs, 0);
  });

  test("pauseReading() backs the server up, and resumeReading() lets it go on", async () => {
    const { reactor, servers } = await listening(() => {}, 4);
    const client = reactor.client(ADDRESS);
    reactor.run();
    client.pauseReading();
    const chain = chainOf("0123456789abcdef");
    reactor.send(servers.first.handle, chain);
    reactor.run();
    reactor.send(servers.first.handle, chain);
    reactor.run();
    assertEquals([client.text, chain.size(), servers.first.trace.at(-1)], ["", 8, "writable"]);
    client.resumeReading();
    reactor.run();
    assertEquals(client.text, "01234567");
  });

  test("says why the server could not be reached, and writes go nowhere", () => {
    const reactor = createMemoryReactor();
    const client = reactor.client(ADDRESS).write("to nobody");
    reactor.run();
    assertEquals([client.closed, client.isOpen], ["error", false]);
    client.write("still to nobody").end();
    assertEquals(reactor.run(), 0);
  });
});
