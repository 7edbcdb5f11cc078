/**
 * The ring: what goes in comes out, once and in order, whatever the sizes and however late its
 * memory comes home; and who waits is told.
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { Buf } from "../../../core/buf.ts";
import { bufOf, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import type { ThreadPort } from "../../../core/capabilities/threads.ts";
import {
  CREDITED,
  DATA,
  FINISH,
  makeRing,
  NEEDED,
  Ring,
  WRITTEN,
} from "../../../core/work/ring.ts";
import { RingReader } from "../../../core/work/ring_reader.ts";
import { RingWriter, ThreadStopped } from "../../../core/work/ring_writer.ts";
import { Random } from "../../../runtimes/memory/random.ts";

const WINDOW = 64 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Both sides of a ring whose positions begin at `start`, on one thread. */
function makeSides(start = 0) {
  const ring = makeRing(WINDOW);
  Atomics.store(ring.words, WRITTEN, start);
  Atomics.store(ring.words, CREDITED, start);
  const told = { reader: 0, credits: 0 };
  const port = { wait: null, now: () => 0 } as unknown as ThreadPort;
  const writer = new RingWriter(ring, port, () => told.reader++);
  const reader = new RingReader(
    new Ring(ring.memory),
    () => writer.credited(),
    () => told.credits++,
  );
  return { ring, writer, reader, told };
}

/** Takes a buffer as a runtime would, and gives it back when it likes. */
function lend(buf: Buf): Buf {
  const chain = new Chain();
  chain.append(buf);
  return chain.lend();
}

/** Byte i of the stream. */
function byteAt(i: number): number {
  return (i * 7 + (i >> 8)) & 0xff;
}

for (const start of [0, 0x7fff_f000 & ~3, -8]) {
  test(`a ring carries a stream past its end and past position ${start}`, async () => {
    const { writer, reader } = makeSides(start);
    const random = new Random(start + 1);
    const below = (bound: number) => random.word() % bound;
    const total = 3_000_000;
    const home: Buf[] = [];
    let isOver = false;
    const writing = (async () => {
      for (let at = 0; at < total;) {
        const size = Math.min(1 + below(below(2) === 0 ? 100 : 40_000), total - at);
        await writer.write(DATA, Uint8Array.from({ length: size }, (_, i) => byteAt(at + i)));
        at += size;
      }
      await writer.write(FINISH, NO_BYTES);
    })();
    let read = 0;
    const check = (bytes: Uint8Array) => {
      for (const byte of bytes) assertEquals(byte, byteAt(read++));
    };
    while (!isOver) {
      if (!reader.hasEntry || home.length > 6) {
        // Memory comes home in any order.
        if (home.length > 0) releaseBuf(home.splice(below(home.length), 1)[0]!);
        await Promise.resolve();
      } else if (reader.kind === FINISH) {
        reader.skip();
        isOver = true;
      } else if (below(2) === 0) {
        const into = new Uint8Array(reader.length + 3);
        reader.copy(into, 3);
        check(into.subarray(3));
      } else {
        for (const buf of reader.lend()) {
          check(buf.view());
          home.push(lend(buf));
        }
      }
    }
    await writing;
    assertEquals([read, reader.hasEntry], [total, false]);
    for (const buf of home) releaseBuf(buf);
    assertEquals(reader.isHome, true);
  });
}

test("sleep() asks for one message, and for none when there is an entry", () => {
  const { writer, reader, told } = makeSides();
  assertEquals(reader.sleep(), true);
  writer.writeSync(DATA, bufOf(new Uint8Array(10)).bytes);
  writer.writeSync(DATA, new Uint8Array(10));
  assertEquals(told.reader, 1);
  assertEquals(reader.sleep(), false);
  writer.writeSync(DATA, new Uint8Array(10));
  assertEquals(told.reader, 1);
});

test("write() waits for as much room as it needs, and no signal comes before", async () => {
  const { ring, writer, reader } = makeSides();
  await writer.write(DATA, new Uint8Array(WINDOW - 64));
  let isWritten = false;
  const waiting = writer.write(DATA, new Uint8Array(10_000)).then(() => isWritten = true);
  await Promise.resolve();
  assertEquals([reader.writerWaits, Atomics.load(ring.words, NEEDED)], [true, 10_004]);
  const signals = () => Atomics.load(ring.words, 6);
  const bufs = Array.from({ length: 4 }, () => reader.lend()).flat().map(lend);
  releaseBuf(bufs[1]!);
  assertEquals(signals(), 0, "a hole was credited");
  releaseBuf(bufs[0]!);
  assertEquals(signals(), 1);
  await waiting;
  assertEquals([isWritten, reader.writerWaits], [true, false]);
  for (const buf of bufs.slice(2)) releaseBuf(buf);
});

test("stop() makes each write throw, one that waits too", async () => {
  const { writer, reader } = makeSides();
  await writer.write(DATA, new Uint8Array(WINDOW - 64));
  const waiting = writer.write(DATA, new Uint8Array(10_000));
  await Promise.resolve();
  reader.stop("client-gone");
  const error = await assertRejects(() => waiting, ThreadStopped);
  assertEquals(error.cause, "client-gone");
  assertThrows(() => writer.writeSync(DATA, NO_BYTES), ThreadStopped);
  reader.stop("closing");
  assertEquals(
    (await assertRejects(() => writer.write(DATA, NO_BYTES), ThreadStopped)).cause,
    "client-gone",
  );
});

test("writeSync() where nothing can block, or behind a write that waits, says so", async () => {
  const { writer, reader } = makeSides();
  writer.writeSync(DATA, new Uint8Array(WINDOW - 64));
  assertThrows(() => writer.writeSync(DATA, new Uint8Array(10_000)), Error, "cannot block");
  const waiting = writer.write(DATA, new Uint8Array(10_000));
  assertThrows(() => writer.writeSync(DATA, NO_BYTES), Error, "has not been awaited");
  while (reader.hasEntry) reader.skip();
  await waiting;
});
