/**
 * A request's body that was kept as a whole, in memory or in a temporary file, and the way in which
 * it flows to a consumer once more. It knows offsets; how it came to be kept is `body_keeper.ts`'s,
 * and it refuses to know what the bytes are.
 *
 * @module
 */

import type { OpenFile } from "./capabilities/files.ts";
import { HttpError } from "./errors.ts";
import type { RequestBody } from "./request_body.ts";

/** Where the bytes of a kept body are. */
export type BodyPlace = Uint8Array | OpenFile;

/**
 * A whole body. It can be read until its request is over, also when its connection is gone; a
 * temporary file is closed, and gone, with the request.
 */
export class KeptBody implements AsyncIterable<Uint8Array> {
  /** How many bytes it has, decoded. */
  readonly length: number;
  /** Flat: name, value, name, value … */
  readonly trailers: readonly string[];
  readonly #place: BodyPlace;
  #isOver = false;

  constructor(place: BodyPlace, length: number, trailers: readonly string[]) {
    this.#place = place;
    this.length = length;
    this.trailers = trailers;
  }

  /** True exactly when it is in a temporary file. */
  get isInFile(): boolean {
    return !(this.#place instanceof Uint8Array);
  }

  /**
   * Reads into `into` from the offset `at`, and answers how many bytes: all that fit, or fewer at
   * the end of the body only; 0 there. The memory is the body's until the promise settles. Rejects
   * with a `FileError` when the disk fails, and with a `TypeError` when the request is over.
   */
  async read(at: number, into: Uint8Array): Promise<number> {
    if (this.#isOver) throw new TypeError("the request is over, and its body is gone");
    if (!(this.#place instanceof Uint8Array)) {
      return await this.#place.read(at, into.subarray(0, Math.max(0, this.length - at)));
    }
    const bytes = this.#place.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  /** All of it, in memory of its own. Rejects as `read`. */
  async bytes(): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.length);
    await this.read(0, bytes);
    return bytes;
  }

  /** All of it as UTF-8 text. Rejects as `read`. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** From the beginning to the end, in pieces of at most 64 KiB, each in memory of its own. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.length; at += KEPT_PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(KEPT_PIECE_BYTES, this.length - at));
      await this.read(at, piece);
      yield piece;
    }
  }

  // What follows is called by the core alone.

  /** What is in memory; null for a file. */
  get memory(): Uint8Array | null {
    return this.#place instanceof Uint8Array ? this.#place : null;
  }

  /** The request is over. */
  gone(): void {
    this.#isOver = true;
  }
}

/** A kept body on its way to the consumer of its `RequestBody`. */
export class Replay {
  readonly #body: RequestBody;
  readonly #kept: KeptBody;
  #at = 0;
  /** Of a file: the piece that was read last, and where its rest begins. */
  #piece: Uint8Array = NO_BYTES;
  #pieceAt = 0;
  #memory: Uint8Array | null = null;
  #isReading = false;
  #isRunning = false;

  constructor(body: RequestBody, kept: KeptBody) {
    this.#body = body;
    this.#kept = kept;
  }

  /** The memory of the body, or of the piece of its file that is on its way, in bytes. */
  get heldBytes(): number {
    return this.#kept.memory?.buffer.byteLength ?? this.#memory?.length ?? 0;
  }

  /** The consumer wants it, or wants it again. What is in memory comes within the call. */
  goOn(): void {
    if (this.#isRunning || this.#isReading) return;
    this.#isRunning = true;
    while (this.#body.isWanted && this.#step());
    this.#isRunning = false;
  }

  /** Answers false when there is nothing to go on with now. */
  #step(): boolean {
    const { memory, length, trailers } = this.#kept;
    const left = length - this.#at;
    if (left === 0) {
      this.#body.finish(trailers);
      return false;
    }
    const most = Math.min(this.#body.consumerTakesMax, KEPT_PIECE_BYTES);
    if (memory !== null) {
      this.#deliver(memory.subarray(this.#at, this.#at + Math.min(most, left)));
      return true;
    }
    const rest = this.#piece.length - this.#pieceAt;
    if (rest === 0) {
      this.#readOn(left);
      return false;
    }
    const from = this.#pieceAt;
    this.#pieceAt += Math.min(most, rest);
    this.#deliver(this.#piece.subarray(from, this.#pieceAt));
    return true;
  }

  #deliver(bytes: Uint8Array): void {
    this.#at += bytes.length;
    this.#body.deliver(bytes);
  }

  #readOn(left: number): void {
    this.#isReading = true;
    this.#memory ??= new Uint8Array(Math.min(KEPT_PIECE_BYTES, left));
    const into = this.#memory.subarray(0, Math.min(KEPT_PIECE_BYTES, left));
    this.#kept.read(this.#at, into).then(
      (count) => {
        this.#isReading = false;
        if (count < into.length) this.#body.broke(new Unreadable("it is shorter than it was"));
        this.#piece = into;
        this.#pieceAt = 0;
        this.goOn();
      },
      (error: Error) => {
        this.#isReading = false;
        this.#body.broke(new Unreadable(error.message));
      },
    );
  }
}

class Unreadable extends HttpError {
  constructor(why: string) {
    super(500, "body-unreadable", `the kept body cannot be read: ${why}`, "server");
  }
}

/** How much of a file is read at once. */
export const KEPT_PIECE_BYTES = 64 * 1024;
const NO_BYTES = new Uint8Array(0);
