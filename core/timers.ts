/**
 * The timer wheel: many deadlines on the one wake-up that a runtime's clock gives. It knows
 * milliseconds on the scale of `Clock.now()`; it knows nothing of what a timer is for.
 *
 * Exactness. Time is cut into ticks of `TIMER_GRAIN_MS`. A timer fires in the first tick that
 * starts at or after its deadline: never before the deadline, and less than one grain after it by
 * the wheel, to which the runtime's own lateness adds. A timer that is armed with a deadline that
 * has passed, or from inside `onTimer` for the time that is being fired, fires within one grain of
 * the arming.
 *
 * Order. Timers fire in the order of their ticks, also when the clock jumps over many of them.
 * Within one tick the order is that in which they were linked: repeatable, but not that of their
 * deadlines.
 *
 * Shape. The wheel is hierarchical (Varghese and Lauck, 1987): eight levels of 64 slots. A timer's
 * level is the highest base-64 digit in which its tick differs from the wheel's position, and that
 * digit is its slot. So every timer of a lower level comes before every timer of a higher one, the
 * next slot is found by two bit scans, and a jump of the clock visits only slots that hold timers.
 * When the position enters a slot of a higher level, its timers move down: seven times at most.
 * Eight digits hold every tick of a deadline that a double can count to, so none is too far.
 *
 * @module
 */

import { assert } from "./assert.ts";
import type { Clock } from "./reactor.ts";

/** How exact the wheel is: the length of a tick in milliseconds. */
export const TIMER_GRAIN_MS = 100;

/** Told when a timer's deadline has come. */
export interface TimerOwner {
  /** `timer` is disarmed by now. Any timer, this one too, may be armed and disarmed here. */
  onTimer(timer: Timer): void;
}

/**
 * One deadline, to be armed and disarmed as often as its owner likes. It allocates nothing after.
 */
export class Timer {
  /**
   * When to fire, on the scale of `Clock.now()`. Means something only while armed; read it only.
   */
  deadlineMs = Infinity;
  /** Who is told when its time has come. */
  readonly owner: TimerOwner;

  /** The wheel's own: where this is linked; -1 for nowhere. */
  slot = -1;
  /** The wheel's own: the tick that it is linked for. */
  tick = 0;
  /** The wheel's own: a deadline above this can keep the present place. */
  staysAboveMs = 0;
  /** The wheel's own: the timer before this one in its slot. */
  previous: Timer | null = null;
  /** The wheel's own: the timer behind this one in its slot. */
  next: Timer | null = null;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }

  /** True exactly when it will fire, unless it is disarmed or moved before. */
  get isArmed(): boolean {
    return this.slot !== -1;
  }
}

const SLOTS = 64;
const LEVELS = 8;
/** How many ticks a slot of each level spans. */
const SPAN: readonly number[] = Array.from({ length: LEVELS }, (_, level) => SLOTS ** level);
/**
 * Deadlines from here on are never: 285,000 years, the last whole number that a double can count
 * to.
 */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** The timer wheel of a loop. Arming, moving and disarming cost the same however many are armed. */
export class Timers {
  readonly #clock: Pick<Clock, "wakeAt">;
  readonly #first: (Timer | null)[] = new Array<Timer | null>(LEVELS * SLOTS).fill(null);
  readonly #last: (Timer | null)[] = new Array<Timer | null>(LEVELS * SLOTS).fill(null);
  /** The earliest tick in each slot. When that timer is taken out it stays: too early by then. */
  readonly #earliest = new Float64Array(LEVELS * SLOTS);
  /** Two words for each level: bit i of the pair is set exactly when slot i holds a timer. */
  readonly #occupied = new Int32Array(LEVELS * 2);
  /** Where the wheel stands, from which levels are told: no armed timer has an earlier tick. */
  #position = 0;
  /** The first tick that a timer armed now can have. */
  #floor = 0;
  #count = 0;
  #isAdvancing = false;
  /** The tick for which the clock was asked; `Infinity` when it was not. */
  #wakeTick = Infinity;

  constructor(clock: Pick<Clock, "wakeAt">) {
    this.#clock = clock;
  }

  /** How many timers are armed. */
  get count(): number {
    return this.#count;
  }

  /**
   * Fires `timer` once when `deadlineMs` has come. An armed timer is moved. Moving it to later,
   * which is what a clock of progress does with each packet, writes one field: the wheel looks at
   * the new deadline when the old place comes up. `Infinity` means never, as `disarm` does.
   */
  arm(timer: Timer, deadlineMs: number): void {
    const isNever = !(deadlineMs < NEVER_MS);
    if (timer.slot !== -1) {
      if (deadlineMs > timer.staysAboveMs && !isNever) {
        timer.deadlineMs = deadlineMs;
        return;
      }
      this.#unlink(timer);
    }
    assert(!Number.isNaN(deadlineMs), "a timer was armed with a deadline that is not a number");
    timer.deadlineMs = deadlineMs;
    if (!isNever) this.#link(timer, Math.max(tickOf(deadlineMs), this.#floor));
    this.#askForWake();
  }

  /** The timer will not fire. Nothing happens when it was not armed. */
  disarm(timer: Timer): void {
    if (timer.slot === -1) return;
    this.#unlink(timer);
    this.#askForWake();
  }

  /**
   * Fires every timer whose tick has started at `nowMs`: the answer to `onWake`. The work is
   * bounded by the timers that are due and the levels that they move through, not by the time that
   * passed.
   */
  advance(nowMs: number): void {
    assert(!this.#isAdvancing, "the timer wheel was advanced from inside onTimer");
    const nowTick = Math.floor(nowMs / TIMER_GRAIN_MS);
    this.#isAdvancing = true;
    this.#wakeTick = Infinity;
    this.#floor = Math.max(this.#floor, nowTick + 1);
    try {
      for (let slot = this.#nextSlot(); slot !== -1; slot = this.#nextSlot()) {
        if (this.#earliest[slot]! > nowTick) break;
        if (slot < SLOTS) this.#fireSlot(slot);
        else this.#moveDown(slot);
      }
    } finally {
      this.#isAdvancing = false;
      this.#askForWake();
    }
  }

  /** Empties a slot of level 0, all of whose timers have one tick, which has started. */
  #fireSlot(slot: number): void {
    for (let timer = this.#first[slot]!; timer !== null; timer = this.#first[slot]!) {
      this.#unlink(timer);
      if (timer.deadlineMs > timer.tick * TIMER_GRAIN_MS) {
        this.#link(timer, tickOf(timer.deadlineMs));
      } else {
        timer.owner.onTimer(timer);
      }
    }
  }

  /** Enters a slot of a higher level: its timers find places below, or further on if they moved. */
  #moveDown(slot: number): void {
    this.#position = this.#earliest[slot]!;
    for (let timer = this.#first[slot]!; timer !== null; timer = this.#first[slot]!) {
      this.#unlink(timer);
      this.#link(timer, Math.max(tickOf(timer.deadlineMs), timer.tick));
    }
  }

  #link(timer: Timer, tick: number): void {
    let level = 0;
    let block = Math.floor(tick / SLOTS);
    let here = Math.floor(this.#position / SLOTS);
    while (block !== here) {
      level++;
      block = Math.floor(block / SLOTS);
      here = Math.floor(here / SLOTS);
    }
    const digit = Math.floor(tick / SPAN[level]!) % SLOTS;
    const slot = level * SLOTS + digit;
    timer.slot = slot;
    timer.tick = tick;
    timer.staysAboveMs = (tick - 1) * TIMER_GRAIN_MS;
    const last = this.#last[slot]!;
    timer.previous = last;
    this.#last[slot] = timer;
    if (last === null) {
      this.#first[slot] = timer;
      this.#earliest[slot] = tick;
      this.#occupied[slot >> 5]! |= 1 << (digit & 31);
    } else {
      last.next = timer;
      if (tick < this.#earliest[slot]!) this.#earliest[slot] = tick;
    }
    this.#count++;
  }

  #unlink(timer: Timer): void {
    const { slot, previous, next } = timer;
    if (previous === null) this.#first[slot] = next;
    else previous.next = next;
    if (next === null) this.#last[slot] = previous;
    else next.previous = previous;
    if (previous === null && next === null) this.#occupied[slot >> 5]! &= ~(1 << (slot & 31));
    timer.previous = timer.next = null;
    timer.slot = -1;
    this.#count--;
  }

  /** The slot with the earliest timers, or -1. Of the lowest level in use it is the lowest. */
  #nextSlot(): number {
    for (let word = 0; word < LEVELS * 2; word++) {
      const bits = this.#occupied[word]!;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  #askForWake(): void {
    if (this.#isAdvancing) return;
    const slot = this.#nextSlot();
    const tick = slot === -1 ? Infinity : this.#earliest[slot]!;
    if (tick === this.#wakeTick) return;
    this.#wakeTick = tick;
    this.#clock.wakeAt(tick * TIMER_GRAIN_MS);
  }
}

/**
 * The first tick that starts at or after `ms`. Rounding never brings the quotient to a whole number
 * that it is not: the neighbours of 100 k are apart by more than half of a step of k (100 < 128).
 */
function tickOf(ms: number): number {
  return Math.ceil(ms / TIMER_GRAIN_MS);
}
