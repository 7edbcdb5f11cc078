/**
 * Who wants to hear of a request's end: its abort, its termination, and its being over. It knows
 * the order of calling and in whose ambient state each is called; when is the request's affair.
 * Made when the first one registers.
 *
 * @module
 */

import type { Context } from "./capabilities/context.ts";
import type { AbortCause } from "./errors.ts";

/** Runs application code: what it throws is logged and goes no further. */
export type Guard = <T>(call: (value: T) => void, value: T) => void;

/** A listener, and the same in the ambient state of its registration. */
interface Entry<Value> {
  readonly listener: (value: Value) => void;
  readonly bound: (value: Value) => void;
}

export class Listeners {
  readonly #context: Context;
  readonly #guard: Guard;
  #abort: Entry<AbortCause>[] = [];
  #terminated: Entry<void>[] = [];
  #cleanups: Entry<void>[] = [];

  constructor(context: Context, guard: Guard) {
    this.#context = context;
    this.#guard = guard;
  }

  onAbort(listener: (cause: AbortCause) => void): void {
    this.#abort.push(this.#bound(listener));
  }

  onTerminated(listener: () => void): void {
    this.#terminated.push(this.#bound(listener));
  }

  onCleanup(cleanup: () => void): void {
    this.#cleanups.push(this.#bound(cleanup));
  }

  /** Whoever registered `listener` is done: it is called no more. */
  forget(listener: (value: never) => void): void {
    const isOther = (entry: { readonly listener: unknown }) => entry.listener !== listener;
    this.#abort = this.#abort.filter(isOther);
    this.#terminated = this.#terminated.filter(isOther);
    this.#cleanups = this.#cleanups.filter(isOther);
  }

  /** In the order of registration, and never again. */
  tellAbort(cause: AbortCause): void {
    const listeners = this.#abort;
    this.#abort = [];
    for (const { bound } of listeners) this.#guard(bound, cause);
  }

  /** As `tellAbort`. */
  tellTerminated(): void {
    const listeners = this.#terminated;
    this.#terminated = [];
    for (const { bound } of listeners) this.#guard(bound, undefined);
  }

  /** The last registered first; the other listeners hear of nothing any more. */
  runCleanups(): void {
    this.#abort = [];
    this.#terminated = [];
    const cleanups = this.#cleanups;
    this.#cleanups = [];
    for (let i = cleanups.length - 1; i >= 0; i--) this.#guard(cleanups[i]!.bound, undefined);
  }

  /** `listener` in the ambient state of its registration: the event that calls it has another's. */
  #bound<Value>(listener: (value: Value) => void): Entry<Value> {
    const ambient = this.#context.capture();
    return { listener, bound: (value) => ambient(listener, value) };
  }
}
