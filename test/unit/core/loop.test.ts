/** The loop: what a reactor's turn and wake-up set going. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Loop } from "../../../core/loop.ts";
import type { Clock, Turn, TurnEvents } from "../../../core/reactor.ts";
import { Timer } from "../../../core/timers.ts";

test("Loop attaches itself and asks for nothing until it is used", () => {
  const reactor = new TinyReactor();
  const loop = new Loop(reactor);
  assertEquals([reactor.attached === loop, reactor.turns, reactor.wakes], [true, 0, []]);
});

test("now(), stopwatchMs() and wallTime() are the reactor's", () => {
  const reactor = new TinyReactor();
  const loop = new Loop(reactor);
  reactor.nowMs = 1250;
  assertEquals([loop.now(), loop.stopwatchMs(), loop.wallTime()], [1250, 1250.5, 1_000_001_250]);
});

test("endOfTurn() drains what was posted, objects and functions in one order", () => {
  const reactor = new TinyReactor();
  const loop = new Loop(reactor);
  const ran: string[] = [];
  loop.postCall(() => ran.push("function"));
  loop.post({ runPosted: () => ran.push("object"), posted: false, nextPosted: null });
  assertEquals([reactor.turns, ran], [1, []]);
  loop.endOfTurn();
  assertEquals(ran, ["function", "object"]);
});

test("onWake() fires the timers that are due at the reactor's time", () => {
  const reactor = new TinyReactor();
  const loop = new Loop(reactor);
  const fired: number[] = [];
  const timer = new Timer({ onTimer: () => fired.push(loop.now()) });
  loop.timers.arm(timer, 300);
  assertEquals(reactor.wakes, [300]);
  reactor.nowMs = 300;
  loop.onWake();
  assertEquals(fired, [300]);
});

class TinyReactor implements Clock, Turn {
  attached: TurnEvents | null = null;
  nowMs = 0;
  turns = 0;
  wakes: number[] = [];

  now(): number {
    return this.nowMs;
  }
  stopwatchMs(): number {
    return this.nowMs + 0.5;
  }
  wallTime(): number {
    return 1_000_000_000 + this.nowMs;
  }
  wakeAt(deadlineMs: number): void {
    this.wakes.push(deadlineMs);
  }
  attach(events: TurnEvents): void {
    this.attached = events;
  }
  soon(): void {
    this.turns++;
  }
}
