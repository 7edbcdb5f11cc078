/**
 * Checks of listening, connecting, addresses, and handles that belong to one stream each.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertNotEquals, assertRejects } from "@std/assert";
import { type Address, ListenError } from "../../../core/reactor.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";
import type { End } from "./end.ts";
import { PatternReader } from "./pattern.ts";

const MANY = 500;
/** How many connections are opened at once: fewer than any default backlog. */
const BATCH = 50;

export function checkOpening(check: Check<Bench>): void {
  check("listen() replaces port 0 by the port that was given", async (bench) => {
    const { address } = await bench.listen();
    assert(address.transport === "tcp");
    assertGreater(address.port, 0);
  });

  check("listen() on a taken port rejects with a ListenError in-use", async (bench) => {
    const { address } = await bench.listen();
    const error = await assertRejects(() => bench.listen({}, address), ListenError);
    assertEquals(error.code, "in-use");
  });

  check("listen() takes a backlog", async (bench) => {
    const listener = await bench.listen({}, bench.rig.address, { backlog: 16 });
    const { client, server } = await bench.join(listener);
    assert(client.isOpen && server.isOpen);
  });

  check("listen() twice with reusePort shares the port", async (bench) => {
    const { address } = await bench.listen({}, bench.rig.address, { reusePort: true });
    const second = await bench.listen({}, address, { reusePort: true });
    assertEquals(second.address, address);
  });

  check("connect() opens both ends", async (bench) => {
    const { client, server } = await bench.pair();
    assertNotEquals(client.handle, server.handle);
  });

  check("connect() to a port where nobody listens gives onClose alone", async (bench) => {
    const listener = await bench.listen();
    await listener.close();
    const client = bench.connect(listener.address);
    await bench.settle(() => client.isClosed, "onClose of the connect");
    assertEquals(client.isOpen, false);
    assertEquals(client.reason, "error");
  });

  check("listen() and connect() take a Unix path", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair(
      { onData: (_end, bytes) => read.take(bytes) },
      {},
      bench.rig.unixAddress,
    );
    bench.sendPattern(client, 1000, 1000);
    await bench.settle(() => read.offset === 1000, "1,000 bytes");
    assertEquals(read.wrongAt, -1);
    assertEquals(bench.reactor.remoteAddress(client.handle), bench.rig.unixAddress);
    assertEquals(bench.reactor.localAddress(server.handle), bench.rig.unixAddress);
    assertEquals(bench.reactor.remoteAddress(server.handle), { transport: "unix", path: "" });
  });

  check("listen() on a taken Unix path rejects, and may have it after close()", async (bench) => {
    const first = await bench.listen({}, bench.rig.unixAddress);
    const error = await assertRejects(
      () => bench.listen({}, bench.rig.unixAddress),
      ListenError,
    );
    assertEquals(error.code, "in-use");
    await first.close();
    await bench.listen({}, bench.rig.unixAddress);
  });

  check("connect() to a Unix path where nobody listens gives onClose alone", async (bench) => {
    const client = bench.connect(bench.rig.unixAddress);
    await bench.settle(() => client.isClosed, "onClose of the connect");
    assertEquals(client.isOpen, false);
  });

  check("Listener.close() frees the address and leaves open streams alive", async (bench) => {
    const { listener, client, server } = await bench.pair();
    await listener.close();
    const again = await bench.listen({}, listener.address);
    assertEquals(again.address, listener.address);
    bench.sendPattern(client, 100, 100);
    bench.sendPattern(server, 100, 100);
    await bench.settle(() => client.bytesIn === 100 && server.bytesIn === 100, "bytes both ways");
  });

  check("remoteAddress() of one end is localAddress() of the other", async (bench) => {
    const { reactor } = bench;
    const { listener, client, server } = await bench.pair();
    assertEquals(reactor.remoteAddress(client.handle), listener.address);
    assertEquals(reactor.localAddress(server.handle), listener.address);
    assertEquals(
      reactor.remoteAddress(server.handle),
      reactor.localAddress(client.handle),
    );
    assertEquals(hostOf(reactor.remoteAddress(server.handle)), hostOf(bench.rig.address));
  });

  check("abort() of a connect that has not opened gives onClose alone", async (bench) => {
    const listener = await bench.listen();
    const client = bench.connect(listener.address);
    bench.abort(client);
    await bench.settle(() => client.isClosed, "onClose of the connect");
    assertEquals(client.isOpen, false);
    assertEquals(client.reason, "aborted");
  });

  check("close() of a connect that has not opened gives onClose alone", async (bench) => {
    const listener = await bench.listen();
    const client = bench.connect(listener.address);
    bench.close(client);
    await bench.settle(() => client.isClosed, "onClose of the connect");
    assertEquals(client.isOpen, false);
    assertEquals(client.reason, "clean");
  });

  check("abort() inside onOpen is followed by onClose alone", async (bench) => {
    const listener = await bench.listen({ onOpen: (end) => bench.abort(end) });
    const client = bench.connect(listener.address);
    await bench.settle(() => bench.ends.length === 2 && bench.ends[1]!.isClosed, "onClose");
    assertEquals(bench.ends[1]!.reason, "aborted");
    await bench.settle(() => client.isClosed || client.hasEnded, "the end at the client");
  });

  check("the owner slot keeps what the core put there, and is not read", async (bench) => {
    const { client, server } = await bench.pair();
    const owners = [countReads(client), countReads(server)];
    // No event may come meanwhile: the bench itself finds the end by the owner.
    assertEquals(owners.map((owner) => owner.reads), [0, 0]);
    for (const end of [client, server]) {
      bench.readStop(end);
      bench.readStart(end);
      bench.shutdown(end);
      bench.reactor.remoteAddress(end.handle);
      bench.reactor.localAddress(end.handle);
    }
    assertEquals(owners.map((owner) => owner.reads), [0, 0]);
    assert(client.handle.owner === client && server.handle.owner === server);
  });

  check("the events of two connections do not mix", async (bench) => {
    const heard = new Map<End, number[]>();
    const listener = await bench.listen({
      onOpen: (end) => heard.set(end, []),
      onData: (end, bytes) => heard.get(end)!.push(...bytes),
    });
    const one = await bench.join(listener);
    const two = await bench.join(listener);
    for (let round = 0; round < 20; round++) {
      bench.sendPattern(one.client, 1, 1, 1);
      bench.sendPattern(two.client, 1, 1, 2);
      await bench.settle(
        () => [one, two].every((pair) => pair.server.bytesIn > round && !pair.client.again),
        "a byte on each",
      );
    }
    assertEquals(heard.get(one.server), Array<number>(20).fill(1));
    assertEquals(heard.get(two.server), Array<number>(20).fill(2));
  });

  check(`${MANY} connections open and close, and leave no handle`, async (bench) => {
    const listener = await bench.listen({ onEnd: (end) => bench.close(end) });
    for (let made = 0; made < MANY; made += BATCH) {
      for (let i = 0; i < BATCH; i++) {
        bench.connect(listener.address, { onOpen: (end) => bench.close(end) });
      }
      await bench.settle(
        () => bench.ends.length === 2 * (made + BATCH) && bench.ends.every((end) => end.isClosed),
        `onClose of ${made + BATCH} connections at both ends`,
      );
    }
    assertEquals(bench.ends.filter((end) => end.isOpen).length, 2 * MANY);
    assertEquals(bench.ends.filter((end) => end.reason !== "clean").length, 0);
  });
}

function hostOf(address: Address): string {
  return address.transport === "tcp" ? address.host : address.path;
}

/** Counts from now on how often the slot is read. */
function countReads(end: End): { reads: number } {
  const counter = { reads: 0 };
  let owner: unknown = end;
  Object.defineProperty(end.handle, "owner", {
    get() {
      counter.reads++;
      return owner;
    },
    set(value: unknown) {
      owner = value;
    },
  });
  return counter;
}
