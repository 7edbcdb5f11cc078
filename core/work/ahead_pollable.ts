/**
 * A pollable made of functions that answer promises, as most platforms and libraries have them. It
 * puts a `ReadAhead` and a `WriteAhead` together, and knows nothing of what they read and write.
 *
 * @module
 */

import type { Direction, Pollable, PollState, Released, Taken } from "../capabilities/polls.ts";
import type { AGAIN } from "../status.ts";
import { bytesOf, ReadAhead, type ReadPiece, type Unread, WriteAhead } from "./prefetch.ts";

/** What a source that has promises can do. What is left out cannot be done. */
export interface PromisedSource {
  /**
   * The next piece: `{ value }`, of bytes or of anything else, or null at the end. Never called
   * while one is under way.
   */
  readonly read?: ReadPiece;
  /** Writes all of `bytes`, which are its own until it settles. Never two at a time. */
  readonly write?: (bytes: Uint8Array) => Promise<unknown>;
  /** True exactly when nothing can be written any more. */
  readonly isEnded?: () => boolean;
  /** Calls a read that is under way back, so that what would have come goes to the next reader. */
  readonly recall?: () => void;
  /** The source goes back to its owner. */
  readonly release?: () => void;
  /** Closes it: nobody wants it any more. */
  readonly close?: () => void;
  /** Other objects that are in use together with it: the two halves of a pair. */
  readonly parts?: readonly object[];
}

/** Makes a pollable of `source`: for the foreign door, and for the runtimes. */
export function pollableOf(source: PromisedSource): Pollable {
  return new AheadPollable(source);
}

class AheadPollable implements Pollable {
  readonly parts: readonly object[];
  readonly #source: PromisedSource;
  readonly #reads: ReadAhead | null;
  readonly #writes: WriteAhead | null;

  constructor(source: PromisedSource) {
    this.#source = source;
    this.parts = source.parts ?? [];
    this.#reads = source.read === undefined ? null : new ReadAhead(source.read);
    this.#writes = source.write === undefined ? null : new WriteAhead(source.write, source.isEnded);
  }

  poll(direction: Direction): PollState {
    return this.#of(direction)?.poll() ?? "waiting";
  }

  watch(direction: Direction, changed: () => void): void {
    this.#of(direction)?.watch(changed);
  }

  unwatch(direction: Direction): void {
    this.#of(direction)?.unwatch();
  }

  #of(direction: Direction): ReadAhead | WriteAhead | null {
    return direction === "read" ? this.#reads : this.#writes;
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    if (this.#reads === null) throw new TypeError("this source cannot be read");
    return this.#reads.tryRead(bytesMax);
  }

  tryTake(): Taken | null | typeof AGAIN {
    if (this.#reads === null) throw new TypeError("this source cannot be read");
    return this.#reads.tryTake();
  }

  tryWrite(bytes: Uint8Array): number {
    if (this.#writes === null) throw new TypeError("this source cannot be written");
    return this.#writes.tryWrite(bytes);
  }

  async release(): Promise<Released> {
    const { piece, reading } = this.#reads?.release() ?? NOTHING;
    const late = reading?.then((taken) => taken === null ? null : bytesOf(taken.value)) ?? null;
    // Nobody need hear of a read that was called back, or of one whose bytes nobody wants.
    late?.catch(ignore);
    this.#source.recall?.();
    await this.#writes?.flushed();
    this.#source.release?.();
    // What is no bytes cannot be given back: by now the source can.
    const prefetched = piece === null ? NO_BYTES : bytesOf(piece.value);
    return { prefetched, late: this.#source.recall === undefined ? late : null };
  }

  /** Whatever it is that was read and not taken: nobody wants it. */
  close(): void {
    this.#reads?.release().reading?.catch(ignore);
    this.#source.close?.();
  }
}

function ignore(): void {}

const NOTHING: Unread = { piece: null, reading: null };
const NO_BYTES = new Uint8Array(0);
