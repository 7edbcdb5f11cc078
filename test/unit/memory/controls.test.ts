/** The controls of the in-memory reactor: events, time, promises, reports. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { Loop } from "../../../core/loop.ts";
import { Timer } from "../../../core/timers.ts";
import { createMemoryReactor, type MemoryReactor } from "../../../runtimes/memory.ts";
import { ADDRESS, chainOf, Recorder } from "./recorder.ts";

const NOTHING = {
  runnable: [],
  postponed: [],
  open: [],
  listening: [],
  files: [],
  lentBufs: 0,
  wakeAtMs: Infinity,
};

describe("createMemoryReactor()", () => {
  test("refuses sizes that are none", () => {
    for (const bufferBytes of [0, -1, 1.5, NaN]) {
      assertThrows(() => createMemoryReactor({ bufferBytes }), RangeError, "bufferBytes");
    }
    for (const segmentBytes of [0, 65537]) {
      assertThrows(() => createMemoryReactor({ segmentBytes }), RangeError, "segmentBytes");
    }
  });

  test("says what it is", () => {
    const reactor = createMemoryReactor();
    assertEquals([reactor.runtime, reactor.via], ["memory", "in memory"]);
  });

  test("starts both clocks where it is told", () => {
    const reactor = createMemoryReactor({ startTimeMs: 500, wallTimeMs: 1_000_000 });
    assertEquals([reactor.now(), reactor.wallTime()], [500, 1_000_000]);
    reactor.advance(250);
    assertEquals([reactor.now(), reactor.wallTime()], [750, 1_000_250]);
  });
});

describe("spend()", () => {
  test("moves the stopwatch at once, and the clock behind the event", () => {
    const { reactor, loop } = makeLoop();
    const seen: number[] = [];
    loop.postCall(() => {
      reactor.spend(30);
      seen.push(reactor.now(), reactor.stopwatchMs());
    });
    reactor.run();
    assertEquals([...seen, reactor.now(), reactor.stopwatchMs()], [0, 30, 30, 30]);
  });

  test("makes a wake-up late that came due meanwhile", () => {
    const { reactor, loop } = makeLoop();
    const woken: number[] = [];
    loop.timers.arm(new Timer({ onTimer: () => woken.push(reactor.now()) }), 100);
    loop.postCall(() => reactor.spend(250));
    reactor.run();
    assertEquals(woken, [250]);
  });

  test("is refused outside of an event, and for a time that is none", () => {
    const { reactor, loop } = makeLoop();
    assertThrows(() => reactor.spend(1), Error, "outside of an event");
    loop.postCall(() => reactor.spend(-1));
    assertThrows(() => reactor.run(), RangeError, "-1 ms");
  });
});

describe("step() and run()", () => {
  test("run one event, or all of them, and say so", async () => {
    const reactor = createMemoryReactor();
    assertEquals([reactor.step(), reactor.run()], [false, 0]);
    await reactor.listen(ADDRESS, new Recorder());
    reactor.connect(ADDRESS, new Recorder());
    assertEquals(reactor.step(), true);
    assertEquals([reactor.run(), reactor.run()], [2, 0]);
  });

  test("let out what a handler throws, and go on after it", () => {
    const { reactor, loop } = makeLoop();
    loop.postCall(() => {
      throw new Error("thrown by a handler");
    });
    let ran = false;
    loop.postCall(() => ran = true);
    assertThrows(() => reactor.run(), Error, "thrown by a handler");
    reactor.run();
    assert(ran);
  });

  test("from inside an event are a fault", () => {
    const { reactor, loop } = makeLoop();
    loop.postCall(() => reactor.run());
    assertThrows(() => reactor.run(), AssertionFault, "from inside an event");
  });

  test("give up on what feeds itself, and say what it is", () => {
    const { reactor, loop } = makeLoop();
    const feed = (): void => loop.postCall(feed);
    feed();
    const error = assertThrows(() => reactor.run(100), Error) as Error;
    assertEquals(
      error.message,
      "the in-memory reactor is not quiet after 100 events at 0 ms; runnable: end of turn",
    );
  });
});

describe("attach() and soon()", () => {
  test("bring one endOfTurn behind the events that are runnable by then", async () => {
    const { reactor, loop } = makeLoop();
    const order: string[] = [];
    await reactor.listen(ADDRESS, new Recorder(() => order.push("accepted")));
    reactor.connect(
      ADDRESS,
      new Recorder(() => {
        order.push("connected");
        loop.postCall(() => order.push("end of turn"));
        loop.postCall(() => order.push("the same turn"));
      }),
    );
    assertEquals(reactor.run(), 4);
    assertEquals(order, ["connected", "accepted", "end of turn", "the same turn"]);
  });

  test("refuse a second loop, and a turn without a loop", () => {
    const reactor = createMemoryReactor();
    assertThrows(() => reactor.soon(), AssertionFault, "before a loop");
    new Loop(reactor);
    assertThrows(() => new Loop(reactor), AssertionFault, "second loop");
  });
});

describe("advance()", () => {
  test("stops at each wake-up, with all that follows from it", () => {
    const { reactor, loop } = makeLoop();
    const seen: string[] = [];
    const again = new Timer({
      onTimer: (timer) => {
        seen.push(`timer ${loop.now()}`);
        loop.postCall(() => seen.push(`posted ${loop.now()}`));
        if (loop.now() < 1000) loop.timers.arm(timer, loop.now() + 400);
      },
    });
    loop.timers.arm(again, 300);
    reactor.advance(10_000);
    assertEquals(
      seen,
      [300, 700, 1100].flatMap((ms) => [`timer ${ms}`, `posted ${ms}`]),
    );
    assertEquals([reactor.now(), reactor.pending()], [10_000, NOTHING]);
  });

  test("stops exactly at the time that was asked for", () => {
    const reactor = createMemoryReactor();
    const wakes: number[] = [];
    reactor.attach({ endOfTurn: () => {}, onWake: () => wakes.push(reactor.now()) });
    reactor.wakeAt(99.5);
    reactor.advance(99.25);
    assertEquals([wakes, reactor.pending().wakeAtMs], [[], 99.5]);
    reactor.advance(0.25);
    assertEquals([wakes, reactor.pending().wakeAtMs], [[99.5], Infinity]);
  });

  test("runs what is runnable before the clock moves", () => {
    const { reactor, loop } = makeLoop();
    const seen: number[] = [];
    loop.postCall(() => seen.push(loop.now()));
    reactor.advance(100);
    assertEquals(seen, [0]);
  });

  test("does not go back or for ever", () => {
    const reactor = createMemoryReactor();
    for (const ms of [-1, NaN, Infinity]) {
      assertThrows(() => reactor.advance(ms), RangeError, "time cannot move");
    }
  });
});

describe("wakeAt()", () => {
  test("replaces the wake-up before it, and Infinity cancels", () => {
    const reactor = createMemoryReactor();
    const wakes: number[] = [];
    reactor.attach({ endOfTurn: () => {}, onWake: () => wakes.push(reactor.now()) });
    reactor.wakeAt(100);
    reactor.wakeAt(200);
    reactor.advance(250);
    reactor.wakeAt(100);
    reactor.wakeAt(Infinity);
    reactor.advance(250);
    assertEquals(wakes, [200]);
  });

  test("in the past wakes in an event, at once", () => {
    const reactor = createMemoryReactor({ startTimeMs: 1000 });
    const wakes: number[] = [];
    reactor.attach({ endOfTurn: () => {}, onWake: () => wakes.push(reactor.now()) });
    reactor.wakeAt(10);
    assertEquals(wakes, []);
    reactor.run();
    assertEquals(wakes, [1000]);
  });
});

describe("settle(), elapse(), runUntil() and waitFor()", () => {
  test("let long chains of promises run out between events", async () => {
    const { reactor, loop } = makeLoop();
    const seen: string[] = [];
    loop.postCall(() => {
      hops(1000).then(() => {
        seen.push("promise");
        loop.postCall(() => seen.push("posted by the promise"));
      });
      loop.postCall(() => seen.push("next turn"));
    });
    await reactor.settle();
    assertEquals(seen, ["promise", "next turn", "posted by the promise"]);
  });

  test("settle() starts with promises that wait already", async () => {
    const { reactor, loop } = makeLoop();
    let ran = false;
    hops(50).then(() => loop.postCall(() => ran = true));
    await reactor.settle();
    assert(ran);
  });

  test("elapse() lets promises settle at each stop of the clock", async () => {
    const { reactor, loop } = makeLoop();
    const seen: number[] = [];
    const timer = new Timer({
      onTimer: () => {
        hops(20).then(() => {
          seen.push(loop.now());
          if (seen.length < 3) loop.timers.arm(timer, loop.now() + 100);
        });
      },
    });
    loop.timers.arm(timer, 100);
    await reactor.elapse(1000);
    assertEquals([seen, loop.now()], [[100, 200, 300], 1000]);
  });

  test("runUntil() leaves the clock alone while there is something to do", async () => {
    const { reactor, loop } = makeLoop();
    let turns = 0;
    const count = (): void => {
      turns++;
      if (turns < 50) hops(3).then(() => loop.postCall(count));
    };
    loop.postCall(count);
    loop.timers.arm(new Timer({ onTimer: () => turns = -1000 }), 100);
    await reactor.runUntil(() => turns === 50, { withinMs: 1000 });
    assertEquals(loop.now(), 0);
  });

  test("runUntil() moves the clock by wake-ups when there is nothing to do", async () => {
    const { reactor, loop } = makeLoop();
    let fired = 0;
    const timer = new Timer({
      onTimer: () => {
        fired++;
        loop.timers.arm(timer, loop.now() + 1000);
      },
    });
    loop.timers.arm(timer, 1000);
    await reactor.runUntil(() => fired === 3, { withinMs: 60_000 });
    assertEquals(loop.now(), 3000);
    await reactor.runUntil(() => loop.now() === 3500, { withinMs: 500 });
  });

  test("runUntil() waits for the real world before the clock moves on", async () => {
    const { reactor, loop } = makeLoop();
    let digest: ArrayBuffer | null = null;
    crypto.subtle.digest("SHA-256", new Uint8Array(1000)).then((bytes) => digest = bytes);
    await reactor.runUntil(() => digest !== null);
    assertEquals(loop.now(), 0);
  });

  test("runUntil() rejects with what is pending when nothing brings the condition", async () => {
    const { reactor, loop } = makeLoop();
    await reactor.listen(ADDRESS, new Recorder());
    loop.timers.arm(new Timer({ onTimer: () => {} }), 5000);
    const error = await assertRejects(
      () => reactor.runUntil(() => false, { withinMs: 1000 }),
      Error,
    );
    assertEquals(
      error.message,
      "what was waited for did not come by 1000 ms; pending: " +
        '{"runnable":[],"postponed":[],"open":[],"listening":["127.0.0.1:80"],"files":[],' +
        '"lentBufs":0,"wakeAtMs":5000}',
    );
    await reactor.elapse(4000);
    await assertRejects(() => reactor.runUntil(() => false), Error, '"wakeAtMs":"never"');
  });

  test("runUntil() rejects when something feeds itself", async () => {
    const { reactor, loop } = makeLoop();
    const feed = (): void => loop.postCall(feed);
    feed();
    await assertRejects(() => reactor.settle(1000), Error, "not quiet after 1000 events");
    await assertRejects(
      () => reactor.runUntil(() => false, { eventsMax: 1000 }),
      Error,
      "not quiet after 1000 events",
    );
  });

  test("waitFor() answers and rejects as the promise does", async () => {
    const { reactor, loop } = makeLoop();
    const answer = new Promise<string>((resolve) => loop.postCall(() => resolve("answer")));
    assertEquals(await reactor.waitFor(answer), "answer");
    const refusal = new Promise<string>((_, reject) => {
      const timer = new Timer({ onTimer: () => reject(new Error("refused")) });
      loop.timers.arm(timer, 400);
    });
    await assertRejects(() => reactor.waitFor(refusal, { withinMs: 1000 }), Error, "refused");
    assertEquals(loop.now(), 400);
  });
});

describe("pending(), logs and random()", () => {
  test("pending() names what is open, runnable, listening and lent", async () => {
    const { reactor, loop } = makeLoop();
    assertEquals(reactor.pending(), NOTHING);
    const listener = await reactor.listen(ADDRESS, new Recorder());
    const clients = new Recorder();
    const handle = reactor.connect(ADDRESS, clients);
    const ends = ["127.0.0.1:49152 -> 127.0.0.1:80", "127.0.0.1:80 -> 127.0.0.1:49152"];
    assertEquals(reactor.pending().runnable, [`connect ${ends[0]}`]);
    reactor.run();
    reactor.send(handle, chainOf("a", "b"));
    const timer = new Timer({ onTimer: () => {} });
    loop.timers.arm(timer, 300);
    loop.postCall(() => {});
    assertEquals(reactor.pending(), {
      runnable: [`carry ${ends[0]}`, "end of turn"],
      postponed: [],
      open: ends,
      listening: ["127.0.0.1:80"],
      files: [],
      lentBufs: 2,
      wakeAtMs: 300,
    });
    reactor.abort(handle);
    assertEquals(reactor.pending().lentBufs, 2);
    reactor.run();
    loop.timers.disarm(timer);
    await listener.close();
    assertEquals(reactor.pending(), NOTHING);
  });

  test("logs keep every line, and onLog gets it at once", () => {
    const lines: string[] = [];
    const reactor = createMemoryReactor({
      onLog: (line) => lines.push(`${line.level} ${line.text}`),
    });
    reactor.log("info", "one");
    reactor.log("error", "two");
    assertEquals(lines, ["info one", "error two"]);
    assertEquals(reactor.logs, [
      { level: "info", text: "one" },
      { level: "error", text: "two" },
    ]);
  });

  test("random() depends on the seed alone", () => {
    const bytesFor = (seed?: number): number[] => {
      const bytes = new Uint8Array(32);
      createMemoryReactor(seed === undefined ? {} : { seed }).random(bytes);
      return [...bytes];
    };
    assertEquals(bytesFor(5), bytesFor(5));
    assertEquals(bytesFor(), bytesFor(1));
    assert(String(bytesFor(5)) !== String(bytesFor(6)));
  });
});

function makeLoop(): { reactor: MemoryReactor; loop: Loop } {
  const reactor = createMemoryReactor();
  return { reactor, loop: new Loop(reactor) };
}

/** A chain of microtasks. */
async function hops(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}
