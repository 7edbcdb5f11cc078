/**
 * Waiting for one handle: until it can be read or written, until a time-out, or until a signal
 * aborts. It knows adoptions and the loop's clocks; it knows nothing of what is waited for.
 *
 * @module
 */

import type { Direction, PollState, Taken } from "../capabilities/polls.ts";
import { describe } from "../describe.ts";
import type { Handle } from "../reactor.ts";
import type { AGAIN } from "../status.ts";
import { type Adoption, adoptionOf, type Watcher } from "./adoption.ts";
import { type Deadline, startDeadline } from "./deadline.ts";

/** Whatever waits takes these. */
export interface WaitOptions {
  /**
   * How long to wait at most. 0 asks now, and gives a source that must be read to be known two
   * turns of the loop. Less than a second is kept to the millisecond; more may come later by the
   * grain of the timer wheel, 100 ms. Default: for ever.
   */
  readonly timeoutMs?: number;
  /** Ends the wait: it rejects with the signal's reason. That of a request ends with it. */
  readonly signal?: AbortSignal;
}

/**
 * How a wait ended.
 *
 * - `ready`: the next `tryRead` gives at least one byte, or `tryWrite` takes one.
 * - `hangup`: the next `tryRead` gives null, the end; `tryWrite` throws. Also when the handle was
 *   closed meanwhile.
 * - `error`: `tryRead` and `tryWrite` throw what the source failed of.
 * - `timeout`: none of these yet. Nothing is lost: a later wait sees what comes.
 */
export type PollOutcome = Exclude<PollState, "waiting"> | "timeout";

/**
 * Waits until there is something to read. It consumes nothing: who asks again without reading gets
 * the same answer.
 *
 * @throws {TypeError} when `handle` was not adopted.
 */
export function readable(handle: Handle, options: WaitOptions = {}): Promise<PollOutcome> {
  return untilPolled(handle, "read", options);
}

/** Waits until something can be written. */
export function writable(handle: Handle, options: WaitOptions = {}): Promise<PollOutcome> {
  return untilPolled(handle, "write", options);
}

/**
 * Reads what is there, at most `bytesMax` bytes, which are the caller's. Null at the end of the
 * stream; `AGAIN` while there is nothing. Throws what the source failed of.
 */
export function tryRead(handle: Handle, bytesMax: number): Uint8Array | null | typeof AGAIN {
  return adoptionOf(handle).tryRead(bytesMax);
}

/**
 * As `tryRead`, for a source whose pieces are not bytes (a `MessagePort`, a stream of objects): the
 * next one, as `{ value }`.
 */
export function tryTake(handle: Handle): Taken | null | typeof AGAIN {
  return adoptionOf(handle).tryTake();
}

/**
 * Writes as much from the front of `bytes` as can be taken now, and answers how many bytes that
 * was: 0 while there is no room. They are copied. Throws when nothing can be written any more.
 *
 * @throws {TypeError} for what is no bytes.
 */
export function tryWrite(handle: Handle, bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`tryWrite takes bytes, not ${describe(bytes)}`);
  }
  return adoptionOf(handle).tryWrite(bytes);
}

function untilPolled(
  handle: Handle,
  direction: Direction,
  options: WaitOptions,
): Promise<PollOutcome> {
  return new Promise((resolve, reject) => {
    startWait(handle, direction, options, resolve, reject);
  });
}

/**
 * The same without a promise: `settle` or `fail` is called once, perhaps inside. The answer gives
 * the wait up: then neither is called any more.
 */
export function startWait(
  handle: Handle,
  direction: Direction,
  options: WaitOptions,
  settle: (outcome: PollOutcome) => void,
  fail: (error: unknown) => void,
): () => void {
  const wait = new HandleWait(adoptionOf(handle), direction, options.signal, settle, fail);
  wait.start(options.timeoutMs ?? Infinity);
  return () => wait.stop();
}

/** One wait for one direction of a handle. */
class HandleWait implements Watcher {
  readonly #adoption: Adoption;
  readonly #direction: Direction;
  readonly #signal: AbortSignal | undefined;
  readonly #settle: (outcome: PollOutcome) => void;
  readonly #fail: (error: unknown) => void;
  #deadline: Deadline | null = null;
  /** True exactly when nothing is to be told any more. */
  #isOver = false;

  constructor(
    adoption: Adoption,
    direction: Direction,
    signal: AbortSignal | undefined,
    settle: (outcome: PollOutcome) => void,
    fail: (error: unknown) => void,
  ) {
    this.#adoption = adoption;
    this.#direction = direction;
    this.#signal = signal;
    this.#settle = settle;
    this.#fail = fail;
  }

  start(timeoutMs: number): void {
    const signal = this.#signal;
    if (signal?.aborted) {
      this.#isOver = true;
      this.#fail(signal.reason);
      return;
    }
    this.#deadline = startDeadline(this.#adoption.loop, timeoutMs, () => this.#timedOut());
    signal?.addEventListener("abort", this.#aborted);
    this.#adoption.watch(this.#direction, this);
    this.changed();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#adoption.unwatch(this.#direction, this);
  }

  changed(): void {
    if (this.#isOver) return;
    const state = this.#adoption.poll(this.#direction);
    if (state === "waiting") return;
    this.stop();
    this.#settle(state);
  }

  closed(): void {
    this.changed();
  }

  /** What came just now, and has not been told yet, is better than a time-out. */
  #timedOut(): void {
    this.changed();
    if (this.#isOver) return;
    this.stop();
    this.#settle("timeout");
  }

  readonly #aborted = (): void => {
    this.stop();
    this.#fail(this.#signal!.reason);
  };
}
