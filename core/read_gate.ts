/**
 * Whether one connection is read now. It keeps the runtime from being told what it knows already;
 * why a connection is not read is its owner's affair.
 *
 * @module
 */

import type { Handle, Streams } from "./reactor.ts";

export class ReadGate {
  readonly #handle: Handle;
  readonly #streams: Pick<Streams, "readStart" | "readStop">;
  #isOpen = true;
  /** True exactly while the server keeps it shut, whatever its connection wants. */
  #isKept = false;

  constructor(handle: Handle, streams: Pick<Streams, "readStart" | "readStop">) {
    this.#handle = handle;
    this.#streams = streams;
  }

  /** Reading goes on, or stops. Nothing happens when that is so already. */
  set(isOpen: boolean): void {
    if (isOpen === this.#isOpen || this.#isKept) return;
    this.#isOpen = isOpen;
    if (isOpen) this.#streams.readStart(this.#handle);
    else this.#streams.readStop(this.#handle);
  }

  /** The server shuts it until it says otherwise. */
  keep(isShut: boolean): void {
    this.#isKept = false;
    this.set(!isShut);
    this.#isKept = isShut;
  }
}
