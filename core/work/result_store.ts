/**
 * Where a whole result waits for its client: in memory, and past a bound in a temporary file. It
 * knows bytes and their order; it knows nothing of whose they are.
 *
 * @module
 */

import type { Files, OpenFile } from "../capabilities/files.ts";
import type { Limits } from "../limits.ts";
import type { JobEntries } from "../thread_service.ts";

/** What a store needs of a server. */
export interface StoreHost {
  readonly files: Files;
  readonly limits: Pick<Limits, "threadResultBufferBytes">;
  readonly clientBodyTempDir: string | null;
}

export class ResultStore {
  readonly #host: StoreHost;
  /** What is in memory: full pieces, and at the end one that is being filled. */
  #pieces: Uint8Array[] = [];
  /** How much of the last piece is filled. */
  #filled = PIECE_BYTES;
  /** Bytes in all of the pieces. */
  #inMemory = 0;
  /** Bytes in the file, which come before what is in memory. */
  #inFile = 0;
  #read = 0;
  #file: OpenFile | null = null;
  #isClosed = false;

  constructor(host: StoreHost) {
    this.#host = host;
  }

  /** Bytes that were kept so far. */
  get size(): number {
    return this.#inFile + this.#inMemory;
  }

  /** True exactly when `next` has answered all of it. */
  get isRead(): boolean {
    return this.#read === this.size;
  }

  /**
   * Takes the next entry's bytes. A promise: nothing more may be given before it settles; it
   * rejects with a `FileError`.
   */
  append(entries: JobEntries): Promise<void> | null {
    const { length } = entries;
    if (PIECE_BYTES - this.#filled < length) {
      this.#closePiece();
      this.#pieces.push(new Uint8Array(Math.max(PIECE_BYTES, length)));
      this.#filled = 0;
    }
    entries.copy(this.#pieces.at(-1)!, this.#filled);
    this.#filled += length;
    this.#inMemory += length;
    return this.#inMemory < this.#host.limits.threadResultBufferBytes ? null : this.#spill();
  }

  /** The next piece of it, which is the caller's. Rejects with a `FileError`. */
  next(): Uint8Array | Promise<Uint8Array> {
    if (this.#read < this.#inFile) return this.#readFile();
    if (this.#read === this.#inFile) this.#closePiece();
    const piece = this.#pieces.shift()!;
    this.#read += piece.length;
    return piece;
  }

  /** Gives memory and file back. */
  close(): void {
    this.#isClosed = true;
    this.#pieces = [];
    this.#file?.close();
  }

  /** Moves what is in memory to the file. */
  async #spill(): Promise<void> {
    this.#closePiece();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#filled = PIECE_BYTES;
    const file = this.#file ??= await this.#host.files.openTemporary(this.#host.clientBodyTempDir);
    if (this.#isClosed) file.close();
    for (const piece of pieces) {
      if (this.#isClosed) return;
      await file.write(this.#inFile, piece);
      this.#inFile += piece.length;
      this.#inMemory -= piece.length;
    }
  }

  async #readFile(): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, this.#inFile - this.#read));
    const count = await this.#file!.read(this.#read, bytes);
    if (count !== bytes.length) throw new Error("the file of a result has shrunk");
    this.#read += count;
    return bytes;
  }

  #closePiece(): void {
    const last = this.#pieces.pop();
    if (last !== undefined) this.#pieces.push(last.subarray(0, this.#filled));
  }
}

/** Results are kept, read and sent in pieces of so many bytes. */
const PIECE_BYTES = 64 * 1024;
