/**
 * A source in the hands of the core: its opaque handle, who waits for it, and what may still be
 * done with it. It knows the contract of a `Pollable` and nothing of any platform; how long
 * somebody waits is `waits.ts`'s.
 *
 * @module
 */

import {
  AdoptError,
  type Direction,
  type Pollable,
  type PollState,
  type Released,
  type Taken,
} from "../capabilities/polls.ts";
import type { Loop } from "../loop.ts";
import type { Handle } from "../reactor.ts";
import { AGAIN } from "../status.ts";

/** Told when a direction may not be waiting any more, or will never be anything again. */
export interface Watcher {
  changed(): void;
  /** The handle was closed by its owner. */
  closed(): void;
}

/** How others tell a handle that was adopted: by this brand, never by class. */
const ADOPTION: unique symbol = Symbol.for("sluice.adoption") as never;

class AdoptedHandle implements Handle {
  owner: unknown = null;
  readonly [ADOPTION]: Adoption;

  constructor(adoption: Adoption) {
    this[ADOPTION] = adoption;
  }

  /** Opaque: whoever takes a handle for a number, a text or a key is told at once. */
  [Symbol.toPrimitive](hint: string): never {
    throw new TypeError(`a handle was taken for a ${hint}: it is compared by identity alone`);
  }
}

/** What is in use, so that nothing has two owners. Sources are found by identity, as all is. */
const inUse: WeakSet<object> = new WeakSet();

/**
 * What stands behind a handle.
 *
 * @throws {TypeError} when it is not one that `adopt` gave.
 */
export function adoptionOf(handle: Handle): Adoption {
  const adoption = (handle as Partial<AdoptedHandle> | null | undefined)?.[ADOPTION];
  if (adoption !== undefined) return adoption;
  throw new TypeError("this is no handle that can be waited for: `adopt` the source first");
}

/** Throws unless none of `objects` has an owner. */
export function assertFree(objects: readonly object[]): void {
  if (!objects.some((one) => inUse.has(one))) return;
  throw new AdoptError("owned", "the source is adopted already: `detach` it there first");
}

export class Adoption {
  readonly handle: Handle;
  readonly loop: Loop;
  readonly source: object;
  readonly #pollable: Pollable;
  readonly #owned: readonly object[];
  #isOver = false;
  /** What a call of the source threw that should not throw: it has failed then, for good. */
  #failure: { readonly error: unknown } | null = null;
  #readers: Watcher[] = [];
  #writers: Watcher[] = [];

  constructor(loop: Loop, source: object, pollable: Pollable) {
    this.loop = loop;
    this.source = source;
    this.#pollable = pollable;
    this.#owned = [source, ...pollable.parts ?? []];
    for (const one of this.#owned) inUse.add(one);
    this.handle = new AdoptedHandle(this);
    loop.waiting.handles++;
  }

  /** True exactly when it was closed or given back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  poll(direction: Direction): PollState {
    if (this.#isOver) return "hangup";
    if (this.#failure !== null) return "error";
    try {
      return this.#pollable.poll(direction);
    } catch (error) {
      this.#failure = { error };
      return "error";
    }
  }

  /** The source's own look at the world begins with the first watcher and ends with the last. */
  watch(direction: Direction, watcher: Watcher): void {
    if (this.#isOver) return;
    const watchers = this.#watchersOf(direction);
    watchers.push(watcher);
    this.loop.waiting.watches++;
    if (watchers.length > 1) return;
    try {
      this.#pollable.watch(direction, () => this.#changed(direction));
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  unwatch(direction: Direction, watcher: Watcher): void {
    const watchers = this.#watchersOf(direction);
    const at = watchers.indexOf(watcher);
    if (at === -1) return;
    watchers.splice(at, 1);
    this.loop.waiting.watches--;
    if (watchers.length === 0) this.#unwatchSource(direction);
  }

  #unwatchSource(direction: Direction): void {
    try {
      this.#pollable.unwatch(direction);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #watchersOf(direction: Direction): Watcher[] {
    return direction === "read" ? this.#readers : this.#writers;
  }

  #changed(direction: Direction): void {
    const watchers = this.#watchersOf(direction);
    if (watchers.length === 1) watchers[0]!.changed();
    else for (const watcher of [...watchers]) watcher.changed();
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    if (!(bytesMax >= 1)) throw new RangeError(`tryRead takes 1 byte or more, not ${bytesMax}`);
    if (this.#isOver) return null;
    return this.#can("tryRead")(bytesMax);
  }

  tryTake(): Taken | null | typeof AGAIN {
    return this.#isOver ? null : this.#can("tryTake")();
  }

  tryWrite(bytes: Uint8Array): number {
    if (this.#isOver) throw new Error("the handle was closed");
    const write = this.#can("tryWrite");
    return bytes.length === 0 ? 0 : write(bytes);
  }

  #can<Name extends "tryRead" | "tryTake" | "tryWrite">(name: Name): NonNullable<Pollable[Name]> {
    if (this.#failure !== null) throw this.#failure.error;
    const call = this.#pollable[name];
    if (call !== undefined) return call.bind(this.#pollable) as NonNullable<Pollable[Name]>;
    throw new TypeError(`this source has no ${name}: it can be waited for, and asked itself`);
  }

  /** Gives the source back. Nobody may wait for it then. */
  async detach(): Promise<Released> {
    if (this.#isOver) throw new Error("the handle was closed or detached already");
    if (this.#readers.length + this.#writers.length > 0) {
      throw new Error("somebody waits for this handle: end that before `detach`");
    }
    this.#isOver = true;
    try {
      return await this.#pollable.release?.() ?? { prefetched: NO_BYTES, late: null };
    } finally {
      this.#letGo();
    }
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const watchers = [...this.#readers, ...this.#writers];
    this.loop.waiting.watches -= watchers.length;
    if (this.#readers.length > 0) this.#unwatchSource("read");
    if (this.#writers.length > 0) this.#unwatchSource("write");
    this.#readers = [];
    this.#writers = [];
    try {
      this.#pollable.close?.();
    } finally {
      this.#letGo();
      for (const watcher of watchers) watcher.closed();
    }
  }

  #letGo(): void {
    this.loop.waiting.handles--;
    for (const one of this.#owned) inUse.delete(one);
  }
}

const NO_BYTES = new Uint8Array(0);
