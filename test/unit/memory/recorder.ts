/**
 * Stream events that note what came, for the tests of the in-memory runtime. Knows the contract and
 * checks the order of events that it promises for every handle.
 *
 * @module
 */

import { assert } from "@std/assert";
import { type Buf, bufOf, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import type { Address, CloseReason, Handle, StreamEvents } from "../../../core/reactor.ts";

export const ADDRESS = { transport: "tcp", host: "127.0.0.1", port: 80 } as const satisfies Address;

/** What one handle has met. Each entry of `trace` is one event: `open`, `data 5`, `close clean`. */
export class Met {
  readonly handle: Handle;
  readonly trace: string[] = [];
  text = "";
  released: Buf[] = [];
  closed: CloseReason | null = null;

  constructor(handle: Handle) {
    this.handle = handle;
  }
}

/** Told of each event after it was noted. */
export type React = (event: keyof StreamEvents, met: Met, bytes: Uint8Array | null) => void;

export class Recorder implements StreamEvents {
  /** The handles in the order in which they were first heard of. */
  readonly met: Met[] = [];
  readonly #react: React;
  readonly #of = new Map<Handle, Met>();

  constructor(react: React = () => {}) {
    this.#react = react;
  }

  get first(): Met {
    const first = this.met[0];
    assert(first !== undefined, "no event has come yet");
    return first;
  }

  onOpen(handle: Handle): void {
    assert(!this.#of.has(handle), "onOpen was not the first event");
    this.#note("onOpen", handle, "open");
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    assert(bytes.length > 0, "onData without bytes");
    this.#metBy(handle).text += String.fromCharCode(...bytes);
    this.#note("onData", handle, `data ${bytes.length}`, bytes);
  }

  onWritable(handle: Handle): void {
    this.#note("onWritable", handle, "writable");
  }

  onRelease(handle: Handle, buf: Buf): void {
    const met = this.#metBy(handle);
    met.released.push(buf);
    releaseBuf(buf);
    this.#note("onRelease", handle, "release");
  }

  onEnd(handle: Handle): void {
    this.#note("onEnd", handle, "end");
  }

  onClose(handle: Handle, reason: CloseReason): void {
    const met = this.#metBy(handle);
    this.#note("onClose", handle, `close ${reason}`);
    met.closed = reason;
  }

  #note(event: keyof StreamEvents, handle: Handle, line: string, bytes?: Uint8Array): void {
    const met = this.#metBy(handle);
    assert(met.closed === null, `${event} came after onClose`);
    met.trace.push(line);
    this.#react(event, met, bytes ?? null);
  }

  #metBy(handle: Handle): Met {
    let met = this.#of.get(handle);
    if (met === undefined) {
      met = new Met(handle);
      this.#of.set(handle, met);
      this.met.push(met);
    }
    return met;
  }
}

/** A chain with one buffer for each text (Latin-1). */
export function chainOf(...texts: string[]): Chain {
  const chain = new Chain();
  for (const text of texts) chain.append(bufOf(bytesOf(text)));
  return chain;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
