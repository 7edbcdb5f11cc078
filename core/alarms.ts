/**
 * Alarms: deadlines that are kept as exactly as the runtime's clock can, for the few waits of less
 * than a second. The timer wheel (`timers.ts`) is for the many deadlines for which a grain of 100
 * ms is fine. It knows milliseconds on the scale of `Clock.now()`, and not what an alarm is for.
 *
 * Shape: a binary heap. Arming and disarming cost the logarithm of how many are armed.
 *
 * @module
 */

import { assert } from "./assert.ts";
import type { Clock } from "./reactor.ts";

/** One deadline; armed once, and again when it is over. */
export class Alarm {
  /** When it goes off. Means something only while armed; read it only. */
  deadlineMs = Infinity;
  /** Called when the deadline has come. The alarm is disarmed by then. */
  readonly goOff: () => void;
  /** The heap's own: its index there, -1 when it is not armed. */
  place = -1;
  /** True exactly while its deadline has come and others go off before it. */
  isDue = false;

  constructor(goOff: () => void) {
    this.goOff = goOff;
  }
}

export class Alarms {
  readonly #clock: Pick<Clock, "wakeAt">;
  readonly #heap: Alarm[] = [];

  constructor(clock: Pick<Clock, "wakeAt">) {
    this.#clock = clock;
  }

  /** How many are armed. */
  get count(): number {
    return this.#heap.length;
  }

  /** Lets `alarm`, which must not be armed, go off at `deadlineMs`, or as soon after as can be. */
  arm(alarm: Alarm, deadlineMs: number): void {
    assert(alarm.place === -1 && !alarm.isDue, "an alarm was armed twice");
    assert(deadlineMs < Infinity, "an alarm was armed for no time");
    alarm.deadlineMs = deadlineMs;
    this.#heap.push(alarm);
    this.#up(alarm, this.#heap.length - 1);
    this.#askForWake();
  }

  /** It will not go off. Nothing happens when it was not armed. */
  disarm(alarm: Alarm): void {
    alarm.isDue = false;
    if (alarm.place === -1) return;
    this.#takeOut(alarm);
    this.#askForWake();
  }

  /**
   * All whose deadline has come at `nowMs` go off, in the order of their deadlines. What is armed
   * meanwhile waits for the next wake-up, even if its time has passed.
   */
  advance(nowMs: number): void {
    const heap = this.#heap;
    const due: Alarm[] = [];
    while (heap.length > 0 && heap[0]!.deadlineMs <= nowMs) {
      const alarm = heap[0]!;
      this.#takeOut(alarm);
      alarm.isDue = true;
      due.push(alarm);
    }
    for (const alarm of due) {
      if (!alarm.isDue) continue;
      alarm.isDue = false;
      alarm.goOff();
    }
    this.#askForWake();
  }

  #takeOut(alarm: Alarm): void {
    const { place } = alarm;
    const last = this.#heap.pop()!;
    alarm.place = -1;
    if (last === alarm) return;
    this.#down(last, place);
    this.#up(last, last.place);
  }

  #askForWake(): void {
    this.#clock.wakeAt(this.#heap.length === 0 ? Infinity : this.#heap[0]!.deadlineMs);
  }

  #up(alarm: Alarm, from: number): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above]!;
      if (parent.deadlineMs <= alarm.deadlineMs) break;
      heap[place] = parent;
      parent.place = place;
      place = above;
    }
    heap[place] = alarm;
    alarm.place = place;
  }

  #down(alarm: Alarm, from: number): void {
    const heap = this.#heap;
    let place = from;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.deadlineMs < heap[below]!.deadlineMs) below++;
      const child = heap[below]!;
      if (child.deadlineMs >= alarm.deadlineMs) break;
      heap[place] = child;
      child.place = place;
      place = below;
    }
    heap[place] = alarm;
    alarm.place = place;
  }
}
