/**
 * One connection of a byte-level runtime: takes its bytes apart into requests, one after another,
 * and sends their answers in order. It knows the order of things on one connection; the way in is
 * in `reader.ts`, the way out in `answer_writer.ts`, time in `connection_clocks.ts`, the end of a
 * request in `finalize.ts`, that of the connection in `ending.ts`.
 *
 * Requests of one connection are served one at a time: pipelined ones wait as bytes in `input`,
 * which is bounded. Reading goes on while a handler runs, since a paused socket hides that its peer
 * left.
 *
 * @module
 */

import { AnswerWriter, type AnswerWriterOwner } from "./answer_writer.ts";
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
import type { Outgoing } from "./filters/outgoing.ts";
import { abandonRequest, finalizeLate, finalizeWithoutBody, terminateRequest } from "./finalize.ts";
import { HttpRequest } from "./http_request.ts";
import type { ByteHead } from "./http/request_head.ts";
import { Halves } from "./http/halves.ts";
import type { Loop } from "./loop.ts";
import { Output } from "./output.ts";
import { Persistence } from "./persistence.ts";
import type { Posted } from "./posted.ts";
import { ReadGate } from "./read_gate.ts";
import { Reader, type ReaderEvents } from "./reader.ts";
import type { Address, CloseReason, Handle } from "./reactor.ts";
import { INCOMPLETE, LATE_BODY, LATE_HEAD, refusalLine, refusalText, TOO_LARGE } from "./refuse.ts";
import type { Service } from "./service.ts";
import { type DECLINED, OK, type SendCode } from "./status.ts";

export class Connection implements Exchange, AnswerWriterOwner, ReaderEvents, ClockEvents, Posted {
  readonly handle: Handle;
  readonly service: Service;
  readonly loop: Loop;
  readonly scheme = "http";
  readonly framesItself = false;
  readonly output: Output;
  readonly clocks: ConnectionClocks;
  /** The request that is being read or answered; null between requests. */
  request: HttpRequest | null = null;
  /** True exactly while an event is handled: who makes progress inside leaves the rest to it. */
  isWorking = false;
  posted = false;
  nextPosted: Posted | null = null;

  readonly #halves = new Halves();
  readonly #reader: Reader;
  readonly #ending: Ending;
  readonly #persistence: Persistence;
  readonly #answers: AnswerWriter;
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
    this.#persistence = new Persistence(service, this.clocks, this.#reader.body);
    this.#answers = new AnswerWriter(this, this.#halves, this.#persistence);
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
    return this.#reader.heldBytes + this.#answers.gathered.headBytes(this.request);
  }

  // Events of the stream.

  data(bytes: Uint8Array): void {
    if (!this.isServing) {
      if (!this.#ending.drop(bytes.length)) this.abort();
      return;
    }
    this.isWorking = true;
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
    this.isWorking = true;
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
    this.#answers.gathered.abandon();
    if (this.request !== null) abandonRequest(this.request);
    this.service.connectionClosed(this, reason);
  }

  /** The end of the turn, or room for output: pushes, and lets a waiting producer go on. */
  runPosted(): void {
    if (this.#ending.isClosed) return;
    this.isWorking = true;
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
    this.#answers.writeHead(outgoing);
  }

  writeWhole(outgoing: Outgoing, body: string | Uint8Array): SendCode | typeof DECLINED {
    return this.#answers.writeWhole(outgoing, body);
  }

  writeBody(outgoing: Outgoing, chain: Chain): SendCode {
    return this.#answers.writeBody(outgoing, chain);
  }

  pushLater(): void {
    this.loop.posted.post(this);
  }

  outputIsEmpty(request: HttpRequest): boolean {
    // Output that died was not accepted: the request waits for `closed`, which gives it up.
    const { output } = this;
    return request === this.request ? output.isAccepted : output.hasAccepted(request.gatheredAt);
  }

  bodyWanted(request: HttpRequest): void {
    if (request !== this.request || !this.isServing) {
      request.body.fail(new RequestAborted(request.abortCause ?? "client-gone"));
      return;
    }
    if (this.#reader.body.continueOwed) {
      this.#reader.body.continueOwed = false;
      this.#answers.writeContinue();
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
    const { keepAlive } = this.#persistence;
    if (!keepAlive || !goesOn || this.#persistence.restIsTooMuch(null)) {
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
    if (!this.isServing || this.#persistence.requests > 0) return;
    if (may) this.clocks.readStart(HEADER_PHASE, this.service.clocks.headerTimeoutMs);
    this.#gate.keep(!may);
  }

  /** A graceful close has begun: an idle connection closes, a busy one after its answer. */
  closeGracefully(idleLeastMs: number): void {
    if (this.#isIdle && !this.clocks.closingStart(idleLeastMs)) this.#ending.close();
  }

  /** True exactly when nothing of a request is here, nor of an answer. */
  get #isIdle(): boolean {
    return this.isServing && this.request === null && this.#answers.gathered.isEmpty &&
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
        this.isWorking = true;
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
    this.#persistence.keepAlive = false;
    finalizeLate(request);
  }

  // Reading.

  /** Reads what is in `input`, unless an event is being handled that will do so at its end. */
  #goOn(): void {
    if (this.isWorking) return;
    this.isWorking = true;
    this.#work();
  }

  /** The end of each event: pushes output and reads on while one makes the other possible. */
  #work(): void {
    do {
      if (this.output.dirty) this.#push();
    } while (this.isServing && this.#reader.takeKept());
    if (this.output.dirty) this.#push();
    this.#reader.eventEnds();
    this.isWorking = false;
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
    } else if (this.#ending.peerEnded && this.#answers.gathered.isEmpty && !this.#reader.isPutOff) {
      this.#ending.close();
      return;
    } else if (this.service.closing && this.#isIdle && this.clocks.readPhase !== CLOSING_PHASE) {
      this.#finish();
      return;
    } else if (!this.#reader.body.pending) {
      this.clocks.waitForHead(this.#reader.headStarted, this.#persistence.requests === 0);
    }
    this.#gate.set(!this.#reader.isFull);
  }

  headRead(head: ByteHead): void {
    const { service } = this;
    const request = new HttpRequest(head, this, service, this.loop.now());
    this.request = request;
    this.#persistence.begins(head);
    this.#halves.requestHead(this.#reader.body.pending);
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
    if (!this.#persistence.keepAlive || this.#persistence.mustClose(request)) return false;
    if (!this.#answers.gather(request)) return false;
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
    this.#persistence.keepAlive = false;
    this.clocks.readStop();
    finalizeWithoutBody(request, error);
  }

  // Writing.

  /** Pushes, and goes on to the end of the connection when that only waited for it. */
  #push(): void {
    if (this.#answers.push()) this.#ending.outputLeft();
  }

  // The end.

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
    if (!this.isWorking) this.#push();
    else if (this.output.isEmpty) this.#ending.outputLeft();
  }
}
