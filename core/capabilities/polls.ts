/**
 * Waiting for what the application owns: what a runtime makes of a socket, a pipe, a file or a
 * port, and the door for things that no runtime has heard of. Types and prose only. Who waits, and
 * for how long, is not known here: see `work/waits.ts`.
 *
 * @module
 */

import { knowInAnyCopy } from "../errors.ts";
import type { AGAIN } from "../status.ts";

/** What is waited for: something to read, or room to write. */
export type Direction = "read" | "write";

/**
 * Where one direction stands.
 *
 * - `ready`: at least one byte can be read, or written, without waiting.
 * - `hangup`: it has ended: reading gives the end of the stream, writing throws.
 * - `error`: it failed: reading and writing throw what it failed of.
 * - `waiting`: none of these yet.
 */
export type PollState = "ready" | "hangup" | "error" | "waiting";

/**
 * One source that can be waited for. A runtime's shim makes one of each native source. An object
 * with a method `[Symbol.for("sluice.pollable")]` that answers one comes in by the same door.
 *
 * The first three are all that waiting needs. What is left out cannot be done: reading a Win32
 * event, say, which is only ever set or not.
 */
export interface Pollable {
  /**
   * Where a direction stands: asked without waiting, and consuming nothing. One that the source
   * does not have is for ever `waiting`.
   */
  poll(direction: Direction): PollState;
  /**
   * Somebody waits: from now on `changed` is called whenever `poll` may have come to answer
   * something else than `waiting`. Too often does no harm; never from inside this call. Called once
   * for each direction until `unwatch`.
   *
   * A source that can only learn of bytes by reading them begins to read now: one read at most is
   * under way, and what it brings is kept for `tryRead`.
   */
  watch(direction: Direction, changed: () => void): void;
  /** Nobody waits any more. A read that is under way goes on, and what it brings is kept. */
  unwatch(direction: Direction): void;
  /**
   * At most `bytesMax` bytes, which are the caller's; null at the end of the stream; `AGAIN` while
   * there is nothing. Never waits. Throws what the source failed of.
   */
  tryRead?(bytesMax: number): Uint8Array | null | typeof AGAIN;
  /** As `tryRead`, for a source of messages or objects: the next one as it is. */
  tryTake?(): Taken | null | typeof AGAIN;
  /**
   * How many bytes from the front were taken; 0 while there is no room. What is taken is copied:
   * the memory is the caller's as before. Throws when nothing can be written any more.
   */
  tryWrite?(bytes: Uint8Array): number;
  /**
   * Nobody waits, and the source goes back to its owner. Resolves when what was written has left.
   * Without this method the source is simply let go.
   */
  release?(): Promise<Released>;
  /** Closes the source: nobody wants it any more. */
  close?(): void;
  /** Other objects that are in use together with the source: the two halves of a pair. */
  readonly parts?: readonly object[];
}

/** One message or object, which may be of any kind. */
export interface Taken {
  /** As it came. */
  readonly value: unknown;
}

/** What was read of a source and not taken when it was given back. It comes before all else. */
export interface Released {
  /** In one piece; empty when nothing was left. */
  readonly prefetched: Uint8Array;
  /**
   * A read that the platform cannot call back, of a `Deno.Conn` say. What it brings follows
   * `prefetched`; null at the end of the stream. Null where no read was under way.
   */
  readonly late: Promise<Uint8Array | null> | null;
}

/** What a runtime can wait for. */
export interface Polls {
  /**
   * Takes a native source over. Null when it is nothing that this runtime knows.
   *
   * @throws {AdoptError} when it is known, and cannot be had.
   */
  open(source: object): Pollable | null;
  /**
   * Opens a FIFO for reading, without waiting for a writer.
   *
   * @throws {AdoptError} by rejection: there is none, or too many wait already.
   */
  openPipe(path: string): Promise<OpenedPipe>;
}

/** An open FIFO: what the platform has for it, and the same as it can be waited for. */
export interface OpenedPipe {
  /** What `detach` gives back. */
  readonly source: object;
  /** The same, to be waited for. */
  readonly pollable: Pollable;
}

/** Why a source cannot be had. */
export class AdoptError extends Error {
  override name = "AdoptError";
  /**
   * - `owned`: somebody reads or writes it already.
   * - `unsuited`: waiting for it would hold up others, or would lose bytes.
   * - `too-many`: the platform can wait for no more of its kind.
   * - `missing`: there is nothing at this path, or it is no FIFO.
   */
  readonly code: "owned" | "unsuited" | "too-many" | "missing";

  constructor(code: AdoptError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

knowInAnyCopy(AdoptError, "adopt-error");
