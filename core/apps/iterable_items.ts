/**
 * What an iterable application may yield. It knows the kinds of items apart, by their shapes and
 * brands; what becomes of each is `iterable_sender.ts`'s affair.
 *
 * @module
 */

import { type Buf, isBuf } from "../buf.ts";
import type { Suspension } from "../work/suspension.ts";

/**
 * Body bytes. A string goes out as UTF-8. Bytes are treated as by `HttpRequest.send`: copied when
 * they are less than 16 KiB, so that their memory is the application's again with the next call of
 * `next`; else sent from where they are. To know when such memory is free, yield a `Buf` with an
 * owner. An empty one never reaches the wire: it lets the others have a turn.
 */
export type Chunk = string | Uint8Array | Buf;

/** The name of the brand of a block. */
export const BLOCK: unique symbol = Symbol.for("sluice.block") as never;

/** A chunk, if there is one, with a wish: what `IterableOutput.flush` makes. */
export interface Block {
  readonly [BLOCK]: true;
  /** Null: nothing new. Without `flush` it is nothing at all, and iteration goes on at once. */
  readonly chunk: Chunk | null;
  /** Everything up to here leaves now, through compression, too. */
  readonly flush: boolean;
}

/** One item of an iterable application. A promise's value is that of its `yield`. */
export type IterableItem = Chunk | Block | Suspension | PromiseLike<unknown>;

/** What an iterable application answers: a generator, as a rule. */
export type IterableItems =
  | Iterable<IterableItem, unknown, unknown>
  | AsyncIterable<IterableItem, unknown, unknown>;

/** An iterator of either kind: a step of an asynchronous one is a promise. */
export interface ItemIterator {
  next(value?: unknown): ItemStep | PromiseLike<ItemStep>;
  throw?(error: unknown): ItemStep | PromiseLike<ItemStep>;
  return?(value?: unknown): ItemStep | PromiseLike<ItemStep>;
}

export interface ItemStep {
  readonly done?: boolean | undefined;
  readonly value: unknown;
}

export function blockOf(chunk: Chunk | null, flush: boolean): Block {
  return { [BLOCK]: true, chunk, flush };
}

/** True exactly when `value` is a block, of whatever copy of this package. */
export function isBlock(value: unknown): value is Block {
  return typeof value === "object" && value !== null && (value as Partial<Block>)[BLOCK] === true;
}

/** True exactly when `value` is body bytes. */
export function isChunk(value: unknown): value is Chunk {
  return typeof value === "string" || value instanceof Uint8Array || isBuf(value);
}

/** The chunk that an item is or has; null for an item without one. */
export function chunkOf(item: unknown): Chunk | null {
  if (isBlock(item)) return item.chunk;
  return isChunk(item) ? item : null;
}

/** How many bytes a chunk has; of a string, how many UTF-16 units. */
export function sizeOfChunk(chunk: Chunk): number {
  return typeof chunk === "string" || chunk instanceof Uint8Array ? chunk.length : chunk.size;
}

/**
 * The iterator of what an application answered; null when that is nothing to iterate. A text and
 * bytes are not: they would be sent one by one.
 */
export function iteratorOf(items: unknown): ItemIterator | null {
  if (typeof items !== "object" || items === null || items instanceof Uint8Array) return null;
  const both = items as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  return both[Symbol.iterator]?.() ?? both[Symbol.asyncIterator]?.() ?? null;
}
