/** The timer wheel: exactness, wake-ups, jumps of the clock, and an oracle. */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { Timer, TIMER_GRAIN_MS, Timers } from "../../../core/timers.ts";

const DAY_MS = 86_400_000;

describe("arm()", () => {
  test("asks for the wake-up of the first tick at or after the deadline", () => {
    for (
      const [deadlineMs, wakeMs] of [[1, 100], [100, 100], [100.001, 200], [250, 300]] as const
    ) {
      const clock = new FakeClock();
      clock.timers.arm(clock.timer("a"), deadlineMs);
      assertEquals(clock.wakes, [wakeMs]);
    }
  });

  test("asks again only when an earlier timer comes", () => {
    const clock = new FakeClock();
    clock.timers.arm(clock.timer("a"), 5000);
    clock.timers.arm(clock.timer("b"), 9000);
    clock.timers.arm(clock.timer("c"), 300);
    assertEquals(clock.wakes, [5000, 300]);
  });

  test("fires never before the deadline and less than a grain after it", () => {
    const clock = new FakeClock(7.25);
    for (const deadlineMs of [8, 99.5, 100, 101, 6399.9, 6400, 6401, 409_600, 1e6 + 0.1]) {
      clock.timers.arm(clock.timer(String(deadlineMs)), deadlineMs);
    }
    clock.runUntil(2e6);
    assertEquals(clock.fired.length, 9);
    for (const { name, atMs } of clock.fired) {
      assert(atMs >= Number(name), `${name} fired at ${atMs}`);
      assertLess(atMs, Number(name) + TIMER_GRAIN_MS);
    }
  });

  test("fires a timer that was armed too late as soon as the clock can", () => {
    const clock = new FakeClock(1050);
    const timer = clock.timer("late");
    clock.timers.arm(timer, 20);
    assertLess(clock.wakes[0]!, 1051);
    clock.runUntil(1150);
    assertEquals(clock.fired.map((one) => one.name), ["late"]);
  });

  test("to a later deadline asks the clock for nothing", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    clock.timers.arm(timer, 1000);
    for (let nowMs = 10; nowMs < 900; nowMs += 10) clock.timers.arm(timer, nowMs + 1000);
    assertEquals([clock.wakes, timer.deadlineMs, clock.timers.count], [[1000], 1890, 1]);
    clock.runUntil(5000);
    assertEquals(clock.fired, [{ name: "a", atMs: 1900 }]);
    assertEquals(clock.wakes, [1000, 1900]);
  });

  test("to an earlier deadline moves the timer and the wake-up", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    clock.timers.arm(timer, 60_000);
    clock.timers.arm(timer, 500);
    assertEquals(clock.wakes, [60_000, 500]);
    clock.runUntil(100_000);
    assertEquals(clock.fired, [{ name: "a", atMs: 500 }]);
  });

  test("to an earlier deadline within the same tick keeps the tick", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    clock.timers.arm(timer, 580);
    clock.timers.arm(timer, 510);
    assertEquals([clock.wakes, timer.deadlineMs], [[600], 510]);
    clock.runUntil(1000);
    assertEquals(clock.fired, [{ name: "a", atMs: 600 }]);
  });

  test("with Infinity means never, and disarms", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    clock.timers.arm(timer, Infinity);
    assertEquals([timer.isArmed, clock.wakes], [false, []]);
    clock.timers.arm(timer, 500);
    clock.timers.arm(timer, Infinity);
    assertEquals([timer.isArmed, clock.timers.count, clock.wakes], [false, 0, [500, Infinity]]);
    clock.timers.arm(timer, Number.MAX_VALUE);
    assertEquals(timer.isArmed, false);
  });

  test("with a deadline that is not a number is a fault", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    assertThrows(() => clock.timers.arm(timer, NaN), AssertionFault, "not a number");
    assertEquals(timer.isArmed, false);
  });

  test("keeps exactness for clocks that count milliseconds since 1970", () => {
    const startMs = 1_790_000_000_000.123;
    const clock = new FakeClock(startMs);
    clock.timers.arm(clock.timer("a"), startMs + 0.001);
    clock.timers.arm(clock.timer("b"), 1_790_000_000_100 + 2 ** -12);
    clock.runUntil(startMs + 1000);
    assertEquals(clock.fired, [
      { name: "a", atMs: 1_790_000_000_100 },
      { name: "b", atMs: 1_790_000_000_200 },
    ]);
  });
});

describe("disarm()", () => {
  test("of the last timer takes the wake-up back", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a");
    clock.timers.arm(timer, 500);
    clock.timers.disarm(timer);
    clock.timers.disarm(timer);
    assertEquals([timer.isArmed, clock.timers.count, clock.wakes], [false, 0, [500, Infinity]]);
    clock.runUntil(10_000);
    assertEquals(clock.fired, []);
  });

  test("of the first timer asks for the wake-up of the next", () => {
    const clock = new FakeClock();
    const [a, b] = [clock.timer("a"), clock.timer("b")];
    clock.timers.arm(a, 500);
    clock.timers.arm(b, 900);
    clock.timers.disarm(a);
    assertEquals(clock.wakes, [500, 900]);
  });

  test("of one among several in a slot leaves the others", () => {
    const clock = new FakeClock();
    const timers = ["a", "b", "c", "d"].map((name) => clock.timer(name));
    for (const timer of timers) clock.timers.arm(timer, 500);
    for (const at of [1, 0, 3]) clock.timers.disarm(timers[at]!);
    clock.runUntil(1000);
    assertEquals(clock.fired, [{ name: "c", atMs: 500 }]);
  });
});

describe("advance()", () => {
  test("fires in the order of the ticks when the clock jumps", () => {
    const clock = new FakeClock();
    const deadlines = [DAY_MS, 100, 6400, 6300, 409_600, 50_000, 12 * DAY_MS, 200];
    for (const deadlineMs of deadlines) clock.timers.arm(clock.timer(`${deadlineMs}`), deadlineMs);
    clock.jump(13 * DAY_MS);
    const order = clock.fired.map((one) => Number(one.name));
    assertEquals(order, deadlines.toSorted((a, b) => a - b));
  });

  test("fires timers of one tick in the order in which they were armed", () => {
    const clock = new FakeClock();
    for (const name of ["a", "b", "c"]) clock.timers.arm(clock.timer(name), 450);
    clock.runUntil(500);
    assertEquals(clock.fired.map((one) => one.name), ["a", "b", "c"]);
  });

  test("wakes for a timer that is days away once, when it is due", () => {
    const clock = new FakeClock();
    clock.timers.arm(clock.timer("far"), 30 * DAY_MS);
    clock.runUntil(31 * DAY_MS);
    assertEquals(clock.fired, [{ name: "far", atMs: 30 * DAY_MS }]);
    assertEquals(clock.wakes, [30 * DAY_MS]);
  });

  test("jumps over a thousand years with timers on both sides", () => {
    const clock = new FakeClock();
    const thousandYearsMs = 1000 * 365 * DAY_MS;
    clock.timers.arm(clock.timer("near"), 200);
    clock.timers.arm(clock.timer("far"), thousandYearsMs + 1);
    clock.jump(thousandYearsMs);
    assertEquals(clock.fired.map((one) => one.name), ["near"]);
    clock.timers.arm(clock.timer("soon"), thousandYearsMs + 50);
    clock.runUntil(thousandYearsMs + 1000);
    assertEquals(clock.fired.map((one) => one.name), ["near", "far", "soon"]);
  });

  test("does nothing but ask again when the clock wakes it too early", () => {
    const clock = new FakeClock();
    clock.timers.arm(clock.timer("a"), 500);
    clock.nowMs = 499.5;
    clock.timers.advance(499.5);
    assertEquals([clock.fired, clock.wakes], [[], [500, 500]]);
    clock.runUntil(500);
    assertEquals(clock.fired, [{ name: "a", atMs: 500 }]);
  });

  test("finds a disarmed timer and may arm it again in onTimer", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a", () => {
      assertEquals(timer.isArmed, false);
      if (clock.fired.length < 3) clock.timers.arm(timer, clock.nowMs + 250);
    });
    clock.timers.arm(timer, 100);
    clock.runUntil(5000);
    assertEquals(clock.fired.map((one) => one.atMs), [100, 400, 700]);
    assertEquals([clock.timers.count, clock.isAsleep], [0, true]);
  });

  test("asks for one wake-up at its end, whatever onTimer armed", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a", () => {
      clock.timers.arm(clock.timer("b"), 9000);
      clock.timers.arm(clock.timer("c"), 7000);
    });
    clock.timers.arm(timer, 100);
    clock.jump(100);
    assertEquals(clock.wakes, [100, 7000]);
  });

  test("leaves a timer that arms itself for the past to the next tick", () => {
    const clock = new FakeClock();
    const timer = clock.timer("a", () => clock.timers.arm(timer, 0));
    clock.timers.arm(timer, 100);
    clock.jump(5 * DAY_MS);
    assertEquals(clock.fired.length, 1);
    assertEquals(clock.wakeMs, 5 * DAY_MS + TIMER_GRAIN_MS);
  });

  test("does not fire a timer of the same tick that onTimer disarmed or moved", () => {
    const clock = new FakeClock();
    const b = clock.timer("b");
    const c = clock.timer("c");
    const a = clock.timer("a", () => {
      clock.timers.disarm(b);
      clock.timers.arm(c, 2000);
    });
    for (const timer of [a, b, c]) clock.timers.arm(timer, 500);
    clock.runUntil(1000);
    assertEquals(clock.fired.map((one) => one.name), ["a"]);
    clock.runUntil(3000);
    assertEquals(clock.fired.map((one) => one.name), ["a", "c"]);
  });

  test("goes on after an onTimer that throws", () => {
    const clock = new FakeClock();
    const a = clock.timer("a", () => {
      throw new Error("thrown by a timer");
    });
    clock.timers.arm(a, 500);
    clock.timers.arm(clock.timer("b"), 500);
    clock.nowMs = 500;
    assertThrows(() => clock.timers.advance(500), Error, "thrown by a timer");
    assertEquals(clock.wakeMs, 500);
    clock.runUntil(600);
    assertEquals(clock.fired.map((one) => one.name), ["a", "b"]);
  });

  test("from inside onTimer is a fault", () => {
    const clock = new FakeClock();
    clock.timers.arm(clock.timer("a", () => clock.timers.advance(900)), 500);
    assertThrows(() => clock.runUntil(500), AssertionFault, "from inside onTimer");
  });
});

describe("an oracle", () => {
  for (const seed of [1, 2, 3, 4]) {
    test(`agrees over 10,000 operations, seed ${seed}`, () => compareWithOracle(seed, 10_000));
  }
});

/**
 * The oracle is a map from timer to deadline. After each operation the two must agree on what is
 * armed, and on what has fired: all that was due a grain ago, nothing that is not due yet.
 */
function compareWithOracle(seed: number, operations: number): void {
  const random = randomOf(seed);
  const clock = new FakeClock(random() * 1e6);
  const deadlines = new Map<Timer, number>();
  let lastTick = -1;
  let fired = 0;
  const onTimer = (timer: Timer): void => {
    const deadlineMs = deadlines.get(timer);
    assert(deadlineMs !== undefined, `seed ${seed}: a timer fired that was not armed`);
    assert(deadlineMs <= clock.nowMs, `seed ${seed}: fired before its deadline`);
    const tick = Math.ceil(deadlineMs / TIMER_GRAIN_MS);
    if (!rearmed.has(timer)) {
      assert(tick >= lastTick, `seed ${seed}: fired out of order`);
      lastTick = tick;
    }
    deadlines.delete(timer);
    rearmed.delete(timer);
    fired++;
    if (random() < 0.2) armAtRandom(timers[Math.floor(random() * timers.length)]!);
  };
  const timers = Array.from({ length: 200 }, () => new Timer({ onTimer }));
  /** Armed for a time that had passed: these fire in a tick that is not their deadline's. */
  const rearmed = new Set<Timer>();
  const armAtRandom = (timer: Timer): void => {
    const spanMs = 10 ** Math.floor(random() * 9);
    const deadlineMs = clock.nowMs + (random() - 0.05) * spanMs;
    deadlines.set(timer, deadlineMs);
    if (deadlineMs <= clock.nowMs) rearmed.add(timer);
    else rearmed.delete(timer);
    clock.timers.arm(timer, deadlineMs);
  };
  for (let operation = 0; operation < operations; operation++) {
    const timer = timers[Math.floor(random() * timers.length)]!;
    const choice = random();
    if (choice < 0.5) armAtRandom(timer);
    else if (choice < 0.7) {
      deadlines.delete(timer);
      rearmed.delete(timer);
      clock.timers.disarm(timer);
    } else {
      const spanMs = 10 ** Math.floor(random() * 8);
      lastTick = -1;
      if (random() < 0.5) clock.jump(clock.nowMs + random() * spanMs);
      else clock.runUntil(clock.nowMs + random() * Math.min(spanMs, 1e5), () => lastTick = -1);
    }
    assertEquals(clock.timers.count, deadlines.size);
    for (const [armed, deadlineMs] of deadlines) {
      assert(armed.isArmed);
      assert(
        deadlineMs > clock.nowMs - TIMER_GRAIN_MS || rearmed.has(armed),
        `seed ${seed}: did not fire within a grain`,
      );
      assert(clock.wakeMs <= Math.max(deadlineMs, clock.nowMs) + TIMER_GRAIN_MS);
    }
    if (deadlines.size === 0) assertEquals(clock.wakeMs, Infinity);
  }
  assert(fired > operations / 10, `seed ${seed}: only ${fired} timers fired`);
}

/** A clock that stands still until told, and notes what it was asked for. */
class FakeClock {
  readonly timers: Timers = new Timers(this);
  readonly wakes: number[] = [];
  readonly fired: { name: string; atMs: number }[] = [];
  nowMs: number;
  wakeMs = Infinity;

  constructor(nowMs = 0) {
    this.nowMs = nowMs;
  }

  wakeAt(deadlineMs: number): void {
    this.wakes.push(deadlineMs);
    this.wakeMs = deadlineMs;
  }

  get isAsleep(): boolean {
    return this.wakeMs === Infinity;
  }

  timer(name: string, then: () => void = () => {}): Timer {
    return new Timer({
      onTimer: () => {
        this.fired.push({ name, atMs: this.nowMs });
        then();
      },
    });
  }

  /** Moves the clock from wake-up to wake-up: an ideal runtime. */
  runUntil(untilMs: number, beforeWake: () => void = () => {}): void {
    while (this.wakeMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.wakeMs);
      this.wakeMs = Infinity;
      beforeWake();
      this.timers.advance(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  /** Moves the clock at once, and wakes late: a runtime that was held up. */
  jump(toMs: number): void {
    this.nowMs = toMs;
    if (this.wakeMs > toMs) return;
    this.wakeMs = Infinity;
    this.timers.advance(toMs);
  }
}

/** Numbers in [0, 1), the same for the same seed (xorshift32). */
function randomOf(seed: number): () => number {
  let state = seed * 2654435761 | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
