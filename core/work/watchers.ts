/**
 * Who watches the two directions of a source: at most one for each. It knows whom to tell; when
 * something has changed is the source's affair.
 *
 * @module
 */

import type { Direction } from "../capabilities/polls.ts";

export class Watchers {
  #reading: (() => void) | null = null;
  #writing: (() => void) | null = null;

  /** As `Pollable.watch`. */
  watch(direction: Direction, changed: () => void): void {
    if (direction === "read") this.#reading = changed;
    else this.#writing = changed;
  }

  /** As `Pollable.unwatch`. */
  unwatch(direction: Direction): void {
    if (direction === "read") this.#reading = null;
    else this.#writing = null;
  }

  /** Reading may stand elsewhere now. */
  tellReading(): void {
    this.#reading?.();
  }

  /** Writing may stand elsewhere now. */
  tellWriting(): void {
    this.#writing?.();
  }

  /** Both may, reading first. */
  tellBoth(): void {
    this.tellReading();
    this.tellWriting();
  }
}
