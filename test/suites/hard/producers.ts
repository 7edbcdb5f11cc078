/**
 * Producers of one running pattern out of few buffers. The right one refills a buffer when it is
 * released. The wrong ones refill it as soon as more may be offered, as whoever takes *ready* for
 * *released* does, or as soon as it was sent, which takes *accepted* for it. They know the sending
 * side of a request and nothing of the server behind it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert } from "@std/assert";
import { type Buf, bufOf, type BufOwner } from "../../../core/buf.ts";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { ERROR, OK, type SendCode } from "../../../core/status.ts";

const BUF_BYTES = 32 * 1024;
/** More than an encoder reads in one turn: some of it has to wait. */
export const ENCODED_BUF_BYTES = 320 * 1024;

/** The byte at each position: no two buffers are alike. */
export function patternAt(at: number): number {
  return Math.imul(at, 0x9e3779b1) >>> 24;
}

export interface Producer {
  /** How often it had to stop, for `AGAIN` or for a release. */
  readonly suspensions: number;
  /** How many bytes it made. */
  readonly made: number;
  /** The checksum of all of them. To be asked once. */
  sha256(): string;
}

abstract class PatternProducer implements Producer {
  suspensions = 0;
  made = 0;
  readonly request: HttpRequest;
  readonly total: number;
  readonly #sum = createHash("sha256");
  readonly #hold: Hold;

  constructor(request: HttpRequest, total: number) {
    this.request = request;
    this.total = total;
    this.#hold = request.hold("the pattern");
    request.onAbort(() => this.#hold.release());
  }

  /** Writes what comes next in the pattern to the start of `memory`; answers how much that is. */
  protected make(memory: Uint8Array): number {
    const size = Math.min(memory.length, this.total - this.made);
    for (let i = 0; i < size; i++) memory[i] = patternAt(this.made + i);
    this.#sum.update(memory.subarray(0, size));
    this.made += size;
    return size;
  }

  protected finish(): void {
    if (!this.#hold.isOpen) return;
    this.request.finalize();
    this.#hold.release();
  }

  sha256(): string {
    return this.#sum.digest("hex");
  }
}

/** Refills each of its two buffers the moment it is released, and never before. */
export class ReleasedProducer extends PatternProducer implements BufOwner {
  /** How many of its buffers are with the server. */
  out = 0;
  #filled: Buf[] = [];
  #mayOffer = true;
  #isOffering = false;
  #left: number;

  constructor(request: HttpRequest, total: number, bufBytes: number = BUF_BYTES) {
    super(request, total);
    this.#left = total;
    for (let i = 0; i < 2; i++) this.#refill(bufOf(new Uint8Array(bufBytes), this));
    request.onWritable = () => {
      this.#mayOffer = true;
      this.#offer();
    };
    this.#offer();
  }

  bufReleased(buf: Buf): void {
    this.out--;
    assert(this.out >= 0 && !this.#filled.includes(buf), "a buffer came home that was not out");
    this.#refill(buf);
    this.#offer();
  }

  #refill(buf: Buf): void {
    buf.end = this.make(buf.bytes);
    if (buf.end > 0) this.#filled.push(buf);
  }

  #offer(): void {
    // A release may come inside send.
    if (this.#isOffering) return;
    this.#isOffering = true;
    while (this.#mayOffer && this.#left > 0) {
      const buf = this.#filled.shift();
      if (buf === undefined) break;
      this.#send(buf);
    }
    this.#isOffering = false;
    if (this.#left > 0) this.suspensions++;
    else this.finish();
  }

  #send(buf: Buf): void {
    const { size } = buf;
    this.out++;
    this.#left -= size;
    const code = this.request.send(buf, { last: this.#left === 0 });
    if (code === ERROR) {
      this.out--;
      this.#left = 0;
    }
    this.#mayOffer = code === OK;
  }
}

/** Takes `OK` and `onWritable` for a release: two pieces of memory, in turns. */
export class ReadyProducer extends PatternProducer {
  readonly #memory = [new Uint8Array(BUF_BYTES), new Uint8Array(BUF_BYTES)];
  #turn = 0;

  constructor(request: HttpRequest, total: number) {
    super(request, total);
    request.onWritable = () => this.#offer();
    this.#offer();
  }

  #offer(): void {
    let code: SendCode = OK;
    while (code === OK && this.made < this.total) {
      const memory = this.#memory[this.#turn++ % 2]!;
      const size = this.make(memory);
      const buf = bufOf(memory.subarray(0, size));
      code = this.request.send(buf, { last: this.made === this.total });
    }
    if (this.made < this.total && code !== ERROR) this.suspensions++;
    else this.finish();
  }
}

/** Takes the return of `send` for a release: one piece of memory, made anew when it is out. */
export class AcceptedProducer extends PatternProducer {
  readonly #memory: Uint8Array;
  #size: number;
  #sent = 0;

  constructor(request: HttpRequest, total: number, bufBytes: number = BUF_BYTES) {
    super(request, total);
    this.#memory = new Uint8Array(bufBytes);
    this.#size = this.make(this.#memory);
    request.onWritable = () => this.#offer();
    this.#offer();
  }

  #offer(): void {
    let code: SendCode = OK;
    while (code === OK && this.#sent < this.total) {
      const buf = bufOf(this.#memory.subarray(0, this.#size));
      this.#sent += this.#size;
      code = this.request.send(buf, { last: this.#sent === this.total });
      this.#size = this.make(this.#memory);
    }
    if (this.#sent < this.total && code !== ERROR) this.suspensions++;
    else this.finish();
  }
}
