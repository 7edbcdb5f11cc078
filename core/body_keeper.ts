/**
 * Keeping a body as a whole while it comes in: in memory up to a limit, past it in a temporary
 * file. It takes no more from its exchange than it has room for, and nothing while the disk works.
 * It knows bytes and one file; it knows nothing of how bodies are framed or coded.
 *
 * @module
 */

import type { OpenFile } from "./capabilities/files.ts";
import { HttpError, RequestAborted } from "./errors.ts";
import { KeptBody } from "./kept_body.ts";
import type { BodyConsumer, BodyError, RequestBody } from "./request_body.ts";

/** What becomes of a body that is kept: one of the two, once. */
export interface KeepingEvents {
  bodyKept(kept: KeptBody): void;
  /** The file, if there was one, is closed or about to be. */
  bodyNotKept(error: BodyError): void;
}

export class BodyKeeper implements BodyConsumer {
  readonly #body: RequestBody;
  readonly #events: KeepingEvents;
  readonly #bufferBytes: number;
  #memory: Uint8Array;
  /** Bytes that are in `#memory`. */
  #size = 0;
  #file: OpenFile | null = null;
  /** Bytes that are in the file. */
  #written = 0;
  /** True exactly while the disk works. */
  #isWriting = false;
  /** The trailers, once the last byte has come. */
  #trailers: readonly string[] | null = null;
  /** True exactly when its owner was told what became of the body. */
  #isSettled = false;
  #isOver = false;
  #kept: KeptBody | null = null;

  constructor(body: RequestBody, events: KeepingEvents) {
    const { request } = body;
    const { contentLength } = request.head;
    this.#body = body;
    this.#events = events;
    this.#bufferBytes = request.service.limits.clientBodyBufferBytes;
    // A declared length is a claim until its bytes have come: only a small one is believed.
    const isSmall = contentLength >= 0 && contentLength <= FIRST_BYTES;
    this.#memory = new Uint8Array(isSmall ? contentLength : FIRST_BYTES);
    request.onCleanup(() => this.#requestOver());
  }

  /** How much memory it holds. */
  get heldBytes(): number {
    return this.#memory.length;
  }

  /**
   * The byte behind a full buffer is taken into it: only then is it known that the body does not
   * fit. 1 or more whenever the body flows.
   */
  get takesMax(): number {
    return this.#capacity - this.#size;
  }

  get #capacity(): number {
    return this.#file === null ? this.#bufferBytes + 1 : Math.max(this.#bufferBytes, WRITE_BYTES);
  }

  onBody(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#memory.length) {
      const twice = Math.min(this.#memory.length * 2, this.#capacity);
      const grown = new Uint8Array(Math.max(size, twice));
      grown.set(this.#memory.subarray(0, this.#size));
      this.#memory = grown;
    }
    this.#memory.set(bytes, this.#size);
    this.#size = size;
    if (size < this.#capacity) return;
    this.#body.stop();
    this.#write();
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#trailers = trailers;
    if (this.#isWriting) return;
    if (this.#file !== null && this.#size > 0) this.#write();
    else this.#complete(trailers);
  }

  onBodyError(error: BodyError): void {
    this.#notKept(error);
  }

  /** Writes what is in memory, and lets the body go on. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      this.#file ??= await this.#open();
      await this.#file.write(this.#written, this.#memory.subarray(0, this.#size));
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    this.#isWriting = false;
    this.#written += this.#size;
    this.#size = 0;
    if (this.#isSettled) return;
    if (this.#trailers === null) this.#body.start();
    else this.#complete(this.#trailers);
  }

  async #open(): Promise<OpenFile> {
    const { files, clientBodyTempDir } = this.#body.request.service;
    const file = await files.openTemporary(clientBodyTempDir);
    // The client may have left meanwhile.
    if (this.#isSettled) await file.close();
    return file;
  }

  #complete(trailers: readonly string[]): void {
    const kept = this.#file === null
      ? new KeptBody(this.#memory.subarray(0, this.#size), this.#size, trailers)
      : new KeptBody(this.#file, this.#written, trailers);
    this.#memory = NO_BYTES;
    this.#kept = kept;
    this.#isSettled = true;
    this.#events.bodyKept(kept);
    if (this.#isOver) this.#requestOver();
  }

  #failed(error: Error): void {
    if (this.#isSettled) return;
    const why = `the body cannot be kept: ${error.message}`;
    this.#body.broke(new HttpError(500, "body-not-kept", why, "server"));
  }

  #notKept(error: BodyError): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#memory = NO_BYTES;
    this.#file?.close();
    this.#events.bodyNotKept(error);
  }

  /** Nobody may read the body any more; a file ends here. */
  #requestOver(): void {
    this.#isOver = true;
    this.#notKept(new RequestAborted(this.#body.request.abortCause ?? "application"));
    this.#kept?.gone();
    this.#file?.close();
  }
}

/** What a body gets before any of it is here. */
const FIRST_BYTES = 1024;
/** What goes into a file at once, at least. */
const WRITE_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);
