/** Listening and connecting in memory: who meets whom, and what each end is told. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, test } from "node:test";
import { ListenError } from "../../../core/reactor.ts";
import { ERROR } from "../../../core/status.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";
import { openPair } from "./pair.ts";
import { ADDRESS, chainOf, Recorder } from "./recorder.ts";

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
