/**
 * Middleware over iterable applications: an application in, an application out, so that they nest
 * in any order. Each gives at least one item for each item that it is given, as PEP 3333 asks of
 * middleware: no block is held back without the sender's knowing, and a pause or a flush passes at
 * once.
 *
 * @module
 */

import { Compression, type CompressionOptions } from "../filters/compression.ts";
import type { HttpRequest } from "../http_request.ts";
import { textOfError } from "../errors.ts";
import { hearFailure, isPromiseLike } from "../promise_like.ts";
import type { Service } from "../service.ts";
import type { IterableHandler } from "./iterable.ts";
import {
  blockOf,
  type Chunk,
  chunkOf,
  isBlock,
  type ItemIterator,
  type ItemStep,
  type IterableItem,
  type IterableItems,
  iteratorOf,
  sizeOfChunk,
} from "./iterable_items.ts";

/**
 * Compresses this application's answers, as the server's option `compression` does for all of them,
 * and in spite of that option where both are given. Blocks stay blocks: each goes through the
 * encoder as it is yielded, and a flush leaves as one.
 */
export function compressed(
  app: IterableHandler,
  options: CompressionOptions = {},
): IterableHandler {
  let service: Service | null = null;
  let compression: Compression | null = null;
  return (request, out) => {
    if (service !== request.service) {
      ({ service } = request);
      compression = new Compression(options, service);
    }
    request.compression = compression;
    return app(request, out);
  };
}

/** How much `buffered` gathers. */
export interface BufferedOptions {
  /** Blocks are gathered up to this. Larger ones pass as they are. Default: 16 KiB. */
  readonly bytesMax?: number;
}

/**
 * Gathers small blocks, so that a body of many small ones has fewer chunks. A flush, a pause and an
 * empty block let go of what was gathered.
 *
 * @throws {RangeError} when `bytesMax` is no size.
 */
export function buffered(app: IterableHandler, options: BufferedOptions = {}): IterableHandler {
  const { bytesMax = GATHER_BYTES } = options;
  if (!Number.isInteger(bytesMax) || bytesMax < 1) {
    throw new RangeError(`bytesMax must be a whole number from 1 on, not ${String(bytesMax)}`);
  }
  return (request, out) => staged(app(request, out), new Gathering(bytesMax));
}

/** What `timed` measured of one answer. Times are in milliseconds. */
export interface Timing {
  /** How often the application was asked. */
  readonly items: number;
  /** Bytes of its chunks; a string counts with its characters. */
  readonly bytes: number;
  /** Until its first item was there. */
  readonly firstMs: number;
  /** In the application: from being asked to having answered. */
  readonly makingMs: number;
  /** All of it: slow clients and pauses, too. */
  readonly totalMs: number;
}

/** Measures an application, and reports once, when its iteration is over, whatever the end. */
export function timed(
  app: IterableHandler,
  report: (timing: Timing, request: HttpRequest) => void,
): IterableHandler {
  return (request, out) => {
    const watch = new Stopwatch(request, report);
    return staged(app(request, out), watch);
  };
}

/** What stands between an application and its sender. */
interface Stage {
  /** The application is about to be asked. */
  asking?(): void;
  /** Answers what goes on in the place of an item: at least one. */
  take(item: unknown): readonly unknown[];
  /** What is left at the end; null for nothing. */
  rest(): IterableItem | null;
  /** The iteration is over, whatever the end. Once. */
  over?(): void;
}

/** `items` with a stage behind them, of the same kind: synchronous or not. */
function staged(items: IterableItems, stage: Stage): IterableItems {
  const inner = iteratorOf(items);
  // Whoever gets it says what is wrong with it.
  if (inner === null) return items;
  const iterator = new StagedIterator(inner, stage);
  return Symbol.iterator in items
    ? { [Symbol.iterator]: () => iterator as Iterator<IterableItem> }
    : { [Symbol.asyncIterator]: () => new AsyncStaged(iterator) };
}

const NO_STEP: ItemStep = { done: true, value: undefined };

class StagedIterator implements ItemIterator {
  readonly #inner: ItemIterator;
  readonly #stage: Stage;
  /** What the stage answered and was not asked for yet, the last one first. */
  #ready: unknown[] = [];
  #isDone = false;
  #isOver = false;

  constructor(inner: ItemIterator, stage: Stage) {
    this.#inner = inner;
    this.#stage = stage;
  }

  next(value?: unknown): ItemStep | PromiseLike<ItemStep> {
    if (this.#ready.length > 0) return { done: false, value: this.#ready.pop() };
    if (this.#isDone) return NO_STEP;
    this.#stage.asking?.();
    return this.#stepped(this.#inner.next(value));
  }

  throw(error: unknown): ItemStep | PromiseLike<ItemStep> {
    if (this.#inner.throw === undefined) throw error;
    this.#stage.asking?.();
    return this.#stepped(this.#inner.throw(error));
  }

  return(): ItemStep | PromiseLike<ItemStep> {
    this.#ready = [];
    this.#isDone = true;
    try {
      return this.#inner.return?.() ?? NO_STEP;
    } finally {
      if (!this.#isOver) this.#stage.over?.();
      this.#isOver = true;
    }
  }

  #stepped(step: ItemStep | PromiseLike<ItemStep>): ItemStep | PromiseLike<ItemStep> {
    if (isPromiseLike(step)) return step.then((settled) => this.#took(settled as ItemStep));
    return this.#took(step as ItemStep);
  }

  #took(step: ItemStep): ItemStep {
    if (step.done === true) {
      this.#isDone = true;
      const rest = this.#stage.rest();
      return rest === null ? step : { done: false, value: rest };
    }
    this.#ready = [...this.#stage.take(step.value)].reverse();
    return { done: false, value: this.#ready.pop() };
  }
}

/** The same with every step a promise, for whoever iterates it by the rules. */
class AsyncStaged implements AsyncIterator<IterableItem, unknown, unknown> {
  readonly #iterator: StagedIterator;

  constructor(iterator: StagedIterator) {
    this.#iterator = iterator;
  }

  async next(value?: unknown): Promise<IteratorResult<IterableItem>> {
    return await this.#iterator.next(value) as IteratorResult<IterableItem>;
  }

  async throw(error: unknown): Promise<IteratorResult<IterableItem>> {
    return await this.#iterator.throw(error) as IteratorResult<IterableItem>;
  }

  async return(): Promise<IteratorResult<IterableItem>> {
    return await this.#iterator.return() as IteratorResult<IterableItem>;
  }
}

/** Gathers blocks by copy: their memory is the application's again when it is asked. */
class Gathering implements Stage {
  readonly #bytesMax: number;
  #bytes: Uint8Array | null = null;
  #end = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(item: unknown): readonly unknown[] {
    const chunk = chunkOf(item);
    const letsGo = chunk === null || sizeOfChunk(chunk) === 0 || isBlock(item);
    if (letsGo) return this.#with(item);
    const bytes = copyableBytesOf(chunk);
    if (bytes === null || bytes.length >= this.#bytesMax) return this.#with(item);
    if (this.#end + bytes.length > this.#bytesMax) {
      const gathered = this.rest()!;
      this.#gather(bytes);
      return [gathered];
    }
    this.#gather(bytes);
    return NOTHING;
  }

  rest(): Chunk | null {
    if (this.#end === 0) return null;
    // The view is sent before the memory is written to again, which a new one makes sure of.
    const gathered = this.#bytes!.subarray(0, this.#end);
    this.#bytes = null;
    this.#end = 0;
    return gathered;
  }

  #with(item: unknown): readonly unknown[] {
    const gathered = this.rest();
    return gathered === null ? [item] : [gathered, item];
  }

  #gather(bytes: Uint8Array): void {
    this.#bytes ??= new Uint8Array(this.#bytesMax);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

/** The bytes of a chunk that can be copied; null for a buffer, whose owner waits for it. */
function copyableBytesOf(chunk: Chunk): Uint8Array | null {
  if (typeof chunk === "string") return encoder.encode(chunk);
  return chunk instanceof Uint8Array ? chunk : null;
}

class Stopwatch implements Stage {
  readonly #request: HttpRequest;
  readonly #report: (timing: Timing, request: HttpRequest) => void;
  readonly #startedMs: number;
  #askedMs = 0;
  #items = 0;
  #bytes = 0;
  #firstMs = 0;
  #makingMs = 0;

  constructor(request: HttpRequest, report: (timing: Timing, request: HttpRequest) => void) {
    this.#request = request;
    this.#report = report;
    this.#startedMs = this.#nowMs;
  }

  get #nowMs(): number {
    return this.#request.exchange.loop.stopwatchMs();
  }

  asking(): void {
    this.#askedMs = this.#nowMs;
  }

  take(item: unknown): readonly unknown[] {
    this.#answered();
    if (++this.#items === 1) this.#firstMs = this.#nowMs - this.#startedMs;
    const chunk = chunkOf(item);
    if (chunk !== null) this.#bytes += sizeOfChunk(chunk);
    return [item];
  }

  rest(): null {
    this.#answered();
    return null;
  }

  over(): void {
    const answer: unknown = this.#report({
      items: this.#items,
      bytes: this.#bytes,
      firstMs: this.#firstMs,
      makingMs: this.#makingMs,
      totalMs: this.#nowMs - this.#startedMs,
    }, this.#request);
    hearFailure(answer, (error) => {
      this.#request.complain(`the report of a timing failed\n${textOfError(error)}`);
    });
  }

  #answered(): void {
    this.#makingMs += this.#nowMs - this.#askedMs;
  }
}

const encoder = new TextEncoder();
const GATHER_BYTES = 16 * 1024;
const NOTHING: readonly unknown[] = [blockOf(null, false)];
