/**
 * The way out of one connection: the chain that waits, the pooled buffer at its end into which
 * small things are gathered, and the push into the runtime. It knows when bytes have left and
 * nothing of whose they are.
 *
 * @module
 */

import type { Buf } from "./buf.ts";
import { releaseBuf } from "./buf.ts";
import type { BufPool } from "./buf_pool.ts";
import { Chain } from "./chain.ts";
import { encodeAscii, encodeLatin1 } from "./http/latin1.ts";
import { GATHER_BYTES_MAX, type Limits } from "./limits.ts";
import type { Handle, Streams } from "./reactor.ts";
import type { Service } from "./service.ts";
import { AGAIN, ERROR, OK, type SendCode } from "./status.ts";

/** What an output asks of its server. */
export interface OutputService extends Pick<Service, "limits" | "pool"> {
  readonly streams: Pick<Streams, "send">;
}

/** Told that all output has left. */
export interface OutputWatcher {
  outputHasLeft(): void;
}

/** Told that output may go on. */
export interface OutputOwner {
  pushLater(): void;
}

export class Output {
  readonly chain: Chain = new Chain();
  /**
   * True exactly when nothing may be offered: the runtime answered `AGAIN` and `onWritable` has not
   * come yet, or it has as much as it may.
   */
  blocked = false;
  /** True exactly when something was queued since the last push. */
  dirty = false;
  /** True exactly when the runtime answered `ERROR`: `onClose` follows. */
  dead = false;
  readonly #handle: Handle;
  readonly #streams: Pick<Streams, "send">;
  readonly #pool: BufPool;
  readonly #limits: Limits;
  readonly #owner: OutputOwner;
  /** Told by a release that nothing waits any more, here or with the runtime; a push is seen. */
  watcher: OutputWatcher | null = null;
  /** Bytes that were ever queued. */
  #written = 0;
  /** True exactly when `blocked` is for what the runtime has: a release ends it. */
  #heldBack = false;
  /** Body bytes that were queued in this turn. */
  #turnBytes = 0;
  /** Where the last mark is, and how far the runtime has come: counted as far as that. */
  #lastMark = 0;
  #accepted = 0;
  /** Application buffers that came home inside `send`: their owners hear of it after the call. */
  #cameHome: Buf[] | null = null;
  #sending = false;
  /** How many buffers the runtime has. */
  #lent = 0;
  /** The memory of all buffers that came home, in bytes. */
  #releasedBytes = 0;
  /** What `takeProgress` saw last: releases so far, and how far the last lent buffer was. */
  #releases = 0;
  #releasesSeen = 0;
  #posSeen = 0;

  constructor(handle: Handle, service: OutputService, owner: OutputOwner) {
    this.#handle = handle;
    this.#streams = service.streams;
    this.#pool = service.pool;
    this.#limits = service.limits;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.chain.first === null;
  }

  /** True exactly when nothing waits here, and the runtime has given back all that it took. */
  get hasLeft(): boolean {
    return this.chain.first === null && this.#lent === 0;
  }

  /** True exactly when the runtime has accepted all. Output that died was not accepted. */
  get isAccepted(): boolean {
    return !this.dead && this.chain.first === null;
  }

  /** Sets a mark behind all that is queued by now, and answers where it is. */
  mark(): number {
    return this.#lastMark = this.#accepted + this.chain.size();
  }

  /** True exactly when the runtime has accepted all that was queued before a mark. */
  hasAccepted(mark: number): boolean {
    return !this.dead && this.#accepted >= mark;
  }

  /** True exactly when the runtime got rid of something since the last call. */
  takeProgress(): boolean {
    const pos = this.chain.lastLent?.pos ?? 0;
    const moved = this.#releases !== this.#releasesSeen || pos !== this.#posSeen;
    this.#releasesSeen = this.#releases;
    this.#posSeen = pos;
    return moved;
  }

  /**
   * How many bytes the runtime has got rid of so far, as far as anybody can tell: of several
   * buffers that it has, none. Walks the chain.
   */
  get leftBytes(): number {
    const { chain } = this;
    const { lastLent } = chain;
    const taken = this.#written - chain.size();
    if (this.#lent === 0 || lastLent === null) return taken;
    return taken - (this.#lent === 1 ? lastLent.size : this.lentBytes);
  }

  /** What a producer is told: `AGAIN` when enough is queued, or when this turn had its share. */
  get readiness(): SendCode {
    if (this.dead) return ERROR;
    if (this.#turnBytes > this.#limits.turnBytesMax) return AGAIN;
    return this.chain.size() >= this.#limits.outputBytesReady ? AGAIN : OK;
  }

  /** True exactly when a producer went on in spite of `AGAIN`, past what may be kept for it. */
  get isOverfull(): boolean {
    return this.chain.size() > this.#limits.outputBytesMax;
  }

  /** The memory of the buffers that the runtime has, in bytes. */
  get lentBytes(): number {
    return this.chain.lentBytesTotal - this.#releasedBytes;
  }

  /** The memory of the buffers that are queued, in bytes. Walks the chain: for reports. */
  get queuedBytes(): number {
    let bytes = 0;
    for (let buf = this.chain.first; buf !== null; buf = buf.next) bytes += buf.bytes.length;
    return bytes;
  }

  /** A new turn begins: producers get their share anew. */
  turnBegins(): void {
    this.#turnBytes = 0;
  }

  /** Queues text of Latin-1 characters: heads and interim answers. */
  writeText(text: string): void {
    const size = text.length;
    const buf = this.#room(size);
    buf.end += encodeLatin1(text, buf.bytes, buf.end);
    this.#written += size;
    this.dirty = true;
  }

  /**
   * Queues a head and a small body together. Answers false, with nothing queued, when the body is a
   * text with characters beyond ASCII, whose length in bytes nobody knows yet.
   */
  writeWhole(head: Uint8Array, body: string | Uint8Array): boolean {
    const buf = this.#room(head.length + body.length);
    const { bytes, end } = buf;
    bytes.set(head, end);
    const at = end + head.length;
    if (typeof body !== "string") bytes.set(body, at);
    else if (encodeAscii(body, bytes, at) < 0) return false;
    buf.end = at + body.length;
    this.#written += head.length + body.length;
    this.#turnBytes += body.length;
    this.dirty = true;
    return true;
  }

  /**
   * Takes all of `chain`. Small buffers are copied and released within the call, but not before the
   * chain is empty: their owners may send again.
   */
  writeChain(chain: Chain): void {
    while (chain.first !== null) {
      const buf = chain.shift();
      const size = buf.end - buf.pos;
      this.#turnBytes += size;
      this.#written += size;
      if (size < GATHER_BYTES_MAX) {
        if (size > 0) this.#copyIn(buf, size);
        if (buf.owner === null) releaseBuf(buf);
        else (this.#cameHome ??= []).push(buf);
      } else {
        this.chain.requeue(buf);
      }
    }
    this.dirty = true;
    if (this.#cameHome !== null) this.#tellOwners();
  }

  /** Offers what is queued to the runtime. `OK`: all of it was accepted. */
  push(): SendCode {
    this.dirty = false;
    if (this.dead) return ERROR;
    if (this.chain.first === null) return OK;
    if (this.blocked) return AGAIN;
    if (this.lentBytes > this.#limits.outputBytesReady) {
      this.blocked = this.#heldBack = true;
      return AGAIN;
    }
    this.#sending = true;
    const { count } = this.chain;
    const size = this.#accepted < this.#lastMark ? this.chain.size() : 0;
    const code = this.#streams.send(this.#handle, this.chain);
    this.#lent += count - this.chain.count;
    if (size > 0) this.#accepted += size - this.chain.size();
    if (this.#lent === 0) this.chain.lastLent = null;
    this.#sending = false;
    if (code === AGAIN) this.blocked = true;
    else if (code === ERROR) {
      this.dead = true;
      this.chain.drop();
    }
    if (this.#cameHome !== null) this.#tellOwners();
    return code;
  }

  /** The runtime is done with a buffer. */
  released(buf: Buf): void {
    this.#lent--;
    this.#releases++;
    this.#releasedBytes += buf.bytes.length;
    if (this.#heldBack && this.lentBytes <= this.#limits.outputBytesReady) {
      this.blocked = this.#heldBack = false;
      this.#owner.pushLater();
    }
    if (this.#lent === 0 && !this.#sending) {
      this.chain.lastLent = null;
      if (this.chain.first === null) this.watcher?.outputHasLeft();
    }
    if (this.#sending && buf.owner !== this.#pool) (this.#cameHome ??= []).push(buf);
    else releaseBuf(buf);
  }

  /** Gives everything up that is still queued. */
  drop(): void {
    this.dead = true;
    this.dirty = false;
    this.chain.drop();
  }

  #copyIn(from: Buf, size: number): void {
    const buf = this.#room(size);
    const { bytes, pos } = from;
    const into = buf.bytes;
    let at = buf.end;
    if (size <= COPY_BY_HAND_MAX) {
      for (let i = pos; i < from.end; i++) into[at++] = bytes[i]!;
    } else {
      into.set(bytes.subarray(pos, from.end), at);
      at += size;
    }
    buf.end = at;
  }

  /** The pooled buffer at the end of the chain, with room for `size` bytes (at most a buffer's). */
  #room(size: number): Buf {
    const tail = this.chain.tail;
    if (tail !== null && tail.owner === this.#pool && tail.bytes.length - tail.end >= size) {
      return tail;
    }
    const buf = this.#pool.take(size);
    this.chain.append(buf);
    return buf;
  }

  #tellOwners(): void {
    const home = this.#cameHome!;
    this.#cameHome = null;
    for (const buf of home) releaseBuf(buf);
  }
}

/** Up to here a loop is quicker than making a view for `set`. */
const COPY_BY_HAND_MAX = 64;
