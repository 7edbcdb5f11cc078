/** Streams of the in-memory runtime: what each end is told, and how harsh the network is. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { type Buf, bufOf, FREE, LENT } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import { ListenError } from "../../../core/reactor.ts";
import { AGAIN, ERROR, OK } from "../../../core/status.ts";
import {
  createMemoryReactor,
  type MemoryReactor,
  type MemoryReactorOptions,
} from "../../../runtimes/memory.ts";
import { ADDRESS, bytesOf, chainOf, type Met, type React, Recorder } from "./recorder.ts";

interface Pair {
  readonly reactor: MemoryReactor;
  readonly client: Met;
  readonly server: Met;
}

interface PairOptions extends MemoryReactorOptions {
  readonly onClient?: React;
  readonly onServer?: React;
}

/** Two ends that are open, with their traces empty. */
async function openPair(options: PairOptions = {}): Promise<Pair> {
  const reactor = createMemoryReactor(options);
  const servers = new Recorder(options.onServer);
  const clients = new Recorder(options.onClient);
  await reactor.listen(ADDRESS, servers);
  reactor.connect(ADDRESS, clients);
  reactor.run();
  clients.first.trace.length = 0;
  servers.first.trace.length = 0;
  return { reactor, client: clients.first, server: servers.first };
}

describe("connect() and listen()", () => {
  test("tell both ends, each with its addresses, and only in events", async () => {
    const reactor = createMemoryReactor();
    const servers = new Recorder();
    const clients = new Recorder();
    const listener = await reactor.listen({ ...ADDRESS, port: 0 }, servers);
    const { address } = listener;
    assert(address.transport === "tcp" && address.port > 0);
    const handle = reactor.connect(address, clients);
    assertEquals([clients.met.length, servers.met.length], [0, 0]);
    reactor.run();
    assertEquals([clients.first.trace, servers.first.trace], [["open"], ["open"]]);
    assertEquals(clients.first.handle === handle, true);
    assertEquals(reactor.remoteAddress(handle), address);
    assertEquals(reactor.remoteAddress(servers.first.handle), reactor.localAddress(handle));
    assertEquals(reactor.localAddress(servers.first.handle), address);
  });

  test("give handles that show nothing but the owner's slot", async () => {
    const { client } = await openPair();
    assertEquals(Object.entries(client.handle), [["owner", null]]);
    assertEquals(JSON.stringify(client.handle), '{"owner":null}');
  });

  test("meet on a wildcard, by the loopback's names, and on a Unix path", async () => {
    for (
      const [listening, connecting] of [
        [{ ...ADDRESS, host: "0.0.0.0" }, { ...ADDRESS, host: "example.test" }],
        [{ ...ADDRESS, host: "::1" }, { ...ADDRESS, host: "localhost" }],
        [{ transport: "unix", path: "/run/a" }, { transport: "unix", path: "/run/a" }],
      ] as const
    ) {
      const reactor = createMemoryReactor();
      const servers = new Recorder();
      await reactor.listen(listening, servers);
      const clients = new Recorder();
      reactor.connect(connecting, clients);
      reactor.run();
      assertEquals([clients.first.trace, servers.first.trace], [["open"], ["open"]]);
    }
  });

  test("end in onClose alone where nobody listens", () => {
    for (const address of [ADDRESS, { transport: "unix", path: "/run/none" }] as const) {
      const reactor = createMemoryReactor();
      const clients = new Recorder();
      const handle = reactor.connect(address, clients);
      reactor.run();
      assertEquals(clients.first.trace, ["close error"]);
      assertEquals(reactor.send(handle, chainOf("a")), ERROR);
      assertEquals(reactor.logs.map((line) => line.level), ["warn"]);
    }
  });

  test("reject an address that is taken, and take it again when it is free", async () => {
    const reactor = createMemoryReactor();
    const listener = await reactor.listen(ADDRESS, new Recorder());
    for (const host of ["127.0.0.1", "localhost", "0.0.0.0"]) {
      const error = await assertRejects(
        () => reactor.listen({ ...ADDRESS, host }, new Recorder()),
        ListenError,
      );
      assertEquals(error.code, "in-use");
    }
    await reactor.listen({ ...ADDRESS, host: "127.0.0.2" }, new Recorder());
    await listener.close();
    await reactor.listen(ADDRESS, new Recorder());
  });

  test("share a port where all ask for it, and take turns", async () => {
    const reactor = createMemoryReactor();
    const servers = [new Recorder(), new Recorder()] as const;
    for (const server of servers) await reactor.listen(ADDRESS, server, { reusePort: true });
    await assertRejects(() => reactor.listen(ADDRESS, new Recorder()), ListenError, "in use");
    for (let i = 0; i < 4; i++) reactor.connect(ADDRESS, new Recorder());
    reactor.run();
    assertEquals(servers.map((server) => server.met.length), [2, 2]);
  });

  test("reject a port that is none", async () => {
    const reactor = createMemoryReactor();
    for (const port of [-1, 65536, 1.5]) {
      await assertRejects(() => reactor.listen({ ...ADDRESS, port }, new Recorder()), ListenError);
    }
  });

  test("leave open streams alone when the listener closes, and reset the unaccepted", async () => {
    const reactor = createMemoryReactor();
    const servers = new Recorder();
    const clients = new Recorder();
    const listener = await reactor.listen(ADDRESS, servers);
    reactor.connect(ADDRESS, clients);
    reactor.run();
    reactor.connect(ADDRESS, clients);
    while (clients.met.length < 2) reactor.step();
    await listener.close();
    reactor.run();
    assertEquals(clients.met.map((met) => met.trace), [["open"], ["open", "close reset"]]);
    assertEquals(servers.met.length, 1);
    assertEquals(reactor.pending().open.length, 2);
  });

  test("tell the accepting end what a connecting end did before onOpen", async () => {
    for (
      const [call, client, server] of [
        ["abort", ["close aborted"], ["open", "close reset"]],
        ["close", ["close clean"], ["open", "end"]],
        ["shutdown", ["open"], ["open", "end"]],
      ] as const
    ) {
      const reactor = createMemoryReactor();
      const [servers, clients] = [new Recorder(), new Recorder()];
      await reactor.listen(ADDRESS, servers);
      const handle = reactor.connect(ADDRESS, clients);
      reactor.step();
      reactor[call](handle);
      reactor.run();
      assertEquals([clients.first.trace, servers.first.trace], [[...client], [...server]]);
    }
  });

  test("tell only onClose when the connecting end gives up first", async () => {
    for (const [call, reason] of [["abort", "aborted"], ["close", "clean"]] as const) {
      const reactor = createMemoryReactor();
      await reactor.listen(ADDRESS, new Recorder());
      const clients = new Recorder();
      reactor[call](reactor.connect(ADDRESS, clients));
      reactor.run();
      assertEquals(clients.first.trace, [`close ${reason}`]);
      assertEquals(reactor.pending().open, []);
    }
  });
});

describe("send()", () => {
  test("answers OK and empties the chain while there is room", async () => {
    const { reactor, client, server } = await openPair();
    const chain = chainOf("hello, ", "", "world");
    assertEquals(reactor.send(client.handle, chain), OK);
    assertEquals([chain.isEmpty, client.trace], [true, []]);
    reactor.run();
    assertEquals([server.text, server.trace], ["hello, world", ["data 12"]]);
    assertEquals(client.trace, ["release", "release", "release"]);
  });

  test("lends whole buffers, reads them late and releases them later still", async () => {
    const { reactor, client, server } = await openPair({ watchLent: false });
    const buf = bufOf(bytesOf("early"));
    const chain = new Chain();
    chain.append(buf);
    reactor.send(client.handle, chain);
    assertEquals(buf.state, LENT);
    buf.bytes.set(bytesOf("LATER"));
    while (server.text === "") {
      reactor.step();
      if (server.text === "") assertEquals([buf.state, client.released.length], [LENT, 0]);
    }
    reactor.run();
    assertEquals([server.text, buf.state], ["LATER", FREE]);
  });

  test("finds out who writes to lent memory", async () => {
    const { reactor, client } = await openPair();
    const buf = bufOf(new Uint8Array(100).subarray(10, 60));
    const chain = new Chain();
    chain.append(buf);
    reactor.send(client.handle, chain);
    buf.bytes[49] = 1;
    const fault = assertThrows(() => reactor.run(), AssertionFault, "before its release");
    assert(fault.message.includes("bytes 0 to 50 of a buffer of 50"), fault.message);
    assert(fault.message.includes("127.0.0.1:80"), fault.message);
  });

  test("does not mind writes behind the lent bytes", async () => {
    const { reactor, client, server } = await openPair();
    const buf: Buf = bufOf(bytesOf("mine|yours"));
    buf.end = 5;
    const chain = new Chain();
    chain.append(buf);
    reactor.send(client.handle, chain);
    buf.bytes.fill(0, 5);
    reactor.run();
    assertEquals(server.text, "mine|");
  });

  test("takes in part what does not fit, and answers AGAIN", async () => {
    const { reactor, client, server } = await openPair({ bufferBytes: 8 });
    const chain = chainOf("abc", "defghijk");
    assertEquals(reactor.send(client.handle, chain), AGAIN);
    assertEquals([chain.count, chain.first!.pos, chain.size()], [1, 5, 3]);
    reactor.run();
    assertEquals([server.text, client.trace], ["abcdefgh", ["writable", "release"]]);
    assertEquals(reactor.send(client.handle, chain), OK);
    reactor.run();
    assertEquals(server.text, "abcdefghijk");
  });

  test("answers AGAIN when the bound is reached to the byte", async () => {
    const { reactor, client } = await openPair({ bufferBytes: 8 });
    const chain = chainOf("abcdefgh");
    assertEquals([reactor.send(client.handle, chain), chain.isEmpty], [AGAIN, true]);
    reactor.run();
    assertEquals(client.trace, ["writable", "release"]);
  });

  test("holds two bounds of bytes for a peer that does not read, and no more", async () => {
    const { reactor, client, server } = await openPair({ bufferBytes: 8 });
    reactor.readStop(server.handle);
    const chain = chainOf("0123456789abcdef0123456789");
    assertEquals([reactor.send(client.handle, chain), chain.size()], [AGAIN, 18]);
    reactor.run();
    assertEquals(client.trace, ["writable"]);
    assertEquals([reactor.send(client.handle, chain), chain.size()], [AGAIN, 10]);
    assertEquals(reactor.pending().runnable, []);
    assertEquals([client.trace, server.text], [["writable"], ""]);
    reactor.readStart(server.handle);
    reactor.run();
    assertEquals([client.trace, server.text], [["writable", "writable"], "0123456789abcdef"]);
  });

  test("says writable when half of the bound is free", async () => {
    const { reactor, client } = await openPair({ bufferBytes: 8, segmentBytes: 2 });
    assertEquals(reactor.send(client.handle, chainOf("a", "bcdefgh")), AGAIN);
    while (client.trace.length === 0) reactor.step();
    assertEquals(client.trace, ["release"]);
    reactor.run();
    assertEquals(client.trace, ["release", "writable", "release"]);
  });

  test("answers ERROR to an end that has not read of the peer's reset", async () => {
    const { reactor, client, server } = await openPair();
    reactor.readStop(server.handle);
    reactor.abort(client.handle);
    reactor.run();
    assertEquals([reactor.send(server.handle, chainOf("a")), server.trace], [ERROR, []]);
    reactor.run();
    assertEquals(server.trace, ["close reset"]);
  });

  test("says writable before it releases what it still holds", async () => {
    const { reactor, client } = await openPair({ bufferBytes: 8, segmentBytes: 4 });
    assertEquals(reactor.send(client.handle, chainOf("abcd", "efgh")), AGAIN);
    reactor.run();
    assertEquals(client.trace, ["writable", "release", "release"]);
  });

  test("moves at most a segment in one event", async () => {
    const { reactor, client, server } = await openPair({ segmentBytes: 3 });
    reactor.send(client.handle, chainOf("abcdefgh"));
    reactor.run();
    assertEquals([server.text, server.trace], ["abcdefgh", ["data 3", "data 3", "data 2"]]);
  });

  test("is a fault before onOpen, and between AGAIN and onWritable", async () => {
    const { reactor, client } = await openPair({ bufferBytes: 4 });
    const connecting = reactor.connect(ADDRESS, new Recorder());
    assertThrows(() => reactor.send(connecting, chainOf("a")), AssertionFault, "before onOpen");
    reactor.send(client.handle, chainOf("abcd"));
    assertThrows(() => reactor.send(client.handle, chainOf("a")), AssertionFault, "onWritable");
  });

  test("answers ERROR after shutdown(), close() and abort(), and takes nothing", async () => {
    for (const call of ["shutdown", "close", "abort"] as const) {
      const { reactor, client } = await openPair();
      reactor[call](client.handle);
      const chain = chainOf("late");
      assertEquals([reactor.send(client.handle, chain), chain.count], [ERROR, 1]);
      reactor.run();
      assertEquals(reactor.send(client.handle, chain), ERROR);
    }
  });

  test("is a fault with a handle of another runtime", async () => {
    const { reactor } = await openPair();
    const foreign = { owner: null };
    assertThrows(() => reactor.send(foreign, chainOf("a")), AssertionFault, "another runtime");
  });
});

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
