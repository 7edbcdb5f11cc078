/** The posted queue: order, turns, and that no call can starve the rest. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Posted, PostedQueue } from "../../../core/posted.ts";

test("post() runs nothing at once and asks for one turn", () => {
  const { queue, turns, ran } = makeQueue();
  queue.postCall(() => ran.push("a"));
  queue.postCall(() => ran.push("b"));
  assertEquals([ran, turns.asked, queue.length], [[], 1, 2]);
});

test("drain() runs the calls in the order in which they were posted", () => {
  const { queue, ran } = makeQueue();
  for (const name of ["a", "b", "c"]) queue.postCall(() => ran.push(name));
  queue.drain();
  assertEquals([ran, queue.length], [["a", "b", "c"], 0]);
});

test("drain() leaves what is posted meanwhile to the next turn, for which it asked", () => {
  const { queue, turns, ran } = makeQueue();
  const feed = (): void => {
    ran.push("fed");
    queue.postCall(feed);
  };
  queue.postCall(feed);
  queue.postCall(() => ran.push("other"));
  queue.drain();
  assertEquals([ran, turns.asked, queue.length], [["fed", "other"], 2, 1]);
  queue.drain();
  assertEquals([ran, turns.asked, queue.length], [["fed", "other", "fed"], 3, 1]);
});

test("post() of an object that is posted already changes nothing", () => {
  const { queue, turns, ran } = makeQueue();
  const call = new Call(() => ran.push("call"));
  queue.post(call);
  queue.postCall(() => ran.push("other"));
  queue.post(call);
  assertEquals([queue.length, turns.asked, call.posted], [2, 1, true]);
  queue.drain();
  assertEquals([ran, call.posted], [["call", "other"], false]);
});

test("post() of an object from its own call runs it once in the next turn", () => {
  const { queue, ran } = makeQueue();
  const call: Call = new Call(() => {
    ran.push("call");
    if (ran.length === 1) {
      queue.post(call);
      queue.post(call);
    }
  });
  queue.post(call);
  queue.drain();
  assertEquals([ran.length, queue.length], [1, 1]);
  queue.drain();
  assertEquals([ran.length, queue.length], [2, 0]);
});

test("post() of an object that waits in the batch being drained keeps it in that batch", () => {
  const { queue, ran } = makeQueue();
  const later = new Call(() => ran.push("later"));
  queue.postCall(() => queue.post(later));
  queue.post(later);
  queue.drain();
  assertEquals([ran, queue.length], [["later"], 0]);
});

test("length counts the rest of the batch while it is drained", () => {
  const { queue } = makeQueue();
  const lengths: number[] = [];
  for (let i = 0; i < 3; i++) queue.postCall(() => lengths.push(queue.length));
  queue.drain();
  assertEquals(lengths, [2, 1, 0]);
});

test("drain() keeps the calls behind one that throws, before those posted meanwhile", () => {
  const { queue, turns, ran } = makeQueue();
  queue.postCall(() => {
    queue.postCall(() => ran.push("meanwhile"));
    throw new Error("thrown by a call");
  });
  queue.postCall(() => ran.push("behind"));
  queue.postCall(() => ran.push("further behind"));
  assertThrows(() => queue.drain(), Error, "thrown by a call");
  assertEquals([ran, queue.length], [[], 3]);
  assertEquals(turns.asked >= 2, true);
  queue.drain();
  assertEquals([ran, queue.length], [["behind", "further behind", "meanwhile"], 0]);
});

test("drain() of an empty queue does nothing", () => {
  const { queue, turns } = makeQueue();
  queue.drain();
  assertEquals([queue.length, turns.asked], [0, 0]);
});

class Call implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  readonly runPosted: () => void;

  constructor(run: () => void) {
    this.runPosted = run;
  }
}

function makeQueue(): { queue: PostedQueue; turns: { asked: number }; ran: string[] } {
  const turns = { asked: 0 };
  return { queue: new PostedQueue({ soon: () => turns.asked++ }), turns, ran: [] };
}
