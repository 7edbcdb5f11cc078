/** Reading and closing in memory: what each end is told, and how harsh the network is. */

import { assert, assertEquals } from "@std/assert";
import { describe, test } from "node:test";
import { OK } from "../../../core/status.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";
import { openPair } from "./pair.ts";
import { ADDRESS, chainOf, type React, Recorder } from "./recorder.ts";

describe("reading", () => {
  test("shows bytes during the call only", async () => {
    let kept = new Uint8Array(0);
    const { reactor, client, server } = await openPair({
      onServer: (event, _met, bytes) => {
        if (event === "onData") kept = bytes as Uint8Array<ArrayBuffer>;
      },
    });
    reactor.send(client.handle, chainOf("gone"));
    reactor.run();
    assertEquals([server.text, [...kept]], ["gone", [0xdd, 0xdd, 0xdd, 0xdd]]);
    assert(kept.byteOffset > 0);
  });

  test("that stops in onOpen gets nothing, whatever came before", async () => {
    const reactor = createMemoryReactor();
    const servers = new Recorder((event, met) => {
      if (event === "onOpen") reactor.readStop(met.handle);
    });
    await reactor.listen(ADDRESS, servers);
    reactor.client(ADDRESS).write("early");
    reactor.run();
    assertEquals(servers.first.trace, ["open"]);
  });

  test("stops with readStop(), and nothing is lost", async () => {
    const { reactor, client, server } = await openPair();
    reactor.readStop(server.handle);
    reactor.send(client.handle, chainOf("wait"));
    reactor.run();
    assertEquals(server.trace, []);
    reactor.readStart(server.handle);
    reactor.readStart(server.handle);
    reactor.run();
    assertEquals(server.trace, ["data 4"]);
  });

  test("brings one more onData after readStop() when bytes were on their way", async () => {
    const { reactor, client, server } = await openPair({
      segmentBytes: 2,
      onServer: (event, met) => {
        if (event === "onData") reactor.readStop(met.handle);
      },
    });
    reactor.readStop(server.handle);
    reactor.send(client.handle, chainOf("abcdef"));
    reactor.run();
    reactor.readStart(server.handle);
    reactor.run();
    assertEquals(server.trace, ["data 2", "data 2"]);
  });

  test("loses bytes on their way to a reset", async () => {
    const { reactor, client, server } = await openPair();
    reactor.send(client.handle, chainOf("on its way"));
    while (!reactor.pending().runnable.some((task) => task.startsWith("deliver"))) reactor.step();
    reactor.readStop(server.handle);
    reactor.abort(client.handle);
    reactor.run();
    assertEquals(server.trace, []);
  });

  test("that has stopped learns neither of a FIN nor of a reset", async () => {
    for (const [call, later] of [["shutdown", "end"], ["abort", "close reset"]] as const) {
      const { reactor, client, server } = await openPair();
      reactor.readStop(server.handle);
      reactor[call](client.handle);
      reactor.run();
      assertEquals(server.trace, []);
      reactor.readStart(server.handle);
      reactor.run();
      assertEquals(server.trace, [later]);
    }
  });
});

describe("shutdown()", () => {
  test("sends the FIN behind what was taken, and reading goes on", async () => {
    const { reactor, client, server } = await openPair();
    reactor.send(client.handle, chainOf("question"));
    reactor.shutdown(client.handle);
    reactor.shutdown(client.handle);
    reactor.run();
    assertEquals(server.trace, ["data 8", "end"]);
    reactor.send(server.handle, chainOf("answer"));
    reactor.run();
    assertEquals([client.text, client.closed, server.closed], ["answer", null, null]);
  });

  test("on both ends closes both cleanly, after onEnd", async () => {
    const { reactor, client, server } = await openPair();
    reactor.shutdown(client.handle);
    reactor.run();
    reactor.shutdown(server.handle);
    reactor.run();
    assertEquals([client.trace, server.trace], [["end", "close clean"], ["end", "close clean"]]);
    assertEquals(reactor.pending().open, []);
  });
});

describe("close()", () => {
  test("waits until all that was taken is with the kernel, then closes", async () => {
    const { reactor, client, server } = await openPair({ bufferBytes: 4 });
    reactor.readStop(server.handle);
    reactor.send(client.handle, chainOf("ab"));
    reactor.run();
    reactor.send(client.handle, chainOf("cdef"));
    reactor.close(client.handle);
    reactor.run();
    assertEquals(client.closed, null);
    reactor.readStart(server.handle);
    reactor.run();
    assertEquals([server.text, server.trace.at(-1)], ["abcdef", "end"]);
    assertEquals(client.trace.at(-1), "close clean");
  });

  test("delivers no more bytes, and no onWritable", async () => {
    const { reactor, client, server } = await openPair({ bufferBytes: 4 });
    reactor.send(server.handle, chainOf("unseen"));
    reactor.send(client.handle, chainOf("abcd"));
    reactor.close(client.handle);
    reactor.run();
    assertEquals(client.trace, ["release", "close clean"]);
  });

  test("with unread bytes is a reset, and costs the peer what it has not read", async () => {
    const { reactor, client, server } = await openPair();
    reactor.readStop(server.handle);
    reactor.send(client.handle, chainOf("still uploading"));
    reactor.run();
    reactor.readStop(client.handle);
    reactor.send(server.handle, chainOf("413, lost"));
    reactor.close(server.handle);
    reactor.run();
    reactor.readStart(client.handle);
    reactor.run();
    assertEquals([server.trace.at(-1), client.text], ["close clean", ""]);
    assertEquals(client.trace.at(-1), "close reset");
  });

  test("after shutdown() does not wait for the peer", async () => {
    const { reactor, client, server } = await openPair();
    reactor.shutdown(client.handle);
    reactor.close(client.handle);
    reactor.run();
    assertEquals([client.trace, server.trace], [["close clean"], ["end"]]);
  });

  test("lets bytes for it seem to be sent, then resets the sender", async () => {
    const { reactor, client, server } = await openPair();
    reactor.close(client.handle);
    reactor.run();
    assertEquals(reactor.send(server.handle, chainOf("to nobody")), OK);
    reactor.run();
    assertEquals(server.trace, ["end", "release", "close reset"]);
  });
});

describe("abort()", () => {
  test("drops what is unsent, releases it before onClose, and resets the peer", async () => {
    const { reactor, client, server } = await openPair();
    reactor.send(client.handle, chainOf("never", "seen"));
    reactor.abort(client.handle);
    reactor.abort(client.handle);
    assertEquals(client.trace, []);
    reactor.run();
    assertEquals(client.trace, ["release", "release", "close aborted"]);
    assertEquals(server.trace, ["close reset"]);
  });

  test("costs the peer what it has not read yet", async () => {
    const { reactor, client, server } = await openPair({ segmentBytes: 2 });
    reactor.send(client.handle, chainOf("abcd"));
    while (server.text === "") reactor.step();
    reactor.abort(client.handle);
    reactor.run();
    assertEquals([server.text, server.trace.at(-1)], ["ab", "close reset"]);
  });

  test("unblocks a peer that waits for room", async () => {
    const { reactor, client, server } = await openPair({ bufferBytes: 4 });
    reactor.readStop(client.handle);
    reactor.readStop(server.handle);
    reactor.send(client.handle, chainOf("abcd"));
    reactor.run();
    reactor.send(client.handle, chainOf("ef"));
    reactor.run();
    reactor.abort(server.handle);
    reactor.run();
    assertEquals(client.trace, ["writable", "release", "release", "close reset"]);
  });

  test("from inside any event is safe", async () => {
    for (const event of ["onOpen", "onData", "onWritable", "onRelease", "onEnd"] as const) {
      const reactor = createMemoryReactor({ bufferBytes: 4 });
      const abortAt: React = (come, met) => {
        if (come === event) reactor.abort(met.handle);
      };
      const servers = new Recorder((come, met) => {
        if (come === "onOpen") {
          reactor.send(met.handle, chainOf("abcd"));
          reactor.shutdown(met.handle);
        }
      });
      await reactor.listen(ADDRESS, servers);
      const clients = new Recorder((come, met, bytes) => {
        abortAt(come, met, bytes);
        if (come === "onOpen" && event !== "onOpen") reactor.send(met.handle, chainOf("abcd"));
      });
      reactor.connect(ADDRESS, clients);
      reactor.run();
      assertEquals(clients.first.closed, "aborted", `aborted in ${event}`);
      assertEquals(reactor.pending().lentBufs, 0);
    }
  });
});
