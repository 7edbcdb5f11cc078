/**
 * The content coding of a request's body, undone on its way: between whoever brings bytes and the
 * body's consumer. It knows how much may come of how much, and when to wait; it knows no framing.
 *
 * It holds at most one slice of coded bytes and one of decoded ones. While the consumer does not
 * want more, neither it nor whoever is behind it goes on.
 *
 * @module
 */

import {
  type Codec,
  type CodecStep,
  type Coding,
  DECODER_BYTES_MAX,
} from "./capabilities/codecs.ts";
import { HttpError, textOfError } from "./errors.ts";
import { finalizeWithoutBody } from "./finalize.ts";
import type { Posted } from "./posted.ts";
import { TOO_LARGE } from "./refuse.ts";
import type { RequestBody } from "./request_body.ts";

export class BodyCoding implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  readonly #body: RequestBody;
  readonly #codec: Codec;
  /** Coded bytes that were not decoded yet: the exchange's while it pushes them, else a copy. */
  #input: Uint8Array = NO_BYTES;
  #pos = 0;
  #inputEnded = false;
  /** Decoded bytes: those from `#outputPos` to `#outputEnd` wait for the consumer. */
  readonly #output = new Uint8Array(OUTPUT_BYTES);
  #outputPos = 0;
  #outputEnd = 0;
  /** How the last step went. */
  #step: CodecStep = "more";
  #isRunning = false;
  #isClosed = false;
  #taken = 0;
  #made = 0;
  /** What was decoded since others had their turn. */
  #turnBytes = 0;

  /** `coding` is one that the server's runtime has. */
  constructor(body: RequestBody, coding: Coding) {
    const { request } = body;
    this.#body = body;
    this.#codec = request.service.codecs.decoder(coding)!;
    request.onCleanup(() => this.#close());
  }

  /** The memory of both slices, in bytes. */
  get heldBytes(): number {
    return this.#output.length + this.#input.length;
  }

  /** The most that its decoder may need; 0 when that is closed. */
  get codecBytes(): number {
    return this.#isClosed ? 0 : DECODER_BYTES_MAX[this.#codec.coding];
  }

  /** How many coded bytes it takes at once. */
  readonly takesMax: number = SLICE_BYTES;

  /** True exactly while it has enough of its own to go on with, or is at it. */
  get isBusy(): boolean {
    return this.#isRunning || this.posted || this.#step === "full" ||
      this.#pos < this.#input.length || this.#outputPos < this.#outputEnd;
  }

  /** Coded bytes, valid during the call only. */
  push(bytes: Uint8Array): void {
    this.#input = bytes;
    this.#pos = 0;
    this.#run();
    this.#input = this.#pos < bytes.length ? bytes.slice(this.#pos) : NO_BYTES;
    this.#pos = 0;
  }

  /** The last coded byte was pushed. */
  end(): void {
    this.#inputEnded = true;
    this.#run();
  }

  /** The consumer wants more: what is here comes within the call. */
  goOn(): void {
    if (this.isBusy || this.#inputEnded) this.#run();
  }

  /** The turn of others is over. */
  runPosted(): void {
    this.#turnBytes = 0;
    this.#body.goOn();
  }

  #run(): void {
    if (this.#isRunning || this.posted || this.#isClosed) return;
    this.#isRunning = true;
    // The consumer may end the request, and so this, in the middle.
    while (!this.#isClosed && this.#body.isWanted && this.#goOn());
    this.#isRunning = false;
  }

  /** Answers false when there is nothing to go on with now. */
  #goOn(): boolean {
    if (this.#outputPos < this.#outputEnd) {
      this.#deliver();
      return true;
    }
    if (this.#step === "done") {
      this.#close();
      this.#body.finish();
      return false;
    }
    const { limits, loop } = this.#body.request.service;
    if (this.#turnBytes > limits.turnBytesMax) {
      loop.posted.post(this);
      return false;
    }
    const hasInput = this.#pos < this.#input.length || this.#inputEnded;
    if (this.#step !== "full" && !hasInput) return false;
    this.#decode();
    return true;
  }

  #deliver(): void {
    const from = this.#outputPos;
    this.#outputPos += Math.min(this.#outputEnd - from, this.#body.consumerTakesMax);
    this.#body.deliver(this.#output.subarray(from, this.#outputPos));
  }

  #decode(): void {
    const { coding } = this.#codec;
    const mode = this.#inputEnded ? "end" : "write";
    try {
      this.#step = this.#codec.step(this.#input, this.#pos, this.#input.length, this.#output, mode);
    } catch (error) {
      this.#refuse(failed(coding, error));
      return;
    }
    this.#pos += this.#codec.taken;
    this.#taken += this.#codec.taken;
    this.#made += this.#codec.made;
    this.#turnBytes += this.#codec.made;
    this.#outputPos = 0;
    this.#outputEnd = this.#codec.made;
    const { clientBodyMaxBytes, bodyExpansionMax } = this.#body.request.service.limits;
    if (this.#made > clientBodyMaxBytes) this.#refuse(TOO_LARGE);
    else if (this.#made > FREE_BYTES + this.#taken * bodyExpansionMax) this.#refuse(EXPANDS);
    else if (this.#step === "bad") this.#refuse(notOf(coding));
  }

  #refuse(error: HttpError): void {
    this.#outputEnd = this.#outputPos = 0;
    this.#close();
    this.#body.broke(error);
    finalizeWithoutBody(this.#body.request, error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#codec.close();
  }
}

function notOf(coding: Coding): HttpError {
  return new HttpError(400, "bad-content-coding", `the body is not ${coding}, or not all of it`);
}

function failed(coding: Coding, error: unknown): HttpError {
  const why = `the decoder of ${coding} failed: ${textOfError(error)}`;
  return new HttpError(500, "decoder-failed", why, "server");
}

const EXPANDS = new HttpError(413, "body-expands", "the body expands more than is allowed");

/** Coded bytes at once: the most that has to be copied when the consumer stops. */
const SLICE_BYTES = 4096;
const OUTPUT_BYTES = 16 * 1024;
/** What it holds at most beside its decoder. */
export const CODING_BYTES: number = SLICE_BYTES + OUTPUT_BYTES;
/** No body is suspicious that has come to no more than this: short ones expand the most. */
const FREE_BYTES = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);
