/** Alarms: deadlines to the millisecond on the one wake-up of a clock. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Alarm, Alarms } from "../../../core/alarms.ts";
import { Loop } from "../../../core/loop.ts";
import { Timer } from "../../../core/timers.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";
import { Random } from "../../../runtimes/memory/random.ts";

/** Alarms on a clock that keeps what it was asked for. */
function made(): { alarms: Alarms; asked: number[] } {
  const asked: number[] = [];
  return { alarms: new Alarms({ wakeAt: (ms) => asked.push(ms) }), asked };
}

test("advance() lets alarms go off in the order of their deadlines, and no other", () => {
  const { alarms, asked } = made();
  const went: string[] = [];
  for (const [name, ms] of [["c", 3], ["a", 1], ["d", 4.5], ["b", 2]] as const) {
    alarms.arm(new Alarm(() => went.push(name)), ms);
  }
  assertEquals(asked, [3, 1, 1, 1]);
  alarms.advance(0.9);
  assertEquals(went, []);
  alarms.advance(3);
  assertEquals([went, asked.at(-1), alarms.count], [["a", "b", "c"], 4.5, 1]);
  alarms.advance(5);
  assertEquals([went.at(-1), asked.at(-1), alarms.count], ["d", Infinity, 0]);
});

test("disarm() takes an alarm out, and does nothing to one that is not armed", () => {
  const { alarms, asked } = made();
  const went: number[] = [];
  const all = [5, 3, 8, 1, 9, 2].map((ms) => new Alarm(() => went.push(ms)));
  all.forEach((alarm, i) => alarms.arm(alarm, [5, 3, 8, 1, 9, 2][i]!));
  alarms.disarm(all[3]!);
  alarms.disarm(all[3]!);
  alarms.disarm(all[0]!);
  assertEquals(asked.at(-1), 2);
  alarms.advance(100);
  assertEquals(went, [2, 3, 8, 9]);
});

test("goOff() may arm and disarm: what is past already comes with the next wake-up", () => {
  const { alarms } = made();
  const went: string[] = [];
  const other = new Alarm(() => went.push("other"));
  const again: Alarm = new Alarm(() => {
    went.push("again");
    alarms.disarm(other);
    if (went.length < 3) alarms.arm(again, 0);
  });
  alarms.arm(again, 1);
  alarms.arm(other, 2);
  alarms.advance(1);
  assertEquals(went, ["again"]);
  alarms.advance(1);
  alarms.advance(1);
  assertEquals([went, alarms.count], [["again", "again", "again"], 0]);
});

test("alarms keep order whatever is armed and disarmed, as a sorted list does", () => {
  const random = new Random(7);
  const { alarms } = made();
  const went: number[] = [];
  const armed: Alarm[] = [];
  for (let i = 0; i < 2000; i++) {
    if (random.word() % 3 === 0 && armed.length > 0) {
      alarms.disarm(armed.splice(random.word() % armed.length, 1)[0]!);
    } else {
      const ms = random.word() % 1000;
      const alarm = new Alarm(() => went.push(ms));
      alarms.arm(alarm, ms);
      armed.push(alarm);
    }
  }
  const wanted = armed.map((alarm) => alarm.deadlineMs).sort((a, b) => a - b);
  alarms.advance(1000);
  assertEquals(went, wanted);
});

test("Loop shares the reactor's wake-up between the wheel and the alarms", () => {
  const reactor = createMemoryReactor();
  const loop = new Loop(reactor);
  const went: string[] = [];
  const timer = new Timer({ onTimer: () => went.push(`timer at ${loop.now()}`) });
  loop.timers.arm(timer, 250);
  loop.alarms.arm(new Alarm(() => went.push(`alarm at ${loop.now()}`)), 7);
  loop.alarms.arm(new Alarm(() => went.push(`alarm at ${loop.now()}`)), 299);
  reactor.advance(1000);
  assertEquals(went, ["alarm at 7", "alarm at 299", "timer at 300"]);
  assertEquals([reactor.pending().wakeAtMs, loop.alarms.count], [Infinity, 0]);
});
