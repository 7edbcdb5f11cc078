/**
 * One connection of a byte-level runtime: takes its bytes apart into requests, one after another, and
 * sends their answers in order. It knows the order of things on one connection; parsing is in `http/`,
 * the way out in `output.ts`, time in `connection_clocks.ts`, the end of a request in `finalize.ts`.
 *
 * Requests of one connection are served one at a time: pipelined ones wait as bytes in `input`, which
 * is bounded. Reading goes on while a handler runs, since a paused socket hides that its peer left.
 *
 * @module
 */

import {
  BodyReader,
  INCOMPLETE,
  LATE_BODY,
  READ_DONE,
  READ_FAILED,
  READ_MORE,
  READ_TOO_MUCH,
  TOO_LARGE,
} from "./body_reader.ts";
import type { Chain } from "./chain.ts";
import {
  BODY_PHASE,
  type ClockEvents,
  ConnectionClocks,
  HEADER_PHASE,
  KEEP_ALIVE_PHASE,
  NO_PHASE,
  type ReadPhase,
} from "./connection_clocks.ts";
import { HttpError, RequestAborted } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Outgoing } from "./filters/outgoing.ts";
import { finalizeRequest, settleRequest, terminateRequest } from "./finalize.ts";
import { runHandlers } from "./handlers.ts";
import { HttpRequest } from "./http_request.ts";
import { ByteHead } from "./http/request_head.ts";
import { HEAD_DONE, HEAD_MORE, RequestHeadParser } from "./http/request_head_parser.ts";
import { formatInterim, formatResponseHead } from "./http/response_head.ts";
import { Input } from "./input.ts";
import { Lingering } from "./lingering.ts";
import type { Loop } from "./loop.ts";
import { Output } from "./output.ts";
import type { Posted } from "./posted.ts";
import type { Address, CloseReason, Handle } from "./reactor.ts";
import { refusalText } from "./refuse.ts";
import type { Service } from "./service.ts";
import { AGAIN, ERROR, OK, type SendCode } from "./status.ts";

/** Reading requests and answering them. */
const SERVING = 0;
/** The last answer is queued; what still comes in is dropped. */
const FINISHING = 1;
/** `close` or `abort` was called, or the runtime closed it. */
const CLOSED = 2;

export class Connection implements Exchange, ClockEvents, Posted {
  readonly handle: Handle;
  readonly service: Service;
  readonly loop: Loop;
  readonly scheme = "http";
  readonly framesItself = false;
  readonly output: Output;
  readonly clocks: ConnectionClocks;
  /** The request that is being read or answered; null between requests. */
  request: HttpRequest | null = null;
  /** Requests so far. */
  requests = 0;
  posted = false;
  nextPosted: Posted | null = null;

  #state: typeof SERVING | typeof FINISHING | typeof CLOSED = SERVING;
  readonly #parser: RequestHeadParser;
  readonly #input = new Input();
  readonly #body = new BodyReader();
  #lingering: Lingering | null = null;
  /** The current request's head while it borrows bytes of the event that brought it. */
  #borrowed: ByteHead | null = null;
  /** Answered requests whose output is gathered but has not left, oldest first. */
  #gatheredFirst: HttpRequest | null = null;
  #gatheredLast: HttpRequest | null = null;
  /** True exactly when the connection goes on behind the current answer. */
  #keepAlive = true;
  /** True exactly while an event is handled: whoever makes progress inside leaves the rest to it. */
  #working = false;
  #peerEnded = false;
  #reading = true;
  /** Body bytes that were sent in this turn. */
  #turnBytes = 0;

  constructor(handle: Handle, service: Service) {
    this.handle = handle;
    this.service = service;
    this.loop = service.loop;
    this.output = new Output(handle, service.streams, service.pool);
    this.clocks = new ConnectionClocks(service.loop, this);
    this.#parser = new RequestHeadParser(service.limits);
    this.clocks.readStart(HEADER_PHASE, service.clocks.headerTimeoutMs);
  }

  get remoteAddress(): Address {
    return this.service.streams.remoteAddress(this.handle);
  }

  get localAddress(): Address {
    return this.service.streams.localAddress(this.handle);
  }

  /** True exactly when no request is being read or answered. */
  get isIdle(): boolean {
    return this.request === null && this.#gatheredFirst === null && !this.#body.pending &&
      this.#input.size === 0 && this.#state === SERVING;
  }

  // Events of the stream.

  data(bytes: Uint8Array): void {
    if (this.#state !== SERVING) {
      this.#drop(bytes.length);
      return;
    }
    const input = this.#input;
    this.#working = true;
    this.#turnBytes = 0;
    if (input.size === 0) {
      const at = this.#consume(bytes, 0, bytes.length);
      this.#keepHead();
      if (at < bytes.length && this.#state === SERVING) input.append(bytes, at, bytes.length);
    } else {
      this.#keepHead();
      input.append(bytes, 0, bytes.length);
      this.#consumeInput();
    }
    this.#work();
  }

  writable(): void {
    this.output.blocked = false;
    this.runPosted();
  }

  ended(): void {
    this.#peerEnded = true;
    if (this.#state === FINISHING && this.output.isEmpty) {
      this.#close();
      return;
    }
    this.#working = true;
    const { request } = this;
    if (request !== null) {
      if (this.#body.pending && this.#input.size === 0) this.#bodyFailed(INCOMPLETE);
      else if (this.service.halfClose === "abort") request.tellAbort("client-gone");
    }
    this.#work();
  }

  closed(reason: CloseReason): void {
    this.#state = CLOSED;
    this.clocks.stopAll();
    this.#input.clear();
    this.output.drop();
    let gathered = this.#gatheredFirst;
    this.#gatheredFirst = this.#gatheredLast = null;
    for (; gathered !== null; gathered = gathered.nextGathered) this.#abandon(gathered);
    if (this.request !== null) this.#abandon(this.request);
    this.service.connectionClosed(this, reason);
  }

  /** The end of the turn, or room for output: pushes, and lets a waiting producer go on. */
  runPosted(): void {
    if (this.#state === CLOSED) return;
    this.#working = true;
    this.#turnBytes = 0;
    this.output.dirty = true;
    this.#push();
    const { request } = this;
    if (request !== null && request.writableOwed && this.#readiness() === OK) {
      request.tellWritable();
    }
    this.#work();
  }

  // What a request asks of its exchange.

  writeHead(outgoing: Outgoing): void {
    const { response, versionMinor } = outgoing;
    if (response.closeAsked || this.#mustClose()) this.#keepAlive = false;
    this.#body.continueOwed = false;
    const date = this.service.httpDate();
    this.output.writeText(
      formatResponseHead(response, { versionMinor, date, keepAlive: this.#keepAlive }),
    );
  }

  pushLater(): void {
    this.loop.posted.post(this);
  }

  writeBody(outgoing: Outgoing, chain: Chain): SendCode {
    const { output } = this;
    if (output.dead) {
      chain.drop();
      return ERROR;
    }
    const { last, flush } = chain.tail!;
    this.#turnBytes += chain.size();
    output.writeChain(chain);
    if (!this.#working || output.chain.count > 1) {
      if (last || flush || output.chain.count > 1) {
        this.#pushQuietly();
        if (this.#gatheredFirst !== null) this.pushLater();
      } else {
        this.pushLater();
      }
    }
    if (output.chain.size() > this.service.limits.outputBytesMax) {
      outgoing.complain("kept sending although send answered AGAIN: the response was cut off");
      terminateRequest(this.request!, "application");
      return ERROR;
    }
    const code = this.#readiness();
    if (code === AGAIN && !output.blocked) this.pushLater();
    return code;
  }

  outputIsEmpty(_request: HttpRequest): boolean {
    return this.output.isEmpty;
  }

  bodyWanted(request: HttpRequest): void {
    if (request !== this.request || this.#state !== SERVING) {
      request.body.fail(new RequestAborted(request.abortCause ?? "client-gone"));
      return;
    }
    if (this.#body.continueOwed) {
      this.#body.continueOwed = false;
      this.output.writeText(formatInterim(100, []));
      if (!this.#working) this.#pushQuietly();
    }
    this.clocks.readStart(BODY_PHASE, this.service.clocks.bodyTimeoutMs);
    this.#goOn();
  }

  requestOver(request: HttpRequest): void {
    if (this.#state === CLOSED) this.service.unregister(request);
    if (request !== this.request) return;
    this.request = null;
    if (this.#borrowed !== null) {
      this.#borrowed.drop();
      this.#borrowed = null;
    }
    this.clocks.handlerStop();
    if (this.#state !== SERVING) return;
    if (!this.#keepAlive || this.#mustClose()) {
      this.#finish(this.#body.pending || this.#input.size > 0);
      return;
    }
    if (this.#body.pending) {
      this.#body.discard();
      this.clocks.readStart(BODY_PHASE, this.service.clocks.bodyTimeoutMs);
    }
    this.#goOn();
  }

  terminate(_request: HttpRequest): void {
    this.abort();
  }

  handlerClockStop(_request: HttpRequest): void {
    this.clocks.handlerStop();
  }

  // What the server asks.

  /** A graceful close has begun: an idle connection closes now, a busy one after its answer. */
  closeGracefully(): void {
    if (this.isIdle) this.#close();
  }

  /** Gives everything up now; the peer sees a reset. */
  abort(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.clocks.stopAll();
    this.output.drop();
    this.service.streams.abort(this.handle);
  }

  // Time.

  readTimedOut(phase: ReadPhase): void {
    if (phase === HEADER_PHASE) {
      if (this.#parser.started) this.refuse(LATE_HEAD);
      else this.#close();
    } else if (phase === BODY_PHASE) {
      if (this.request === null) this.#finish(true);
      else if (this.request.bodyIfAsked?.isFlowing === true) {
        this.#working = true;
        this.#bodyFailed(LATE_BODY);
        this.#work();
      }
    } else {
      this.#close();
    }
  }

  sendTimedOut(): void {
    if (this.request !== null) terminateRequest(this.request, "timeout");
    this.abort();
  }

  handlerTimedOut(): void {
    const { request } = this;
    if (request === null || request.headSent || request.finalized) return;
    this.#keepAlive = false;
    this.service.log("warn", `${request.method} ${request.target}: 503, the handler is late`);
    request.tellAbort("timeout");
    if (!request.finalized) finalizeRequest(request, ERROR, 503);
  }

  // Reading.

  /** Reads what is in `input`, unless an event is being handled that will do so at its end. */
  #goOn(): void {
    if (this.#working) return;
    this.#working = true;
    this.#work();
  }

  /** The end of each event: pushes output and reads on while one makes the other possible. */
  #work(): void {
    do {
      if (this.output.dirty) this.#push();
    } while (this.#state === SERVING && this.#consumeInput());
    if (this.output.dirty) this.#push();
    this.#working = false;
    if (this.#state !== SERVING) return;
    const { request } = this;
    if (request !== null) {
      if (request.writableOwed && this.#readiness() === OK) this.pushLater();
    } else if (this.#peerEnded && this.#gatheredFirst === null) {
      this.#close();
      return;
    } else if (!this.#body.pending) {
      this.#waitForHead();
    }
    const full = this.#input.size > this.service.limits.inputBytesMax;
    if (full !== this.#reading) return;
    this.#reading = !full;
    if (full) this.service.streams.readStop(this.handle);
    else this.service.streams.readStart(this.handle);
  }

  /** Answers whether it took anything. */
  #consumeInput(): boolean {
    const input = this.#input;
    const { start, end } = input;
    if (start === end) return false;
    const at = this.#consume(input.bytes, start, end);
    this.#keepHead();
    if (this.#state !== SERVING) return false;
    input.taken(at);
    return at > start;
  }

  /** Takes requests and bodies from `bytes[pos … end)`; answers where it had to stop. */
  #consume(bytes: Uint8Array, pos: number, end: number): number {
    while (this.#state === SERVING) {
      if (this.#body.pending) {
        const at = this.#consumeBody(bytes, pos, end);
        if (at < 0) return this.#body.pos;
        pos = at;
      } else if (this.request !== null) {
        if (pos === end || !this.#setAside()) return pos;
      } else {
        if (pos === end) return end;
        const code = this.#parser.feed(bytes, pos, end);
        if (code === HEAD_MORE) return pos;
        if (code !== HEAD_DONE) {
          this.refuse(this.#parser.error!);
          return end;
        }
        pos += this.#begin(bytes, pos);
      }
    }
    return end;
  }

  /** A head is complete: makes the request and runs its handlers. Answers the head's length. */
  #begin(bytes: Uint8Array, pos: number): number {
    const parser = this.#parser;
    const { headBytes } = parser;
    const head = new ByteHead(parser, bytes, pos);
    parser.reset();
    this.#borrowed = head;
    const request = new HttpRequest(head, this, this.service, this.loop.now());
    this.request = request;
    this.requests++;
    this.#keepAlive = head.keepAlive;
    this.clocks.readStop();
    this.clocks.handlerStart(this.service.clocks);
    this.#body.begin(head, this.service.limits);
    if (head.contentLength > this.service.limits.bodyBytesMax) {
      this.#bodyFailed(TOO_LARGE);
      return headBytes;
    }
    if (this.#peerEnded && this.service.halfClose === "abort") request.tellAbort("client-gone");
    runHandlers(request);
    return headBytes;
  }

  /** Answers where to go on, or -1 to wait. */
  #consumeBody(bytes: Uint8Array, pos: number, end: number): number {
    const { request } = this;
    const body = this.#body;
    const code = body.next(bytes, pos, end, request?.bodyIfAsked ?? null, this.service.limits);
    if (code === READ_MORE) {
      if (this.#peerEnded && request !== null && body.pos === end) this.#bodyFailed(INCOMPLETE);
      return -1;
    }
    if (code === READ_FAILED) {
      if (request !== null) this.#bodyFailed(body.error!);
      else this.#finish(true);
      return end;
    }
    if (code === READ_TOO_MUCH) {
      this.#finish(true);
      return end;
    }
    if (code === READ_DONE) this.clocks.readStop();
    else this.clocks.readStart(BODY_PHASE, this.service.clocks.bodyTimeoutMs);
    return body.pos;
  }

  /** The peer's body cannot be had: its consumer hears of it, and the client gets the status. */
  #bodyFailed(error: HttpError): void {
    const request = this.request!;
    if (request.abortCause === "bad-request") return;
    this.#keepAlive = false;
    this.clocks.readStop();
    const { method, target } = request;
    this.service.log("warn", `${method} ${target}: ${error.status}, ${error.message}`);
    request.bodyIfAsked?.fail(error);
    request.tellAbort("bad-request");
    if (!request.finalized) finalizeRequest(request, ERROR, error.status);
  }

  /** Nothing of a next request is here, or not all of its head. */
  #waitForHead(): void {
    const { clocks } = this.service;
    const phase = this.clocks.readPhase;
    if (this.#parser.started) {
      if (phase !== HEADER_PHASE) this.clocks.readStart(HEADER_PHASE, clocks.headerTimeoutMs);
    } else if (this.requests > 0 && phase !== KEEP_ALIVE_PHASE) {
      this.clocks.readStart(KEEP_ALIVE_PHASE, clocks.keepAliveTimeoutMs);
    }
  }

  /** The head's bytes go away with the event: a request that outlives it keeps them as text. */
  #keepHead(): void {
    if (this.#borrowed === null) return;
    this.#borrowed.keep();
    this.#borrowed = null;
  }

  // Writing.

  /**
   * A request that is answered, but for output that is gathered and small, makes room for the next
   * one of the same packet, so that pipelined answers leave in one write.
   */
  #setAside(): boolean {
    const request = this.request!;
    if (!request.finalized || request.holds !== null || request.bodyBroken) return false;
    if (!this.#keepAlive || this.#mustClose() || this.output.blocked) return false;
    if (this.output.chain.count > 1) return false;
    this.#keepHead();
    if (this.#gatheredLast === null) this.#gatheredFirst = request;
    else this.#gatheredLast.nextGathered = request;
    this.#gatheredLast = request;
    this.request = null;
    this.clocks.handlerStop();
    return true;
  }

  /** Pushes, and lets those requests end that only waited for it. */
  #push(): void {
    this.#pushQuietly();
    if (!this.output.isEmpty) return;
    while (this.#gatheredFirst !== null) {
      const request = this.#gatheredFirst;
      this.#gatheredFirst = request.nextGathered;
      if (this.#gatheredFirst === null) this.#gatheredLast = null;
      request.nextGathered = null;
      settleRequest(request);
    }
    if (this.request !== null && this.request.finalized) settleRequest(this.request);
    if (this.#state === FINISHING) this.#finishOutput();
  }

  /** Pushes without telling anybody: inside a call of the one who would be told. */
  #pushQuietly(): void {
    const code = this.output.push();
    if (code === AGAIN && !this.output.isEmpty) this.clocks.sendStart(this.service.clocks);
    else this.clocks.sendStop();
  }

  #readiness(): SendCode {
    if (this.output.dead) return ERROR;
    if (this.#turnBytes > TURN_BYTES_MAX) return AGAIN;
    return this.output.chain.size() >= this.service.limits.outputBytesReady ? AGAIN : OK;
  }

  // The end.

  /** True exactly when the connection cannot go on behind the current answer. */
  #mustClose(): boolean {
    const { service } = this;
    if (service.closing || this.requests >= service.limits.requestsPerConnectionMax) return true;
    if (!this.#body.pending) return false;
    if (this.#body.continueOwed) return true;
    // Somebody who took the body may still read it to its end.
    if (this.request?.bodyIfAsked?.isTaken === true) return false;
    return this.#body.isTooMuchToDiscard(service.limits);
  }

  /** Answers what is no request, and ends the connection. */
  refuse(error: HttpError): void {
    const { remoteAddress } = this;
    const peer = remoteAddress.transport === "tcp" ? remoteAddress.host : "a local client";
    this.service.log("warn", `${peer}: ${error.status}, ${error.message}`);
    this.output.writeText(refusalText(error, this.service.httpDate()));
    this.#finish(true);
  }

  /**
   * The last answer is queued: reads no more requests. `linger` says that the peer may be sending, so
   * that it needs time to read the answer.
   */
  #finish(linger: boolean): void {
    if (this.#state !== SERVING) return;
    this.#state = FINISHING;
    this.#input.clear();
    this.clocks.readStop();
    if (linger) this.#lingering = new Lingering();
    if (!this.#working) this.#push();
    else if (this.output.isEmpty) this.#finishOutput();
  }

  /** The last answer was accepted. */
  #finishOutput(): void {
    if (this.#state !== FINISHING || this.clocks.readPhase !== NO_PHASE) return;
    if (this.#lingering === null || this.#peerEnded) this.#close();
    else {
      const { service } = this;
      this.#lingering.start(this.handle, service.streams, this.loop, this.clocks, service.clocks);
    }
  }

  #drop(bytes: number): void {
    if (this.#state !== FINISHING || this.#lingering === null) return;
    const { limits, clocks } = this.service;
    if (!this.#lingering.drop(bytes, limits, this.loop, this.clocks, clocks)) this.abort();
  }

  #close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.clocks.stopAll();
    this.service.streams.close(this.handle);
  }

  /** The connection is gone before the request was over. */
  #abandon(request: HttpRequest): void {
    request.terminated = true;
    request.tellAbort("client-gone");
    request.bodyIfAsked?.fail(new RequestAborted(request.abortCause!));
    settleRequest(request);
    if (!request.over) this.service.register(request);
  }
}

const LATE_HEAD = new HttpError(408, "head-late", "the request's head did not come in time");

/** Body bytes that one connection may send in one turn before it has to let the others go on. */
const TURN_BYTES_MAX = 256 * 1024;
