/** The small parts of the in-memory runtime: tasks, random bytes, byte queues, addresses. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { bufOf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import { addressesMeet, textOfAddress } from "../../../runtimes/memory/address.ts";
import { ByteQueue } from "../../../runtimes/memory/byte_queue.ts";
import { checkLent, type Lent, Outgoing } from "../../../runtimes/memory/outgoing.ts";
import { Random } from "../../../runtimes/memory/random.ts";
import { IN_ORDER, type Schedule, Task, TaskQueue } from "../../../runtimes/memory/schedule.ts";
import { bytesOf, chainOf } from "./recorder.ts";

describe("TaskQueue", () => {
  test("takes the oldest task first, and each once however often it was added", () => {
    const { queue, task } = makeQueue(IN_ORDER);
    const [a, b] = [task("a"), task("b")];
    for (const one of [a, b, a]) queue.add(one);
    assertEquals([queue.length, a.isWaiting, queue.describe()], [2, true, ["a to x", "b to x"]]);
    assert(queue.take() === a);
    queue.add(a);
    assert(queue.take() === b);
    assert(queue.take() === a);
    assertEquals([queue.take(), queue.length, a.isWaiting], [null, 0, false]);
  });

  test("takes the task that the schedule chooses, by age", () => {
    const asked: number[] = [];
    const lastFirst: Schedule = {
      ...IN_ORDER,
      next: (count) => {
        asked.push(count);
        return count - 1;
      },
    };
    const { queue, task } = makeQueue(lastFirst);
    for (const name of ["a", "b", "c"]) queue.add(task(name));
    assertEquals([1, 2, 3].map(() => String(queue.take())), ["c to x", "b to x", "a to x"]);
    assertEquals(asked, [3, 2, 1]);
  });

  test("keeps the order over many tasks", () => {
    const { queue, task } = makeQueue(IN_ORDER);
    const taken: string[] = [];
    for (let i = 0; i < 5000; i++) queue.add(task(String(i)));
    for (let i = 0; i < 5000; i++) {
      taken.push(String(queue.take()));
      if (i % 2 === 0) queue.add(task(`again ${i}`));
    }
    assertEquals([taken[0], taken[4999], queue.length], ["0 to x", "4999 to x", 2500]);
    assertEquals(String(queue.take()), "again 0 to x");
  });
});

describe("Random", () => {
  test("fills the same bytes for the same seed and others for another", () => {
    const bytesFor = (seed: number): Uint8Array => {
      const bytes = new Uint8Array(1001);
      new Random(seed).fill(bytes);
      return bytes;
    };
    assertEquals(bytesFor(7), bytesFor(7));
    assert(bytesFor(7).some((byte, i) => byte !== bytesFor(8)[i]));
    assertEquals(new Set(bytesFor(0)).size > 200, true);
  });

  test("gives words that are pinned, so that a seed means the same run for ever", () => {
    const random = new Random(1);
    assertEquals([random.word(), random.word(), random.word()], PINNED_WORDS);
  });

  test("goes on where it was", () => {
    const [one, other] = [new Random(3), new Random(3)];
    const [both, first, second] = [new Uint8Array(16), new Uint8Array(8), new Uint8Array(8)];
    one.fill(both);
    other.fill(first);
    other.fill(second);
    assertEquals([...first, ...second], [...both]);
  });
});

describe("ByteQueue", () => {
  test("gives back what was written, in pieces of any size", () => {
    const queue = new ByteQueue(16);
    queue.write(bytesOf("abcde"));
    queue.write(bytesOf(""));
    queue.write(bytesOf("fgh"));
    assertEquals([queue.size, queue.room], [8, 8]);
    assertEquals([2, 1, 4, 1].map((count) => readText(queue, count)), ["ab", "c", "defg", "h"]);
    assertEquals([queue.size, queue.room], [0, 16]);
  });

  test("copies: what the writer does later is not seen", () => {
    const queue = new ByteQueue(4);
    const bytes = bytesOf("abcd");
    queue.write(bytes);
    bytes.fill(0);
    assertEquals(readText(queue, 4), "abcd");
  });

  test("is at fault beyond its bound and beyond its end", () => {
    const queue = new ByteQueue(4);
    queue.write(bytesOf("abc"));
    assertThrows(() => queue.write(bytesOf("de")), AssertionFault, "beyond its bound");
    assertThrows(() => queue.read(new Uint8Array(4)), AssertionFault, "beyond its end");
    queue.clear();
    assertEquals([queue.size, queue.room], [0, 4]);
  });
});

describe("Outgoing", () => {
  test("checkLent() sees every change of one byte, wherever the memory lies", () => {
    const memory = new ArrayBuffer(32);
    for (let start = 0; start < 5; start++) {
      for (let length = 0; length < 15; length++) {
        const bytes = new Uint8Array(memory, start, length);
        const lent = takeWhole(bytes);
        checkLent(lent, "a stream");
        for (let at = 0; at < length; at++) {
          bytes[at]! ^= 0x80;
          assertThrows(() => checkLent(lent, "a stream"), AssertionFault, "lent to a stream");
          bytes[at]! ^= 0x80;
        }
        checkLent(lent, "a stream");
      }
    }
  });

  test("carries what was taken, whole or in part, and tells what is through", () => {
    const outgoing = new Outgoing(true);
    const part = bufOf(bytesOf("abcdef"));
    outgoing.takePart(part, 2);
    assertEquals([part.pos, outgoing.size, outgoing.lentCount], [2, 2, 0]);
    outgoing.takeWhole(chainOf("ghi"));
    outgoing.takeWhole(chainOf(""));
    let text = "";
    const sink = (bytes: Uint8Array): void => {
      text += String.fromCharCode(...bytes);
    };
    assertEquals(outgoing.carry(4, sink).length, 0);
    assertEquals([text, outgoing.size, outgoing.lentCount, outgoing.isEmpty], [
      "abgh",
      1,
      2,
      false,
    ]);
    assertEquals(outgoing.carry(1, sink).length, 2);
    assertEquals([text, outgoing.size, outgoing.lentCount, outgoing.isEmpty], [
      "abghi",
      0,
      0,
      true,
    ]);
  });

  test("drop() answers the lent buffers, in order", () => {
    const outgoing = new Outgoing(false);
    outgoing.takeWhole(chainOf("a"));
    outgoing.takePart(bufOf(bytesOf("xyz")), 1);
    outgoing.takeWhole(chainOf("b"));
    const lent = outgoing.drop();
    assertEquals(lent.map((one) => String.fromCharCode(...one.bytes)), ["a", "b"]);
    assertEquals([outgoing.size, outgoing.isEmpty], [0, true]);
  });
});

describe("addresses", () => {
  test("read as in a URL", () => {
    assertEquals(textOfAddress({ transport: "tcp", host: "::1", port: 80 }), "[::1]:80");
    assertEquals(textOfAddress({ transport: "tcp", host: "a.test", port: 8080 }), "a.test:8080");
    assertEquals(textOfAddress({ transport: "unix", path: "/run/a" }), "unix:/run/a");
  });

  test("meet by host and port, and never across transports", () => {
    const tcp = (host: string, port: number) => ({ transport: "tcp", host, port }) as const;
    const unix = (path: string) => ({ transport: "unix", path }) as const;
    assertEquals(addressesMeet(tcp("LOCALHOST", 80), tcp("127.0.0.1", 80)), true);
    assertEquals(addressesMeet(tcp("127.0.0.1", 80), tcp("::", 80)), true);
    assertEquals(addressesMeet(tcp("127.0.0.1", 80), tcp("127.0.0.1", 81)), false);
    assertEquals(addressesMeet(tcp("a.test", 80), tcp("b.test", 80)), false);
    assertEquals(addressesMeet(unix("/a"), unix("/a")), true);
    assertEquals(addressesMeet(unix("/a"), unix("/b")), false);
    assertEquals(addressesMeet(unix("/a"), tcp("/a", 80)), false);
  });
});

const PINNED_WORDS = [2442144158, 3238099751, 3819917871];

function makeQueue(schedule: Schedule): { queue: TaskQueue; task: (name: string) => Task } {
  const task = (name: string): Task => new Task(name, "to x", () => {});
  return { queue: new TaskQueue(schedule), task };
}

function takeWhole(bytes: Uint8Array): Lent {
  const outgoing = new Outgoing(true);
  const chain = new Chain();
  chain.append(bufOf(bytes));
  outgoing.takeWhole(chain);
  return outgoing.carry(bytes.length, () => {})[0]!;
}

function readText(queue: ByteQueue, count: number): string {
  const bytes = new Uint8Array(count);
  queue.read(bytes);
  return String.fromCharCode(...bytes);
}
