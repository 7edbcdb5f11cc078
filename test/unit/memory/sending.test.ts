/** send() in memory: what is taken, what is lent, and when it is free again. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { type Buf, bufOf, FREE, LENT } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import { AGAIN, ERROR, OK } from "../../../core/status.ts";
import { openPair } from "./pair.ts";
import { ADDRESS, bytesOf, chainOf, Recorder } from "./recorder.ts";

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
