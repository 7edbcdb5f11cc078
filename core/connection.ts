/**
 * One connection of a byte-level runtime: takes its bytes apart into requests, one after another,
 * and sends their answers in order. It knows the order of things on one connection; parsing is in
 * `http/`, the way out in `output.ts`, time in `connection_clocks.ts`, the end of a request in
 * `finalize.ts`.
 *
 * Requests of one connection are served one at a time: pipelined ones wait as bytes in `input`,
 * which is bounded. Reading goes on while a handler runs, since a paused socket hides that its peer
 * left.
 *
 * @module
 */

import { beginRequest } from "./begin_request.ts";
import type { Chain } from "./chain.ts";
import {
  BODY_PHASE,
  type ClockEvents,
  CLOSING_PHASE,
  ConnectionClocks,
  HEADER_PHASE,
  type ReadPhase,
} from "./connection_clocks.ts";
import { type HttpError, RequestAborted } from "./errors.ts";
import { Ending } from "./ending.ts";
import type { Exchange } from "./exchange.ts";
import { type Outgoing, refuseChain } from "./filters/outgoing.ts";
import {
  abandonRequest,
  finalizeLate,
  finalizeWithoutBody,
  settleRequest,
  terminateRequest,
} from "./finalize.ts";
import { Gathered } from "./gathered.ts";
import { HttpRequest } from "./http_request.ts";
import type { ByteHead } from "./http/request_head.ts";
import { formatInterim, formatResponseHead, type ResponseHead } from "./http/response_head.ts";
import { Halves } from "./http/halves.ts";
import type { Loop } from "./loop.ts";
import { Output } from "./output.ts";
import type { Posted } from "./posted.ts";
import { ReadGate } from "./read_gate.ts";
import { Reader, type ReaderEvents } from "./reader.ts";
import type { Address, CloseReason, Handle } from "./reactor.ts";
import { INCOMPLETE, LATE_BODY, LATE_HEAD, refusalLine, refusalText, TOO_LARGE } from "./refuse.ts";
import type { Service } from "./service.ts";
import { AGAIN, DECLINED, ERROR, OK, type SendCode } from "./status.ts";

export class Connection implements Exchange, ReaderEvents, ClockEvents, Posted {
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

  readonly #halves = new Halves();
  readonly #reader: Reader;
  readonly #ending: Ending;
  readonly #gathered = new Gathered();
  /** True exactly when the connection goes on behind the current answer. */
  #keepAlive = true;
  /**
   * True exactly while an event is handled: whoever makes progress inside leaves the rest to it.
   */
  #working = false;
  readonly #gate: ReadGate;

  constructor(handle: Handle, service: Service) {
    this.handle = handle;
    this.service = service;
    this.loop = service.loop;
    this.output = new Output(handle, service, this);
    this.clocks = new ConnectionClocks(service.loop, service.clocks, this);
    this.#reader = new Reader(service, this);
    this.#gate = new ReadGate(handle, service.streams);
    this.#ending = new Ending(handle, service, this.output, this.clocks);
    this.clocks.readStart(HEADER_PHASE, service.clocks.headerTimeoutMs);
  }

  get remoteAddress(): Address {
    return this.service.streams.remoteAddress(this.handle);
  }

  get localAddress(): Address {
    return this.service.streams.localAddress(this.handle);
  }

  get isServing(): boolean {
    return this.#ending.isServing;
  }

  /** The memory of what came in and is kept, in bytes. */
  get inputBytes(): number {
    return this.#reader.heldBytes + this.#gathered.headBytes(this.request);
  }

  // Events of the stream.

  data(bytes: Uint8Array): void {
    if (!this.isServing) {
      if (!this.#ending.drop(bytes.length)) this.abort();
      return;
    }
    this.#working = true;
    this.output.turnBegins();
    this.#reader.take(bytes);
    this.#work();
  }

  writable(): void {
    this.output.blocked = false;
    this.runPosted();
  }

  ended(): void {
    this.#ending.peerEnded = true;
    if (!this.isServing && this.output.isEmpty) {
      this.#ending.close();
      return;
    }
    this.#working = true;
    const { request } = this;
    if (request !== null) {
      if (this.#reader.body.pending && this.#reader.size === 0) this.bodyFailed(INCOMPLETE);
      else if (this.service.halfClose === "abort") request.tellAbort("client-gone");
    }
    this.#work();
  }

  closed(reason: CloseReason): void {
    this.#ending.closed();
    this.#reader.clear();
    this.output.drop();
    this.#gathered.abandon();
    if (this.request !== null) abandonRequest(this.request);
    this.service.connectionClosed(this, reason);
  }

  /** The end of the turn, or room for output: pushes, and lets a waiting producer go on. */
  runPosted(): void {
    if (this.#ending.isClosed) return;
    this.#working = true;
    this.output.turnBegins();
    this.#reader.turnBegins();
    this.output.dirty = true;
    this.#push();
    const { request } = this;
    if (request !== null && request.writableOwed && this.output.readiness === OK) {
      request.tellWritable();
    }
    this.#work();
  }

  // What a request asks of its exchange.

  writeHead(outgoing: Outgoing): void {
    const { response, versionMinor } = outgoing;
    const keepAlive = this.#headBegins(response);
    const date = this.service.httpDate();
    this.output.writeText(formatResponseHead(response, versionMinor, date, keepAlive));
    this.#halves.responseHead();
  }

  writeWhole(outgoing: Outgoing, body: string | Uint8Array): SendCode | typeof DECLINED {
    const { output } = this;
    if (output.dead) return ERROR;
    const { response, versionMinor } = outgoing;
    const keepAlive = this.#headBegins(response);
    const { service } = this;
    const head = service.headBytes.of(response, versionMinor, service.httpDate(), keepAlive);
    if (!output.writeWhole(head, body)) return DECLINED;
    this.#halves.responseHead();
    this.#halves.responseEnd();
    if (!this.#working) {
      this.#pushQuietly();
      if (!this.#gathered.isEmpty) this.pushLater();
    }
    return output.readiness;
  }

  pushLater(): void {
    this.loop.posted.post(this);
  }

  writeBody(outgoing: Outgoing, chain: Chain): SendCode {
    const { output } = this;
    if (output.dead) {
      refuseChain(outgoing, chain);
      return ERROR;
    }
    const { last, flush } = chain.tail!;
    // What is looked at is the queue before this item: one of any size is the application's own
    // memory already, and `send` had said that it may come. And every response may end.
    if (output.isOverfull && !last) {
      refuseChain(outgoing, chain);
      outgoing.complain("kept sending although send answered AGAIN: the response was cut off");
      terminateRequest(this.request!, "application");
      return ERROR;
    }
    if (last) this.#halves.responseEnd();
    output.writeChain(chain);
    if (!this.#working || output.chain.count > 1) {
      if (last || flush || output.chain.count > 1) {
        this.#pushQuietly();
        if (!this.#gathered.isEmpty) this.pushLater();
      } else {
        this.pushLater();
      }
    }
    // Taken is taken: a push that failed has released it already, and the next item hears of it.
    if (output.dead) return AGAIN;
    const code = output.readiness;
    if (code === AGAIN && !output.blocked) this.pushLater();
    return code;
  }

  outputIsEmpty(): boolean {
    // Output that died was not accepted: the request waits for `closed`, which gives it up.
    return !this.output.dead && this.output.isEmpty;
  }

  bodyWanted(request: HttpRequest): void {
    if (request !== this.request || !this.isServing) {
      request.body.fail(new RequestAborted(request.abortCause ?? "client-gone"));
      return;
    }
    if (this.#reader.body.continueOwed) {
      this.#reader.body.continueOwed = false;
      this.#halves.interim();
      this.output.writeText(formatInterim(100));
      if (!this.#working) this.#pushQuietly();
    }
    this.clocks.bodyWaits();
    this.#goOn();
  }

  bodyUnwanted(request: HttpRequest): void {
    if (request === this.request) this.clocks.bodyStops();
  }

  requestOver(request: HttpRequest): void {
    if (this.#ending.isClosed) this.service.unregister(request);
    if (request !== this.request) return;
    this.request = null;
    this.#reader.headOver();
    this.clocks.handlerStop();
    if (!this.isServing) return;
    // A request that is here already is answered, and told then that it is the last.
    const goesOn = !this.service.closing || this.#reader.size > 0;
    if (!this.#keepAlive || !goesOn || this.#restIsTooMuch()) {
      // The client may have sent its next request by now.
      this.#finish();
      return;
    }
    if (!this.#halves.next()) {
      this.#reader.body.discard();
      this.clocks.bodyWaits();
    }
    this.#goOn();
  }

  terminate(): void {
    this.abort();
  }

  clocksChanged(request: HttpRequest): void {
    if (request === this.request) this.clocks.use(request.clocks);
  }

  handlerClockStop(): void {
    this.clocks.handlerStop();
  }

  // What the server asks.

  /** Whoever came while nothing is accepted is not read for a while; the header clock runs. */
  mayBegin(may: boolean): void {
    if (!this.isServing || this.requests > 0) return;
    if (may) this.clocks.readStart(HEADER_PHASE, this.service.clocks.headerTimeoutMs);
    this.#gate.keep(!may);
  }

  /** A graceful close has begun: an idle connection closes, a busy one after its answer. */
  closeGracefully(idleLeastMs: number): void {
    if (this.#isIdle && !this.clocks.closingStart(idleLeastMs)) this.#ending.close();
  }

  /** True exactly when nothing of a request is here, nor of an answer. */
  get #isIdle(): boolean {
    return this.isServing && this.request === null && this.#gathered.isEmpty &&
      !this.#reader.body.pending && !this.#reader.headStarted;
  }

  /** Gives everything up now; the peer sees a reset. */
  abort(): void {
    // One that closed in order may still wait for its peer to take the last bytes.
    if (this.#ending.isOver) return;
    this.#halves.abort();
    this.#ending.abort();
  }

  // Time.

  readTimedOut(phase: ReadPhase): void {
    if (phase === HEADER_PHASE) {
      if (this.#reader.headStarted) this.refuse(LATE_HEAD);
      else this.#ending.close();
    } else if (phase === BODY_PHASE) {
      if (this.request === null) this.#finish();
      else {
        this.#working = true;
        this.bodyFailed(LATE_BODY);
        this.#work();
      }
    } else {
      this.#ending.close();
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
    finalizeLate(request);
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
    } while (this.isServing && this.#reader.takeKept());
    if (this.output.dirty) this.#push();
    this.#reader.eventEnds();
    this.#working = false;
    // What was sent from a release inside the last push.
    if (this.output.dirty) this.pushLater();
    if (!this.isServing) return;
    const { request } = this;
    if (this.#ending.peerEnded && this.#reader.size === 0 && this.#reader.body.pending) {
      // The end of the stream came behind bytes that waited for their consumer until now.
      if (request?.bodyIfAsked?.isFlowing === true) this.bodyFailed(INCOMPLETE);
    }
    if (request !== null) {
      if (request.writableOwed && this.output.readiness === OK) this.pushLater();
    } else if (this.#ending.peerEnded && this.#gathered.isEmpty && !this.#reader.isPutOff) {
      this.#ending.close();
      return;
    } else if (this.service.closing && this.#isIdle && this.clocks.readPhase !== CLOSING_PHASE) {
      this.#finish();
      return;
    } else if (!this.#reader.body.pending) {
      this.clocks.waitForHead(this.#reader.headStarted, this.requests === 0);
    }
    this.#gate.set(!this.#reader.isFull);
  }

  headRead(head: ByteHead): void {
    const { service } = this;
    const request = new HttpRequest(head, this, service, this.loop.now());
    this.request = request;
    this.requests++;
    this.#halves.requestHead(this.#reader.body.pending);
    this.#keepAlive = head.keepAlive;
    this.clocks.readStop();
    this.clocks.handlerStart(service.clocks);
    if (this.#reader.body.pending) this.clocks.bodyBegins();
    if (head.contentLength > service.limits.clientBodyMaxBytes) {
      this.bodyFailed(TOO_LARGE);
      return;
    }
    if (this.#ending.peerEnded && service.halfClose === "abort") request.tellAbort("client-gone");
    beginRequest(request);
  }

  /**
   * A request that is answered, but for output that is gathered and small, makes room for the next
   * one of the same packet, so that pipelined answers leave in one write.
   */
  makeRoom(): boolean {
    const request = this.request!;
    if (!this.#gathered.mayTake(request) || !this.#keepAlive || this.#mustClose()) return false;
    const { output } = this;
    if (output.blocked || output.chain.count > 1 || output.readiness !== OK) return false;
    this.#gathered.add(request);
    this.request = null;
    this.#halves.next();
    this.clocks.handlerStop();
    return true;
  }

  bodyRead(complete: boolean): void {
    this.clocks.bodyCame(this.#reader.body.seen);
    if (complete) {
      this.clocks.bodyStops();
      this.#halves.requestEnd();
      if (this.request === null) this.#halves.next();
    }
  }

  bodyTooMuch(): void {
    this.#halves.refuse();
    this.#finish();
  }

  /** The peer's body cannot be had: its consumer hears of it, and the client gets the status. */
  bodyFailed(error: HttpError): void {
    const { request } = this;
    if (!this.#halves.refuse()) return;
    if (request === null) {
      this.#finish();
      return;
    }
    this.#keepAlive = false;
    this.clocks.readStop();
    finalizeWithoutBody(request, error);
  }

  // Writing.

  /** Decides whether the connection goes on behind this answer. */
  #headBegins(response: ResponseHead): boolean {
    if (response.closeAsked || this.#mustClose()) this.#keepAlive = false;
    // Whoever answers before it asked for the body does not want it.
    this.#reader.body.continueOwed = false;
    return this.#keepAlive;
  }

  /** Pushes, and lets those requests end that only waited for it. */
  #push(): void {
    this.#pushQuietly();
    // Of output that died nothing has left: `closed` gives its requests up.
    if (!this.output.isEmpty || this.output.dead) return;
    this.#gathered.settle();
    if (this.request !== null && this.request.finalized) settleRequest(this.request);
    this.#ending.outputLeft();
  }

  /** Pushes without telling anybody: inside a call of the one who would be told. */
  #pushQuietly(): void {
    const { output, clocks } = this;
    const waited = output.blocked && clocks.sendRuns;
    output.push();
    if (output.hasLeft || output.dead) clocks.sendStop();
    else if (!waited) clocks.outputWaits(output);
  }

  // The end.

  /** True exactly when the connection cannot go on behind the current answer. */
  #mustClose(): boolean {
    const { closing, limits } = this.service;
    if (this.clocks.inForce.keepAliveTimeoutMs === 0) return true;
    return closing || this.requests >= limits.requestsPerConnectionMax || this.#restIsTooMuch();
  }

  #restIsTooMuch(): boolean {
    const isTaken = this.request?.bodyIfAsked?.isTaken === true;
    return this.#reader.body.restIsTooMuch(isTaken, this.service.limits);
  }

  /** Answers what is no request, and ends the connection. */
  refuse(error: HttpError): void {
    this.#halves.refuse();
    this.service.log("warn", refusalLine(error, this.remoteAddress));
    this.output.writeText(refusalText(error, this.service));
    this.#finish();
  }

  /** The last answer is queued: reads no more requests. */
  #finish(): void {
    if (!this.isServing) return;
    this.#reader.clear();
    this.#ending.finish();
    if (!this.#working) this.#push();
    else if (this.output.isEmpty) this.#ending.outputLeft();
  }
}
