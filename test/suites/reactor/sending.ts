/**
 * Checks of `send`: who has which bytes, when they come home, and what AGAIN promises.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { Buf, bufOf } from "../../../core/buf.ts";
import { AGAIN, ERROR, OK } from "../../../core/status.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";
import type { End } from "./end.ts";
import { fillPattern, PatternReader } from "./pattern.ts";

const MIB = 1 << 20;

export function checkSending(check: Check<Bench>): void {
  check("send() delivers bytes in order, both ways at once", async (bench) => {
    const reads = [new PatternReader(), new PatternReader()] as const;
    const { client, server } = await bench.pair(
      { onData: (_end, bytes) => reads[0].take(bytes) },
      { onData: (_end, bytes) => reads[1].take(bytes) },
    );
    bench.sendPattern(client, MIB, 10_007);
    bench.sendPattern(server, MIB, 70_001);
    await bench.settle(() => reads.every((read) => read.offset === MIB), "1 MiB at both ends");
    assertEquals(reads.map((read) => read.wrongAt), [-1, -1]);
  });

  check("send() takes buffers that are a window on larger memory", async (bench) => {
    const read = new PatternReader();
    const { client } = await bench.pair({ onData: (_end, bytes) => read.take(bytes) });
    const memory = new Uint8Array(64);
    fillPattern(memory, 0);
    // A view that does not begin at 0, and in it a window that does not either.
    const buf = new Buf(memory.subarray(10, 50));
    buf.pos = 5;
    buf.end = 25;
    const skipped = memory.slice(0, 15);
    client.out.append(bufOf(skipped));
    client.out.append(buf);
    bench.send(client);
    await bench.settle(() => read.offset === 35, "35 bytes");
    assertEquals(read.wrongAt, -1);
  });

  check("send() takes empty buffers and gives them back", async (bench) => {
    const { client, server } = await bench.pair();
    for (const size of [0, 3, 0, 0, 2, 0]) client.out.append(bufOf(new Uint8Array(size)));
    bench.send(client);
    await bench.settle(() => client.released === 6 && server.bytesIn === 5, "six releases");
    assertEquals(client.taken, 6);
  });

  check("send() of an empty chain answers OK", async (bench) => {
    const { client } = await bench.pair();
    // Where a fault says AGAIN to anything, it says so to nothing too.
    const code = bench.send(client);
    if (bench.rig.cuts !== true) assertEquals(code, OK);
    await bench.settle(() => !client.again, "readiness");
  });

  check("send() takes one large buffer and gives it back once", async (bench) => {
    const read = new PatternReader();
    const { client } = await bench.pair({ onData: (_end, bytes) => read.take(bytes) });
    bench.sendPattern(client, 6 * MIB, 6 * MIB);
    await bench.settle(() => read.offset === 6 * MIB && client.released === 1, "6 MiB");
    assertEquals(read.wrongAt, -1);
  });

  check("send() answers AGAIN while the peer does not read; one onWritable each", async (bench) => {
    const read = new PatternReader();
    const { client, server } = await bench.pair({
      onOpen: (end) => bench.readStop(end),
      onData: (_end, bytes) => read.take(bytes),
    });
    await bench.clog(client, 65536);
    assert(client.again);
    assertGreater(client.agains, 0);
    bench.readStart(server);
    await bench.settle(() => client.out.isEmpty && !client.again, "onWritable");
    assertEquals(client.writables, client.agains);
    assertEquals(read.wrongAt, -1);
  });

  check("onWritable does not come without AGAIN", async (bench) => {
    const { client, server } = await bench.pair({
      onData: (end, bytes) => {
        end.out.append(bufOf(new Uint8Array(bytes)));
        if (!end.again) bench.send(end);
      },
    });
    for (let round = 1; round <= 20; round++) {
      client.out.append(bufOf(new Uint8Array(10)));
      bench.send(client);
      await bench.settle(
        () => client.bytesIn === 10 * round && !client.again && !server.again,
        "the echo",
      );
    }
    assertEquals(client.writables + server.writables, client.agains + server.agains);
  });

  check("send() answers ERROR on a closed handle and takes nothing", async (bench) => {
    const { client, server } = await bench.pair();
    bench.abort(client);
    client.out.append(bufOf(new Uint8Array(5)));
    assertEquals(bench.send(client), ERROR);
    await bench.settle(() => client.isClosed, "onClose");
    assertEquals(bench.send(client), ERROR);
    assertEquals([client.out.count, client.taken], [1, 0]);
    client.out.drop();
    await bench.settle(() => server.isClosed || server.hasEnded, "the end at the peer");
  });

  check("a buffer that is refilled when it is released keeps every byte", async (bench) => {
    const { sender, read } = await refill(bench, "released");
    assertEquals(read.wrongAt, -1);
    assertEquals(sender.released, sender.taken);
    assertGreater(sender.agains, 3);
  });

  check(
    "a buffer that is refilled when it is taken loses bytes where the runtime lends",
    async (bench) => {
      const { sender, read } = await refill(bench, "taken");
      assertGreater(sender.agains, 3);
      if (bench.rig.lends) assertNotEquals(read.wrongAt, -1, "the check above would see nothing");
      else assertEquals(read.wrongAt, -1);
    },
  );
}

const REFILL_TOTAL = 16 * MIB;
const REFILL_BUF_BYTES = 32768;
/** How much the slow reader takes before it stops again. */
const REFILL_STEP = 256 * 1024;

/**
 * Sends 16 MiB through a pool of two buffers to a reader that stops and starts. A buffer is
 * filled again when it is released; or, the fault that the contract is about, as soon as `send`
 * has taken it.
 */
async function refill(
  bench: Bench,
  when: "released" | "taken",
): Promise<{ sender: End; read: PatternReader }> {
  const read = new PatternReader();
  let stopAt = REFILL_STEP;
  const source = new Refiller(bench, when);
  const { client, server } = await bench.pair({
    onData: (end, bytes) => {
      read.take(bytes);
      if (read.offset >= stopAt) bench.readStop(end);
    },
  }, {
    onWritable: (end) => source.pump(end),
    onRelease: (end, buf) => source.released(end, buf),
  });
  source.pump(client);
  while (read.offset < REFILL_TOTAL) {
    await bench.settle(
      () =>
        client.again || client.taken - client.released === 2 || source.isDone ||
        read.offset < stopAt,
      "AGAIN, both buffers lent, or the last byte",
    );
    if (read.offset >= stopAt) {
      stopAt = read.offset + REFILL_STEP;
      bench.readStart(server);
    }
    await bench.settle(
      () => read.offset >= stopAt || read.offset === REFILL_TOTAL,
      "the reader's next step",
    );
  }
  await bench.settle(() => client.released === client.taken, "the last release");
  return { sender: client, read };
}

class Refiller {
  readonly #bench: Bench;
  readonly #when: "released" | "taken";
  readonly #free: Buf[] = [];
  /** The memory that the faulty way uses over and over. */
  readonly #memory = new Uint8Array(REFILL_BUF_BYTES);
  #offset = 0;

  constructor(bench: Bench, when: "released" | "taken") {
    this.#bench = bench;
    this.#when = when;
    for (let i = 0; i < 2; i++) this.#free.push(new Buf(new Uint8Array(REFILL_BUF_BYTES)));
  }

  get isDone(): boolean {
    return this.#offset === REFILL_TOTAL;
  }

  pump(end: End): void {
    if (!end.out.isEmpty && this.#bench.send(end) === AGAIN) {
      this.#refillTaken(end);
      return;
    }
    while (!this.isDone) {
      const buf = this.#when === "released" ? this.#free.pop() : bufOf(this.#memory);
      if (buf === undefined) return;
      fillPattern(buf.bytes, this.#offset);
      buf.end = buf.bytes.length;
      this.#offset += buf.end;
      end.out.append(buf);
      if (this.#bench.send(end) === AGAIN) {
        this.#refillTaken(end);
        return;
      }
    }
  }

  /** The fault: what was taken is written to while it may still be lent. */
  #refillTaken(end: End): void {
    if (this.#when === "taken" && end.out.isEmpty) fillPattern(this.#memory, this.#offset);
  }

  released(end: End, buf: Buf): void {
    if (this.#when === "taken") return;
    this.#free.push(buf);
    if (!this.#bench.isSending && !end.again) this.pump(end);
  }
}
