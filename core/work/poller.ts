/**
 * Waiting for many handles at once, for as long as they live: a poller keeps a list, and each of
 * its waits tells which of the list can be read or written. What a wait costs depends on how many
 * have something to tell, not on how many are listed. It knows adoptions; it knows no platform.
 *
 * Level triggered: a handle that is ready and is not read is told again by the next wait.
 *
 * @module
 */

import type { Direction, PollState } from "../capabilities/polls.ts";
import { describe } from "../describe.ts";
import type { Loop } from "../loop.ts";
import type { Handle } from "../reactor.ts";
import { type Adoption, adoptionOf, type Watcher } from "./adoption.ts";
import { type Home, waitingOf } from "./adopt.ts";
import { startDeadline } from "./deadline.ts";
import type { WaitOptions } from "./waits.ts";

/** What of a handle somebody is interested in. */
export type Interest = Direction | "both";

/** One direction of one handle that has something to tell. */
export interface PollEvent {
  /** The handle that was registered. */
  readonly handle: Handle;
  /** Which of its directions. */
  readonly direction: Direction;
  /** What there is to tell: see `PollState`. */
  readonly state: Exclude<PollState, "waiting">;
}

/** Told of one handle's events, inside a wait. */
export type OnPoll = (event: PollEvent, poller: Poller) => void;

/** How long one wait of a poller is, and how much it tells. */
export interface PollerWaitOptions extends WaitOptions {
  /** How many events one wait tells at most; the others come next. Default: all of them. */
  readonly eventsMax?: number;
}

/**
 * A list of handles that are waited for together, again and again. It owns none of them: who
 * adopted a handle closes it. `docs/handles.md` compares it with `waitAny`, for a list that is used
 * once.
 */
export class Poller {
  readonly #loop: Loop;
  readonly #entries: Map<Handle, Entry> = new Map();
  /** Those that may have something to tell, in the order in which they came to it. */
  readonly #lively: Set<Line> = new Set();
  /** Ends the wait that is under way. */
  #wake: (() => void) | null = null;
  #isWaiting = false;

  /** A poller of the reactor of `home`. */
  constructor(home: Home) {
    this.#loop = waitingOf(home).loop;
  }

  /** How many handles are registered. */
  get size(): number {
    return this.#entries.size;
  }

  /** True exactly when `handle` is registered. */
  has(handle: Handle): boolean {
    return this.#entries.has(handle);
  }

  /**
   * Watches `handle` until it is unregistered or closed. With `onPoll`, a wait calls it for each
   * event of this handle; it may register, change, unregister and close any handle, also the one
   * that is told: what is not registered any more is not told, even if it was ready.
   *
   * @throws {Error} when it is registered here already.
   * @throws {TypeError} for what is no interest, and for an `onPoll` that is no function.
   */
  register(handle: Handle, interest: Interest, onPoll: OnPoll | null = null): void {
    if (this.#entries.has(handle)) throw new Error("this handle is registered already: `modify`");
    checkInterest(interest);
    if (onPoll !== null && typeof onPoll !== "function") {
      throw new TypeError(`a poller calls a function, not ${describe(onPoll)}`);
    }
    const adoption = adoptionOf(handle);
    if (adoption.isOver) throw new Error("this handle was closed or detached");
    const entry: Entry = { handle, onPoll, read: null, write: null };
    this.#entries.set(handle, entry);
    this.#setInterest(entry, adoption, interest);
  }

  /**
   * @throws {Error} when it is not registered.
   * @throws {TypeError} for what is no interest.
   */
  modify(handle: Handle, interest: Interest): void {
    checkInterest(interest);
    this.#setInterest(this.#entryOf(handle), adoptionOf(handle), interest);
  }

  /** @throws {Error} when it is not registered. One that was closed is not any more. */
  unregister(handle: Handle): void {
    const entry = this.#entryOf(handle);
    entry.read?.end();
    entry.write?.end();
    this.#entries.delete(handle);
  }

  /** Forgets all of them. A wait that is under way goes on. */
  clear(): void {
    for (const handle of [...this.#entries.keys()]) this.unregister(handle);
  }

  /**
   * Waits until at least one registered direction has something to tell, and tells: each at most
   * once, to its `onPoll`, and all of them in the answer. The answer is empty at a time-out. What
   * `onPoll` throws rejects the wait; events that were not told by then come with the next one.
   *
   * @throws {Error} by rejection, when a wait of this poller is under way.
   */
  async wait(options: PollerWaitOptions = {}): Promise<PollEvent[]> {
    if (this.#isWaiting) throw new Error("this poller waits already");
    const { signal, timeoutMs = Infinity, eventsMax = Infinity } = options;
    this.#isWaiting = true;
    try {
      if (signal?.aborted) throw signal.reason;
      // A list with a handle that is always ready must not keep the loop from its other events.
      if (this.#lively.size > 0) await new Promise<void>((resolve) => this.#loop.postCall(resolve));
      let events = this.#tell(eventsMax);
      let timedOut = false;
      const deadline = startDeadline(this.#loop, timeoutMs, () => {
        timedOut = true;
        this.#wake?.();
      });
      try {
        while (events.length === 0 && !timedOut) {
          await this.#something(signal);
          events = this.#tell(eventsMax);
        }
      } finally {
        deadline.cancel();
      }
      return events;
    } finally {
      this.#isWaiting = false;
    }
  }

  /** Resolves when there may be something to tell, or the time is over. */
  #something(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      // It may have aborted since the last look.
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const aborted = () => {
        this.#wake = null;
        reject(signal!.reason);
      };
      this.#wake = () => {
        this.#wake = null;
        signal?.removeEventListener("abort", aborted);
        resolve();
      };
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  #tell(eventsMax: number): PollEvent[] {
    const events: PollEvent[] = [];
    // One look at each: a callback that makes its own handle lively again waits its turn.
    for (const line of [...this.#lively]) {
      if (events.length >= eventsMax) break;
      if (line.isOver) continue;
      // Whoever was told goes behind the others, so that none of them is told for ever.
      this.#lively.delete(line);
      const state = line.adoption.poll(line.direction);
      if (state === "waiting") continue;
      this.#lively.add(line);
      const event = { handle: line.entry.handle, direction: line.direction, state };
      events.push(event);
      line.entry.onPoll?.(event, this);
    }
    return events;
  }

  #entryOf(handle: Handle): Entry {
    const entry = this.#entries.get(handle);
    if (entry === undefined) throw new Error("this handle is not registered");
    return entry;
  }

  #setInterest(entry: Entry, adoption: Adoption, interest: Interest): void {
    for (const direction of DIRECTIONS) {
      const isWanted = interest === "both" || interest === direction;
      const line = entry[direction];
      if (isWanted && line === null) {
        entry[direction] = new Line(this, entry, adoption, direction);
        entry[direction].begin();
      } else if (!isWanted && line !== null) {
        entry[direction] = null;
        line.end();
      }
    }
  }

  // What its lines tell.

  /** For lines: there may be something to tell. @internal */
  enliven(line: Line): void {
    this.#lively.add(line);
    this.#wake?.();
  }

  /** For lines: there is nothing to tell any more. @internal */
  silence(line: Line): void {
    this.#lively.delete(line);
  }

  /** For lines: the handle was closed. @internal */
  forget(entry: Entry): void {
    this.#entries.delete(entry.handle);
  }
}

const DIRECTIONS: readonly Direction[] = ["read", "write"];

/** One registered handle. */
interface Entry {
  readonly handle: Handle;
  readonly onPoll: OnPoll | null;
  read: Line | null;
  write: Line | null;
}

/** One direction of a registered handle. */
class Line implements Watcher {
  readonly entry: Entry;
  readonly adoption: Adoption;
  readonly direction: Direction;
  readonly #poller: Poller;
  /** True exactly when it is not registered any more. */
  isOver = false;

  constructor(poller: Poller, entry: Entry, adoption: Adoption, direction: Direction) {
    this.#poller = poller;
    this.entry = entry;
    this.adoption = adoption;
    this.direction = direction;
  }

  begin(): void {
    this.adoption.watch(this.direction, this);
    if (this.adoption.poll(this.direction) !== "waiting") this.#poller.enliven(this);
  }

  end(): void {
    this.isOver = true;
    this.adoption.unwatch(this.direction, this);
    this.#poller.silence(this);
  }

  changed(): void {
    this.#poller.enliven(this);
  }

  closed(): void {
    this.isOver = true;
    this.#poller.silence(this);
    this.#poller.forget(this.entry);
  }
}

function checkInterest(interest: unknown): void {
  if (interest === "both" || (DIRECTIONS as readonly unknown[]).includes(interest)) return;
  const given = describe(interest);
  throw new TypeError(`a poller waits for "read", "write" or "both", not for ${given}`);
}
