/**
 * Checks of the three ways to close, and of the reasons that `onClose` gives.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { bufOf } from "../../../core/buf.ts";
import { ERROR } from "../../../core/status.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";
import type { End } from "./end.ts";
import { PatternReader } from "./pattern.ts";

const MIB = 1 << 20;

export function checkClosing(check: Check<Bench>): void {
  check("shutdown() half-closes: the peer gets onEnd and can still send", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair({}, {
      onData: (_end, bytes) => read.take(bytes),
    });
    bench.shutdown(client);
    await bench.settle(() => server.hasEnded, "onEnd at the peer");
    bench.sendPattern(server, MIB, 65536);
    await bench.settle(() => read.offset === MIB, "1 MiB after the half close");
    assertEquals([client.isClosed, server.isClosed, client.hasEnded], [false, false, false]);
  });

  check("shutdown() sends what was taken before the FIN", async (bench) => {
    let endedAt = -1;
    const { client, server } = await bench.pair({
      onOpen: (end) => bench.readStop(end),
      onEnd: (end) => endedAt = end.bytesIn,
    });
    // Larger than what a kernel takes at once: the rest goes in many writes.
    const sent = await bench.clog(client, 6 * MIB);
    const taken = sent - client.out.size();
    client.out.drop();
    bench.shutdown(client);
    bench.readStart(server);
    await bench.settle(() => server.hasEnded, "onEnd at the peer");
    assertEquals(endedAt, taken);
  });

  check("send() after shutdown() answers ERROR and takes nothing", async (bench) => {
    const { client, server } = await bench.pair();
    bench.shutdown(client);
    client.out.append(bufOf(new Uint8Array(5)));
    assertEquals(bench.send(client), ERROR);
    assertEquals([client.out.count, client.taken], [1, 0]);
    client.out.drop();
    bench.sendPattern(server, 10, 10);
    await bench.settle(() => client.bytesIn === 10, "bytes from the peer");
  });

  check("shutdown() at both ends closes both, clean", async (bench) => {
    const { client, server } = await bench.pair({ onEnd: (end) => bench.shutdown(end) });
    bench.shutdown(client);
    await bench.settle(() => client.isClosed && server.isClosed, "onClose at both ends");
    assertEquals([client.reason, server.reason], ["clean", "clean"]);
    assertEquals([client.hasEnded, server.hasEnded], [true, true]);
  });

  check("close() sends 4 MiB that were taken before it, then FIN", async (bench) => {
    const read = new PatternReader();
    let endedAt = -1;
    const { client, server } = await bench.pair({
      onOpen: (end) => bench.readStop(end),
      onData: (_end, bytes) => read.take(bytes),
      onEnd: (end) => {
        endedAt = read.offset;
        bench.close(end);
      },
    }, {
      onWritable: (end) => offerThenClose(bench, end),
    });
    bench.sendPattern(client, 4 * MIB, 65536);
    offerThenClose(bench, client);
    bench.readStart(server);
    await bench.settle(() => client.isClosed && server.isClosed, "onClose at both ends");
    assertEquals([endedAt, read.wrongAt], [4 * MIB, -1]);
    assertEquals([client.reason, server.reason], ["clean", "clean"]);
  });

  check("close() ends reading", async (bench) => {
    const { client, server } = await bench.pair({}, {
      onData: (end) => bench.close(end),
    });
    // More than one onData brings; the bench counts what comes after close() as a fault.
    bench.sendPattern(server, 4 * 65536, 4 * 65536);
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals([client.datas, client.reason], [1, "clean"]);
    await bench.settle(() => server.isClosed || server.hasEnded, "the end at the peer");
  });

  check("close() ends reading while it still sends what was taken", async (bench) => {
    const { client, server } = await bench.pair({ onOpen: (end) => bench.readStop(end) });
    await bench.clog(client, 65536);
    client.out.drop();
    bench.close(client);
    bench.sendPattern(server, 10, 10);
    await bench.pass();
    bench.readStart(server);
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals([client.datas, client.reason], [0, "clean"]);
    await bench.settle(() => server.isClosed || server.hasEnded, "the end at the peer");
  });

  check("close() after shutdown() closes at once, clean", async (bench) => {
    const { client, server } = await bench.pair();
    bench.shutdown(client);
    await bench.settle(() => server.hasEnded, "onEnd at the peer");
    bench.close(client);
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals(client.reason, "clean");
  });

  check("close() inside onData sends what was sent in it before", async (bench) => {
    const pushThenClose = (end: End): void => {
      bench.send(end);
      if (end.out.isEmpty) bench.close(end);
    };
    const { client } = await bench.pair({
      onData: (end, bytes) => {
        end.out.append(bufOf(new Uint8Array(bytes)));
        if (!end.again && end.bytesIn === 10) pushThenClose(end);
      },
      // Only where a few bytes are not taken at once.
      onWritable: pushThenClose,
    }, { onEnd: (end) => bench.close(end) });
    bench.sendPattern(client, 10, 10);
    await bench.settle(() => bench.ends.every((end) => end.isClosed), "onClose at both ends");
    assertEquals(client.bytesIn, 10);
    assertEquals(bench.ends.map((end) => end.reason), ["clean", "clean"]);
  });

  check("abort() gives the peer a reset", async (bench) => {
    const { client, server } = await bench.pair();
    bench.abort(client);
    await bench.settle(
      () => client.isClosed && (server.isClosed || server.hasEnded),
      "the end at both ends",
    );
    assertEquals([client.reason, server.reason], ["aborted", "reset"]);
    assertEquals(server.hasEnded, false);
  });

  check("abort() ends the stream for the peer too", async (bench) => {
    const { client, server } = await bench.pair();
    bench.abort(client);
    await bench.settle(
      () => client.isClosed && (server.isClosed || server.hasEnded),
      "onClose here, an end there",
    );
    assertEquals(client.reason, "aborted");
  });

  check("abort() brings every lent buffer home before onClose", async (bench) => {
    let home = -1;
    const { client } = await bench.pair({ onOpen: (end) => bench.readStop(end) }, {
      onClose: (end) => home = end.released,
    });
    await bench.clog(client, 65536);
    bench.abort(client);
    client.out.drop();
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals([home, client.reason], [client.taken, "aborted"]);
  });

  check("abort() after close() cuts short what waits", async (bench) => {
    const { client } = await bench.pair({ onOpen: (end) => bench.readStop(end) });
    await bench.clog(client, 65536);
    client.out.drop();
    bench.close(client);
    bench.abort(client);
    await bench.settle(() => client.isClosed, "onClose");
    // A runtime that keeps nothing has closed at close() already.
    assertEquals(client.reason, bench.rig.lends ? "aborted" : "clean");
  });

  check("a peer's reset brings every lent buffer home before onClose", async (bench) => {
    let home = -1;
    const { client, server } = await bench.pair({ onOpen: (end) => bench.readStop(end) }, {
      onClose: (end) => home = end.released,
    });
    await bench.clog(client, 65536);
    bench.abort(server);
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals([home, client.reason], [client.taken, "reset"]);
    client.out.drop();
  });

  check("a write to a peer that is gone closes with reset", async (bench) => {
    const { client, server } = await bench.pair();
    bench.close(server);
    await bench.settle(() => client.hasEnded && server.isClosed, "the peer's end");
    // The kernel takes the first bytes and learns from the answer.
    await bench.settle(() => {
      if (!client.isClosed && !client.again && client.out.isEmpty) bench.sendPattern(client, 9, 9);
      return client.isClosed;
    }, "onClose");
    assertEquals(client.reason, "reset");
    client.out.drop();
  });

  check("calls on a closed handle do nothing", async (bench) => {
    const { client, server } = await bench.pair({ onEnd: (end) => bench.close(end) });
    bench.close(client);
    await bench.settle(() => client.isClosed && server.isClosed, "onClose at both ends");
    for (const end of [client, server]) {
      bench.readStop(end);
      bench.readStart(end);
      bench.shutdown(end);
      bench.close(end);
      bench.abort(end);
      assertEquals(bench.send(end), ERROR);
      assert(bench.reactor.remoteAddress(end.handle).transport === "tcp");
      assert(bench.reactor.localAddress(end.handle).transport === "tcp");
      assertEquals(end.reason, "clean");
    }
  });
}

/** Offers what is left; once all is taken, closes. */
function offerThenClose(bench: Bench, end: End): void {
  if (!end.out.isEmpty && !end.again) bench.send(end);
  if (end.out.isEmpty && end.gaveUpBy === null) bench.close(end);
}
