/**
 * Checks of the clock, the wake-up and the turn, and of random bytes.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import type { TurnEvents } from "../../../core/reactor.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";

/** How far ahead the checks ask to be woken. */
const SOON_MS = 5;
const LATER_MS = 30;
/** Longer than any check waits. */
const NEVER_MS = 3_600_000;
/** How long an event holds the loop to see whether its clock stands still. */
const BUSY_MS = 3;
/** How many turns a few bytes may take over a stream that nothing else uses. */
const TURNS_MAX = 20;

export function checkTurning(check: Check<Bench>): void {
  check("now() never goes back, and moves on from event to event", async (bench) => {
    const startMs = bench.reactor.now();
    let lastMs = startMs;
    await bench.settle(() => {
      const nowMs = bench.reactor.now();
      assertGreaterOrEqual(nowMs, lastMs);
      lastMs = nowMs;
      return nowMs >= startMs + SOON_MS;
    }, "the clock to move on");
  });

  check("now() stands still within one event, and stopwatchMs() does not", async (bench) => {
    let passed = -1;
    let worked = -1;
    const { client, server } = await bench.pair({
      onData: () => {
        const beforeMs = bench.reactor.now();
        const startedMs = bench.reactor.stopwatchMs();
        bench.rig.compute(BUSY_MS);
        passed = bench.reactor.now() - beforeMs;
        worked = bench.reactor.stopwatchMs() - startedMs;
      },
    });
    const beforeMs = bench.reactor.now();
    bench.sendPattern(client, 10, 10);
    await bench.settle(() => server.datas > 0, "onData");
    assertEquals(passed, 0);
    assertGreaterOrEqual(worked, BUSY_MS);
    assertGreaterOrEqual(bench.reactor.now(), beforeMs + BUSY_MS);
  });

  check("wallTime() is in milliseconds since 1970", (bench) => {
    const year = new Date(bench.reactor.wallTime()).getUTCFullYear();
    assertGreaterOrEqual(year, 1970);
    return Promise.resolve();
  });

  check("wakeAt() wakes once, not before its deadline", async (bench) => {
    const turns = new Turns(bench);
    const deadlineMs = bench.reactor.now() + SOON_MS;
    bench.reactor.wakeAt(deadlineMs);
    await bench.settle(() => turns.wakes.length > 0, "onWake");
    await turns.passUntil(deadlineMs + LATER_MS);
    assertEquals(turns.wakes.length, 1);
    assertGreaterOrEqual(turns.wakes[0]!, deadlineMs);
  });

  check("wakeAt() with a deadline that is past wakes from the loop", async (bench) => {
    const turns = new Turns(bench);
    bench.reactor.wakeAt(bench.reactor.now() - 1);
    assertEquals(turns.wakes.length, 0);
    await bench.settle(() => turns.wakes.length === 1, "onWake");
  });

  check("wakeAt() replaces a later deadline by an earlier one", async (bench) => {
    const turns = new Turns(bench);
    const startMs = bench.reactor.now();
    bench.reactor.wakeAt(startMs + NEVER_MS);
    bench.reactor.wakeAt(startMs + SOON_MS);
    await bench.settle(() => turns.wakes.length > 0, "onWake");
    await turns.passUntil(startMs + LATER_MS);
    assertEquals(turns.wakes.length, 1);
    assertGreaterOrEqual(turns.wakes[0]!, startMs + SOON_MS);
  });

  check("wakeAt() replaces an earlier deadline by a later one", async (bench) => {
    const turns = new Turns(bench);
    const startMs = bench.reactor.now();
    bench.reactor.wakeAt(startMs + SOON_MS);
    bench.reactor.wakeAt(startMs + LATER_MS);
    await bench.settle(() => turns.wakes.length > 0, "onWake");
    await turns.passUntil(startMs + 2 * LATER_MS);
    assertEquals(turns.wakes.length, 1);
    assertGreaterOrEqual(turns.wakes[0]!, startMs + LATER_MS);
  });

  check("wakeAt(Infinity) cancels", async (bench) => {
    const turns = new Turns(bench);
    const startMs = bench.reactor.now();
    bench.reactor.wakeAt(startMs + SOON_MS);
    bench.reactor.wakeAt(Infinity);
    await turns.passUntil(startMs + LATER_MS);
    assertEquals(turns.wakes, []);
  });

  check("wakeAt() inside onWake wakes again", async (bench) => {
    const turns = new Turns(bench, () => {
      if (turns.wakes.length < 3) bench.reactor.wakeAt(bench.reactor.now() + SOON_MS);
    });
    bench.reactor.wakeAt(bench.reactor.now() + SOON_MS);
    await bench.settle(() => turns.wakes.length === 3, "three wake-ups");
    assert(turns.wakes[1]! - turns.wakes[0]! >= SOON_MS);
    assert(turns.wakes[2]! - turns.wakes[1]! >= SOON_MS);
  });

  check("soon() gives one endOfTurn, however often it is asked", async (bench) => {
    const turns = new Turns(bench);
    bench.reactor.soon();
    bench.reactor.soon();
    assertEquals(turns.ends, 0, "endOfTurn came inside soon()");
    await bench.settle(() => turns.ends > 0, "endOfTurn");
    await turns.passUntil(bench.reactor.now() + SOON_MS);
    assertEquals(turns.ends, 1);
    bench.reactor.soon();
    await bench.settle(() => turns.ends === 2, "the second endOfTurn");
  });

  check("soon() inside endOfTurn gives one more turn", async (bench) => {
    const turns = new Turns(bench, undefined, () => {
      if (turns.ends < 3) bench.reactor.soon();
    });
    bench.reactor.soon();
    await bench.settle(() => turns.ends === 3, "three turns");
  });

  check("turns that ask for the next one for ever do not starve sockets", async (bench) => {
    let isOver = false;
    const turns = new Turns(bench, undefined, () => {
      bench.rig.compute(BUSY_MS);
      if (!isOver) bench.reactor.soon();
    });
    const { client, server } = await bench.pair();
    bench.reactor.soon();
    await bench.settle(() => turns.ends > 0, "a turn");
    const before = turns.ends;
    bench.sendPattern(client, 10, 10);
    await bench.settle(() => server.datas > 0, "the bytes");
    isOver = true;
    assertLess(turns.ends - before, TURNS_MAX);
  });

  check("endOfTurn comes after the microtasks of the event that asked", async (bench) => {
    const order: string[] = [];
    new Turns(bench, undefined, () => order.push("endOfTurn"));
    const { client } = await bench.pair({
      onData: () => {
        bench.reactor.soon();
        Promise.resolve()
          .then(() => order.push("microtask"))
          .then(() => order.push("microtask after it"));
        order.push("event");
      },
    });
    // One byte cannot come in two events.
    bench.sendPattern(client, 1, 1);
    await bench.settle(() => order.length === 4, "event, microtasks and endOfTurn");
    assertEquals(order, ["event", "microtask", "microtask after it", "endOfTurn"]);
  });

  check("attach() of a second receiver throws", (bench) => {
    new Turns(bench);
    assertThrows(() => new Turns(bench));
    return Promise.resolve();
  });

  check("random() fills with bytes that differ from call to call", (bench) => {
    const [one, two] = [new Uint8Array(32), new Uint8Array(32)];
    bench.reactor.random(one);
    bench.reactor.random(two);
    assertNotEquals(one, two);
    assertNotEquals(one, new Uint8Array(32));
    return Promise.resolve();
  });
}

/** Counts the turn events, and notes the time of each wake-up. */
class Turns implements TurnEvents {
  readonly wakes: number[] = [];
  ends = 0;
  readonly #bench: Bench;
  readonly #woke: (() => void) | undefined;
  readonly #ended: (() => void) | undefined;

  constructor(bench: Bench, woke?: () => void, ended?: () => void) {
    this.#bench = bench;
    this.#woke = woke;
    this.#ended = ended;
    bench.reactor.attach(this);
  }

  onWake(): void {
    this.wakes.push(this.#bench.reactor.now());
    this.#woke?.();
  }

  endOfTurn(): void {
    this.ends++;
    this.#ended?.();
  }

  /** Lets the reactor's clock pass `untilMs`, and gives late timers some turns more. */
  async passUntil(untilMs: number): Promise<void> {
    await this.#bench.settle(() => this.#bench.reactor.now() > untilMs, "the clock to move on");
    await this.#bench.pass();
  }
}
