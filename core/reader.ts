/**
 * The way in of one connection: bytes of events, and bytes that were kept because nobody could take
 * them, become heads and bodies, in order. It knows where it stands in the stream; what a head, a
 * failure or the end of a body means is its connection's affair.
 *
 * @module
 */

import { BodyReader, READ_DONE, READ_FAILED, READ_MORE, READ_TOO_MUCH } from "./body_reader.ts";
import type { ByteText } from "./capabilities/byte_text.ts";
import type { HttpError } from "./errors.ts";
import type { HttpRequest } from "./http_request.ts";
import { ByteHead } from "./http/request_head.ts";
import { HEAD_DONE, HEAD_MORE, RequestHeadParser } from "./http/request_head_parser.ts";
import { Input } from "./input.ts";
import type { Limits } from "./limits.ts";
import type { Loop } from "./loop.ts";
import { BAD_HOST, hostIsUsable } from "./refuse.ts";
import type { Service } from "./service.ts";

/** What the reader tells its connection, always while an event of the connection is handled. */
export interface ReaderEvents {
  /** True exactly while requests are read and answered. */
  readonly isServing: boolean;
  /** The request that is being answered; null when the next head may be read. */
  readonly request: HttpRequest | null;
  /** A head is complete: makes the request and runs its handlers. */
  headRead(head: ByteHead): void;
  /** What is here goes on in the next turn. */
  pushLater(): void;
  /** More bytes are here while a request is answered: true when it made room for the next one. */
  makeRoom(): boolean;
  /** What came is no request. */
  refuse(error: HttpError): void;
  /** The body's next bytes were taken, or dropped; with `complete` it has ended. */
  bodyRead(complete: boolean): void;
  /** The body of the current request, or one that is being dropped, cannot be had. */
  bodyFailed(error: HttpError): void;
  /** More of an unwanted body came than may be dropped. */
  bodyTooMuch(): void;
}

export class Reader {
  readonly body: BodyReader = new BodyReader();
  readonly #input = new Input();
  readonly #parser: RequestHeadParser;
  readonly #limits: Limits;
  readonly #byteText: ByteText;
  readonly #loop: Loop;
  readonly #events: ReaderEvents;
  /**
   * True exactly when this turn had its share of requests: whoever sends a thousand in a packet
   * gets them answered between those of others.
   */
  isPutOff = false;
  /** Heads that were looked for in this turn, and since when. */
  #inARow = 0;
  #rowSinceMs = 0;
  /** The current request's head while it borrows bytes of the event that brought it. */
  #borrowed: ByteHead | null = null;

  constructor(service: Pick<Service, "byteText" | "limits" | "loop">, events: ReaderEvents) {
    this.#limits = service.limits;
    this.#loop = service.loop;
    this.#byteText = service.byteText;
    this.#events = events;
    this.#parser = new RequestHeadParser(service.limits);
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#input.size;
  }

  /** True exactly when a part of a head is here. */
  get headStarted(): boolean {
    return this.#parser.started || this.isPutOff;
  }

  /** True exactly when more waits than may be read ahead. A head may always come in whole. */
  get isFull(): boolean {
    const { headBytesMax, inputBytesMax } = this.#limits;
    return this.#input.size > (inputBytesMax > headBytesMax ? inputBytesMax : headBytesMax);
  }

  /** The memory of what waits, in bytes. */
  get heldBytes(): number {
    return this.#input.bytes.length;
  }

  /** An event brings bytes, or a turn has come: there is a share of it anew. */
  turnBegins(): void {
    this.isPutOff = false;
    this.#inARow = 0;
  }

  /** Takes the bytes of an event, which are valid during the call only, and keeps what is left. */
  take(bytes: Uint8Array): void {
    const input = this.#input;
    this.turnBegins();
    if (input.size === 0) {
      const at = this.#consume(bytes, 0, bytes.length);
      if (at < bytes.length && this.#events.isServing) input.append(bytes, at, bytes.length);
    } else {
      input.append(bytes, 0, bytes.length);
      this.takeKept();
    }
  }

  /** Takes what was kept, as far as somebody wants it now. Answers whether that was anything. */
  takeKept(): boolean {
    const input = this.#input;
    const { start, end } = input;
    if (start === end) return false;
    const at = this.#consume(input.bytes, start, end);
    if (!this.#events.isServing) return false;
    input.taken(at);
    return at > start;
  }

  /** The current request is over: its head need not outlive the event. */
  headOver(): void {
    this.#borrowed?.drop();
    this.#borrowed = null;
  }

  /**
   * The bytes of the event go away, those that were kept may move: a request that lives on keeps
   * its head as text.
   */
  eventEnds(): void {
    if (this.#borrowed === null) return;
    this.#borrowed.keep();
    this.#borrowed = null;
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#input.clear();
  }

  /** Goes through `bytes[pos … end)`; answers where it had to stop. */
  #consume(bytes: Uint8Array, pos: number, end: number): number {
    const events = this.#events;
    while (events.isServing) {
      if (this.body.pending) {
        const at = this.#consumeBody(bytes, pos, end);
        if (at < 0) return this.body.pos;
        pos = at;
      } else if (events.request !== null) {
        if (pos === end) return end;
        // Only a whole further request could profit, but nobody knows before its head is parsed.
        this.eventEnds();
        if (!events.makeRoom()) return pos;
      } else {
        if (pos === end) return end;
        if (!this.#mayLook()) return pos;
        const parser = this.#parser;
        const code = parser.feed(bytes, pos, end);
        if (code === HEAD_MORE) return pos;
        if (code !== HEAD_DONE) {
          events.refuse(parser.error!);
          return end;
        }
        const head = new ByteHead(parser, bytes, pos, this.#byteText);
        pos += parser.headBytes;
        parser.reset();
        if (head.hostNeedsCheck && !hostIsUsable(head.authority)) {
          events.refuse(BAD_HOST);
          return end;
        }
        this.#borrowed = head;
        this.body.begin(head, this.#limits);
        events.headRead(head);
      }
    }
    return end;
  }

  /** Answers false when the next head waits for the next turn. */
  #mayLook(): boolean {
    if (this.isPutOff) return false;
    // The clock costs as much as a tenth of a small request.
    if (++this.#inARow % HEADS_PER_LOOK !== 0) return true;
    const nowMs = this.#loop.stopwatchMs();
    if (this.#inARow === HEADS_PER_LOOK) {
      this.#rowSinceMs = nowMs;
    } else if (nowMs - this.#rowSinceMs > ROW_MS_MAX) {
      this.isPutOff = true;
      this.#events.pushLater();
    }
    return !this.isPutOff;
  }

  /** Answers where to go on, or -1 to wait. */
  #consumeBody(bytes: Uint8Array, pos: number, end: number): number {
    const { body } = this;
    const taker = this.#events.request?.bodyIfAsked ?? null;
    const code = body.next(bytes, pos, end, taker, this.#limits);
    if (code === READ_MORE) return -1;
    if (code === READ_FAILED) this.#events.bodyFailed(body.error!);
    else if (code === READ_TOO_MUCH) this.#events.bodyTooMuch();
    else this.#events.bodyRead(code === READ_DONE);
    return body.pos;
  }
}

const HEADS_PER_LOOK = 8;
/** How long the requests of one connection may compute in one turn, about: as an iterable may. */
const ROW_MS_MAX = 5;
