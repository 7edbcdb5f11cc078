/**
 * Checks of reading: what comes in, and how it is held back.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { OK } from "../../../core/status.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";
import { PatternReader } from "./pattern.ts";

const MIB = 1 << 20;

export function checkReading(check: Check<Bench>): void {
  check("readStop() in onOpen holds everything back until readStart()", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair({
      onOpen: (end) => bench.readStop(end),
      onData: (_end, bytes) => read.take(bytes),
    });
    bench.sendPattern(client, 1000, 1000);
    await bench.settle(() => client.released === 1, "the release at the sender");
    await bench.pass();
    assertEquals(server.datas, 0);
    bench.readStart(server);
    await bench.settle(() => read.offset === 1000, "the bytes");
    assertEquals(read.wrongAt, -1);
  });

  check(
    "readStop() lets at most one more onData come, and holds the sender back",
    async (bench) => {
      const read = new PatternReader();
      let isFree = false;
      const { client, server } = await bench.pair({
        onOpen: (end) => bench.readStop(end),
        onData: (end, bytes) => {
          read.take(bytes);
          if (!isFree) bench.readStop(end);
        },
      });
      // So much waits that a runtime could bring many onData in one turn.
      const sent = await bench.clog(client, 65536);
      for (let round = 0; round < 5; round++) {
        const before = server.datas;
        bench.readStart(server);
        await bench.settle(() => server.datas > before || read.offset === sent, "an onData");
        await bench.pass();
        assertLess(server.datas, before + 3);
      }
      isFree = true;
      bench.readStart(server);
      await bench.settle(() => read.offset === sent, "the rest");
      assertEquals(read.wrongAt, -1);
    },
  );

  check("readStop() and readStart(), again and again, lose nothing", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair({
      onData: (end, bytes) => {
        read.take(bytes);
        bench.readStop(end);
      },
    });
    bench.sendPattern(client, 8 * MIB, 65536);
    await bench.settle(() => {
      bench.readStart(server);
      return read.offset === 8 * MIB;
    }, "8 MiB");
    assertEquals(read.wrongAt, -1);
  });

  check("readStop() and readStart() in one onData change nothing", async (bench) => {
    const { client, server } = await bench.pair({
      onData: (end) => {
        bench.readStop(end);
        bench.readStart(end);
      },
    });
    for (let round = 1; round <= 3; round++) {
      bench.sendPattern(client, 10, 10);
      await bench.settle(() => server.bytesIn === 10 * round && !client.again, "the bytes");
    }
  });

  check("onData brings all that was sent before onEnd, though reading stopped", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair({
      onOpen: (end) => bench.readStop(end),
      onData: (end, bytes) => {
        read.take(bytes);
        bench.readStop(end);
      },
    }, {
      onWritable: (end) => {
        if (bench.send(end) === OK) bench.shutdown(end);
      },
    });
    if (bench.sendPattern(client, 200_000, 50_000) === OK) bench.shutdown(client);
    await bench.pass();
    await bench.settle(() => {
      bench.readStart(server);
      return server.hasEnded;
    }, "onEnd");
    assertEquals([read.offset, read.wrongAt], [200_000, -1]);
  });

  check("onEnd comes while reading and leaves the stream open", async (bench) => {
    const { client, server } = await bench.pair();
    bench.shutdown(client);
    await bench.settle(() => server.hasEnded, "onEnd");
    bench.readStop(server);
    bench.readStart(server);
    bench.sendPattern(server, 10, 10);
    await bench.settle(() => client.bytesIn === 10, "bytes after onEnd");
    assert(!client.isClosed && !server.isClosed);
  });
}
