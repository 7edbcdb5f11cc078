/**
 * Waiting for some of several handles: any of them, all, or at least so many. For a list that is
 * waited for once; a list that lives on is a `Poller`'s. It knows adoptions and no platform.
 *
 * @module
 */

import type { Direction, PollState } from "../capabilities/polls.ts";
import type { Handle } from "../reactor.ts";
import { type Adoption, adoptionOf, type Watcher } from "./adoption.ts";
import { startDeadline } from "./deadline.ts";
import type { PollEvent } from "./poller.ts";
import type { WaitOptions } from "./waits.ts";

/** A handle that is waited for until it can be read, or one of its directions. */
export type Awaited = Handle | { readonly handle: Handle; readonly direction: Direction };

/** How many of a list have to have something to tell, and for how long to wait. */
export interface WaitAnyOptions extends WaitOptions {
  /** How many of the list must have something to tell. Default: 1. */
  readonly min?: number;
}

/**
 * Waits until at least `min` of `list` are not waiting any more, and answers all that are not, in
 * the order of the list. At a time-out the answer is what there is: fewer than `min`, perhaps none.
 * A handle that is closed meanwhile counts, as `hangup`. Nothing is consumed.
 *
 * @throws {RangeError} by rejection, when `min` is not from 1 to the length of the list.
 */
export function waitAny(
  list: readonly Awaited[],
  options: WaitAnyOptions = {},
): Promise<PollEvent[]> {
  return new Promise((resolve, reject) => {
    startWaitAny(list, options, resolve, reject);
  });
}

/** The same without a promise, as `startWait`. */
export function startWaitAny(
  list: readonly Awaited[],
  options: WaitAnyOptions,
  settle: (events: PollEvent[]) => void,
  fail: (error: unknown) => void,
): () => void {
  const { min = 1, timeoutMs = Infinity, signal } = options;
  if (!(Number.isInteger(min) && min >= 1 && min <= list.length)) {
    throw new RangeError(`min must be from 1 to the ${list.length} of the list, not ${min}`);
  }
  if (signal?.aborted) {
    fail(signal.reason);
    return () => {};
  }
  const seats = list.map(seatOf);
  const candidates = new Set<Seat>();
  let isOver = false;
  const stop = () => {
    if (isOver) return;
    isOver = true;
    deadline.cancel();
    signal?.removeEventListener("abort", aborted);
    for (const seat of seats) seat.adoption.unwatch(seat.direction, seat);
  };
  const aborted = () => {
    stop();
    fail(signal!.reason);
  };
  const finish = () => {
    stop();
    settle(seats.flatMap((seat) => seat.event() ?? []));
  };
  const look = (seat: Seat) => {
    if (isOver) return;
    candidates.add(seat);
    if (candidates.size < min) return;
    for (const one of candidates) if (one.event() === null) candidates.delete(one);
    if (candidates.size >= min) finish();
  };
  const deadline = startDeadline(seats[0]!.adoption.loop, timeoutMs, finish);
  signal?.addEventListener("abort", aborted);
  for (const seat of seats) {
    if (isOver) break;
    seat.onChange = look;
    seat.adoption.watch(seat.direction, seat);
    if (seat.event() !== null) look(seat);
  }
  return stop;
}

function seatOf(awaited: Awaited): Seat {
  return "direction" in awaited
    ? new Seat(awaited.handle, awaited.direction)
    : new Seat(awaited, "read");
}

/** One place of the list. */
class Seat implements Watcher {
  readonly handle: Handle;
  readonly adoption: Adoption;
  readonly direction: Direction;
  onChange: ((seat: Seat) => void) | null = null;

  constructor(handle: Handle, direction: Direction) {
    this.handle = handle;
    this.adoption = adoptionOf(handle);
    this.direction = direction;
  }

  /** What it has to tell; null while it waits. */
  event(): PollEvent | null {
    const state: PollState = this.adoption.poll(this.direction);
    return state === "waiting" ? null : { handle: this.handle, direction: this.direction, state };
  }

  changed(): void {
    this.onChange?.(this);
  }

  closed(): void {
    this.onChange?.(this);
  }
}
