/**
 * Taking over what the application owns: a source becomes an opaque handle, which belongs to one
 * reactor. It knows the doors by which a source comes in, native and foreign; it knows no platform,
 * and who waits is not known here.
 *
 * @module
 */

import type { Pollable, Polls } from "../capabilities/polls.ts";
import { describe } from "../describe.ts";
import type { HttpRequest } from "../http_request.ts";
import type { Loop } from "../loop.ts";
import type { Address, Handle, Sockets, Streams } from "../reactor.ts";
import { Adoption, adoptionOf, assertFree } from "./adoption.ts";
import { StreamPollable } from "./stream_pollable.ts";

/** Whose reactor waits: a request's, or a server, or whatever has the same two. */
export type Home = HttpRequest | Waiting;

/** What of a server is needed for waiting. */
export interface Waiting {
  /** Its clock, timers and posted calls. */
  readonly loop: Loop;
  /** What can be waited for. */
  readonly polls: Polls;
  /** The reactor's streams, for `openStream`. */
  readonly streams: Sockets & Streams;
}

/** The method of the foreign door: an object that has it makes its own `Pollable`. */
export const POLLABLE: unique symbol = Symbol.for("sluice.pollable") as never;

/** An object of which no runtime has heard, and which can be waited for all the same. */
export interface ForeignSource {
  [POLLABLE](): Pollable;
}

/**
 * Takes `source` over, and gives an opaque handle for it: a socket, a pipe, a child process or one
 * of its streams, an open file, a `MessagePort`, a web stream or a pair of them, or anything with
 * the method `[Symbol.for("sluice.pollable")]`. `docs/handles.md` has the table of what works on
 * which runtime. From here on nobody else may read or write it, until `detach`.
 *
 * A handle outlives the request at which it was adopted; whoever adopts closes or detaches.
 *
 * @throws {TypeError} for a number, and for what this runtime cannot wait for.
 * @throws {AdoptError} when the source has an owner, or waiting for it would do harm.
 */
export function adopt(source: object, home: Home): Handle {
  if (typeof source === "number" || typeof source === "bigint") throw new TypeError(NO_NUMBERS);
  if ((typeof source !== "object" && typeof source !== "function") || source === null) {
    throw new TypeError(`${source === null ? "null" : typeof source} cannot be waited for`);
  }
  const { loop, polls } = waitingOf(home);
  assertFree([source]);
  const pollable = isForeign(source) ? foreignOf(source) : polls.open(source);
  if (pollable === null) {
    const name = source.constructor?.name || "object";
    throw new TypeError(`this runtime cannot wait for a source of the kind ${name}`);
  }
  return new Adoption(loop, source, owned(pollable)).handle;
}

/**
 * Opens the FIFO at `path` for reading, without waiting for a writer. Until there is one it is
 * waiting; when the last one has left, it has ended.
 *
 * @throws {AdoptError} by rejection: nothing is there, it is no FIFO, or the platform can wait for
 * no more of them.
 */
export async function openPipe(path: string, home: Home): Promise<Handle> {
  const { loop, polls } = waitingOf(home);
  const { source, pollable } = await polls.openPipe(path);
  return new Adoption(loop, source, pollable).handle;
}

/**
 * Connects to `address`, and gives a handle for the stream at once: it is writable when the
 * connection is made, and has failed when it cannot be. It has no other owner to be detached to.
 */
export function openStream(address: Address, home: Home): Handle {
  const { loop, streams } = waitingOf(home);
  const pollable = new StreamPollable(streams);
  pollable.connect(address);
  return new Adoption(loop, pollable, pollable).handle;
}

/** What was detached, with what had been read of it and not taken. */
export interface Detached {
  /** What was given to `adopt`, or what the platform has for an opened pipe. */
  readonly source: object;
  /** Comes before everything that is read of the source from now on. */
  readonly prefetched: Uint8Array;
  /**
   * A read that the platform could not call back: what it brings comes next; null at the end of
   * the stream. Null where there is none.
   */
  readonly late: Promise<Uint8Array | null> | null;
}

/**
 * Gives the source back to the application. Resolves when what `tryWrite` took has left. The
 * handle is of no use any more.
 *
 * @throws {Error} by rejection, while somebody waits for it.
 */
export async function detach(handle: Handle): Promise<Detached> {
  const adoption = adoptionOf(handle);
  const { prefetched, late } = await adoption.detach();
  return { source: adoption.source, prefetched, late };
}

/** Closes the source. Who waits for it gets `hangup`; pollers forget it. Twice does nothing. */
export function closeHandle(handle: Handle): void {
  adoptionOf(handle).close();
}

/** @throws {TypeError} for what is neither a request nor a server. */
export function waitingOf(home: Home): Waiting {
  const waiting = (home as Partial<HttpRequest> | undefined)?.service ?? home as Waiting;
  if (waiting?.polls !== undefined) return waiting;
  throw new TypeError(
    `whose reactor is to wait? It takes a request or a server, not ${describe(home)}`,
  );
}

function isForeign(source: object): source is ForeignSource {
  return typeof (source as Partial<ForeignSource>)[POLLABLE] === "function";
}

/** @throws {TypeError} for what the foreign door does not let in. */
function foreignOf(source: ForeignSource): Pollable {
  const pollable: unknown = source[POLLABLE]();
  const { poll, watch, unwatch } = Object(pollable) as Partial<Pollable>;
  for (const call of [poll, watch, unwatch]) {
    if (typeof call !== "function") {
      throw new TypeError(
        `a source answers a Pollable (poll, watch, unwatch), not ${describe(pollable)}`,
      );
    }
  }
  return pollable as Pollable;
}

/** A pair is refused when one of its halves has an owner. */
function owned(pollable: Pollable): Pollable {
  try {
    assertFree(pollable.parts ?? []);
  } catch (error) {
    pollable.release?.();
    throw error;
  }
  return pollable;
}

const NO_NUMBERS =
  "a number cannot be adopted: a descriptor says neither who owns it nor what it is, it may be " +
  "closed and given to another file at any time, and much that can be waited for (a port, a " +
  "stream, a Windows event) has none; adopt the object that owns it, or use openPipe";
