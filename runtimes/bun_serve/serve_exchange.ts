/**
 * The exchange of one request that came finished from `Bun.serve`: takes its answer to Bun as one
 * `Response`, and brings its body. It knows one request; connections are Bun's, and the end of a
 * request is `finalize.ts`'s.
 *
 * The answer of a handler that answers at once is returned from Bun's callback as it is: no
 * promise, no clock, no stream. These are made when the callback has to return without an answer.
 *
 * @module
 */

import { releaseBuf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";
import {
  type ClockEvents,
  ConnectionClocks,
  type ReadPhase,
} from "../../core/connection_clocks.ts";
import { HttpError, RequestAborted } from "../../core/errors.ts";
import type { Exchange } from "../../core/exchange.ts";
import { type Outgoing, refuseChain } from "../../core/filters/outgoing.ts";
import { finalizeLate, finalizeWithoutBody, terminateRequest } from "../../core/finalize.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import type { Loop } from "../../core/loop.ts";
import type { Output } from "../../core/output.ts";
import type { Posted } from "../../core/posted.ts";
import type { Address } from "../../core/reactor.ts";
import { LATE_BODY, TOO_LARGE } from "../../core/refuse.ts";
import type { Service } from "../../core/service.ts";
import { DECLINED, ERROR, OK, type SendCode } from "../../core/status.ts";
import { BodyPump, type PumpOwner } from "./body_pump.ts";
import type { ResponseStream } from "./response_stream.ts";
import {
  type AnswerOptions,
  hasNoBody,
  headResponse,
  resetResponse,
  streamResponse,
  wholeResponse,
} from "./responses.ts";
import type { ServeHead } from "./serve_head.ts";
import { type AnswerOwner, StreamedAnswer } from "./streamed_answer.ts";

/** What an exchange asks of the listener that it came by. */
export interface ExchangeHost {
  readonly service: Service;
  readonly localAddress: Address;
  remoteAddressOf(request: Request): Address;
  /** The request's connection is closed after this long without a byte. */
  setIdleTime(request: Request, idleMs: number): void;
  /** Runs `event` as one event of the loop. */
  asEvent(event: () => void): void;
}

export class ServeExchange
  implements Exchange, ClockEvents, Posted, PumpOwner, AnswerOwner, AnswerOptions {
  readonly loop: Loop;
  readonly scheme = "http";
  readonly framesItself = true;
  /** The one request; its maker sets it. */
  request!: HttpRequest;
  posted = false;
  nextPosted: Posted | null = null;

  readonly #host: ExchangeHost;
  readonly #native: Request;
  readonly #head: ServeHead;
  /** The answer, once there is one: at most one `Response` is made. */
  #response: Response | null = null;
  /** Gives Bun the answer when its callback has returned without. */
  #resolve: ((response: Response) => void) | null = null;
  /** True exactly when nothing more of the answer can reach the peer. */
  #dead = false;
  /** True exactly when the connection ends behind the answer, whatever the client wants. */
  #spoilt = false;
  /** Made when an answer does not come as one piece. */
  #streamed: StreamedAnswer | null = null;
  #pump: BodyPump | null = null;
  #bodyBytes = 0;
  #clocks: ConnectionClocks | null = null;
  #remote: Address | null = null;
  /** True exactly when the request was not over when its handlers had been run. */
  #outlives = false;
  /** True exactly when the server was closing when the request came. */
  readonly #wasClosing: boolean;

  constructor(host: ExchangeHost, native: Request, head: ServeHead) {
    this.#host = host;
    this.#native = native;
    this.#head = head;
    this.loop = host.service.loop;
    this.#wasClosing = host.service.closing;
  }

  /** The handlers were run: what Bun's callback returns. */
  handOver(): Response | Promise<Response> {
    const { request } = this;
    if (this.#response === null && request.headSent) this.#begin();
    if (!request.over) this.#outlive();
    if (this.#response !== null) return this.#response;
    return new Promise((resolve) => this.#resolve = resolve);
  }

  /**
   * The request goes on in later events, and is registered only now: to list each and every request
   * would take 4 % of a hello's time, and none of those that are over by now was ever to be seen.
   */
  #outlive(): void {
    const { service } = this.#host;
    this.#outlives = true;
    service.register(this.request);
    // Its own handler may have begun to close the server, which did not find it then.
    if (service.closing && !this.#wasClosing) this.request.tellAbort("shutdown");
    this.#native.signal.addEventListener("abort", this);
    if (this.#response === null || this.#isStreamed) this.#idle(Infinity);
    if (!this.request.headSent) this.#timing.handlerStart(this.request.clocks);
  }

  // What a request asks of its exchange.

  /** Bun forgets it with the connection, so what was asked for once is kept. */
  get remoteAddress(): Address {
    return this.#remote ??= this.#host.remoteAddressOf(this.#native);
  }

  get localAddress(): Address {
    return this.#host.localAddress;
  }

  /** Bun takes the head with the first bytes of the body. */
  writeHead(_outgoing: Outgoing): void {}

  pushLater(): void {
    this.loop.post(this);
  }

  /** The quick way out: Bun copies bytes, and encodes a text. */
  writeWhole(outgoing: Outgoing, body: string | Uint8Array): SendCode | typeof DECLINED {
    if (!outgoing.response.hasContentType) return DECLINED;
    if (this.#dead) return ERROR;
    this.deliverWhole(body);
    return OK;
  }

  writeBody(outgoing: Outgoing, chain: Chain): SendCode {
    if (this.#dead) {
      refuseChain(outgoing, chain);
      return ERROR;
    }
    if (!this.#isStreamed && (this.#response !== null || outgoing.bodyBroken)) {
      chain.drop();
      return OK;
    }
    if (this.#streamed === null && chain.count === 1 && chain.first!.last) {
      const buf = chain.shift();
      this.deliverWhole(buf.view());
      releaseBuf(buf);
      return OK;
    }
    this.#streamed ??= new StreamedAnswer(this, this.#host.service);
    return this.#streamed.write(chain);
  }

  outputIsEmpty(request: HttpRequest): boolean {
    if (this.#dead || request.bodyBroken && this.#response === null) return true;
    if (this.#isStreamed) return this.#streamed!.isEmpty;
    return this.#response !== null;
  }

  bodyWanted(request: HttpRequest): void {
    if (request.over) {
      request.body.fail(new RequestAborted(request.abortCause ?? "client-gone"));
      return;
    }
    const { body } = this.#native;
    if (body === null) {
      this.#bodyFailed(NO_BODY_OF_GET);
      return;
    }
    if (this.#pump === null) {
      this.#pump = new BodyPump(body, this);
      this.#timing.bodyBegins();
    }
    this.#timing.bodyWaits();
    this.#pump.want();
  }

  bodyUnwanted(): void {
    this.#clocks?.bodyStops();
  }

  clocksChanged(request: HttpRequest): void {
    this.#clocks?.use(request.clocks);
  }

  requestOver(request: HttpRequest): void {
    this.#clocks?.stopAll();
    this.#pump?.stop();
    if (this.#outlives) this.#host.service.unregister(request);
  }

  terminate(request: HttpRequest): void {
    this.#dead = true;
    this.#clocks?.stopAll();
    this.#pump?.stop();
    this.#streamed?.abort();
    if (this.#response === null) this.#deliver(resetResponse(request.isHead));
  }

  handlerClockStop(_request: HttpRequest): void {
    this.#clocks?.handlerStop();
  }

  // The answer.

  get closes(): boolean {
    return this.#spoilt || this.request.response.closeAsked || this.#host.service.closing ||
      this.request.clocks.keepAliveTimeoutMs === 0 ||
      !this.#head.keepAlive || this.#leavesMuchUnread;
  }

  get httpDate(): string {
    return this.#host.service.httpDate();
  }

  /** Nobody reads a body that is larger than what may be dropped for the sake of the connection. */
  get #leavesMuchUnread(): boolean {
    if (!this.#head.mayHaveBody || this.request.bodyIfAsked?.isTaken === true) return false;
    return this.#head.contentLength > this.#host.service.limits.discardBytesMax;
  }

  get #isStreamed(): boolean {
    return this.#streamed !== null && this.#streamed.begun;
  }

  deliverWhole(body: string | Uint8Array): void {
    const { clocks } = this.request;
    // Bun has all of it from now on, and its idle time is what ends a peer that does not take it.
    if (body.length > SENT_AT_ONCE_BYTES) this.#idle(clocks.sendTimeoutMs);
    else if (this.#resolve !== null) this.#idle(clocks.keepAliveTimeoutMs);
    this.#deliver(wholeResponse(this.request, body, this));
  }

  deliverStream(stream: ResponseStream): void {
    this.#deliver(streamResponse(this.request, stream, this));
  }

  /** The answer has not ended with its turn, or with Bun's callback: it is streamed. */
  #begin(): void {
    if (hasNoBody(this.request)) {
      this.#idle(this.request.clocks.keepAliveTimeoutMs);
      this.#deliver(headResponse(this.request, this));
    } else {
      this.#streamed ??= new StreamedAnswer(this, this.#host.service);
      this.#streamed.begin();
    }
  }

  #deliver(response: Response): void {
    this.#response = response;
    this.#resolve?.(response);
  }

  #idle(idleMs: number): void {
    this.#host.setIdleTime(this.#native, idleMs);
  }

  /** The end of the turn. */
  runPosted(): void {
    if (this.#dead || this.request.over) return;
    if (this.#response === null && this.request.headSent) this.#begin();
    if (this.#isStreamed) this.#streamed!.turn();
  }

  sendWaits(output: Output): void {
    this.#timing.sendStart(output);
  }

  sendGoesOn(): void {
    this.#clocks?.sendStop();
  }

  streamEnds(): void {
    this.#idle(this.request.clocks.keepAliveTimeoutMs);
  }

  // The client.

  /** Bun's signal: the connection is gone, or half of it, which is the same to Bun. */
  handleEvent(): void {
    this.asEvent(() => this.clientGone());
  }

  clientGone(): void {
    terminateRequest(this.request, "client-gone");
  }

  asEvent(event: () => void): void {
    this.#host.asEvent(event);
  }

  // The body.

  get bodyIsWanted(): boolean {
    return this.request.bodyIfAsked?.isFlowing === true;
  }

  get bodyTakesMax(): number {
    return this.request.body.takesMax;
  }

  bodyCame(bytes: Uint8Array): void {
    const { limits } = this.#host.service;
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > limits.clientBodyMaxBytes) {
      this.#bodyFailed(TOO_LARGE);
      return;
    }
    this.#timing.bodyCame(this.#bodyBytes);
    this.request.body.push(bytes);
  }

  bodyEnded(): void {
    this.#timing.bodyStops();
    this.request.body.end();
  }

  /** A declared body that is larger than allowed is refused before any handler sees it. */
  refuseLargeBody(): boolean {
    if (!this.#head.mayHaveBody) return false;
    if (this.#head.contentLength <= this.#host.service.limits.clientBodyMaxBytes) return false;
    this.#bodyFailed(TOO_LARGE);
    return true;
  }

  /** The body cannot be had: its consumer hears of it, and the client gets the status. */
  #bodyFailed(error: HttpError): void {
    const { request } = this;
    if (request.terminated || request.abortCause === "bad-request") return;
    this.#spoilt = true;
    this.#pump?.stop();
    this.#clocks?.readStop();
    finalizeWithoutBody(request, error);
  }

  // Time.

  get #timing(): ConnectionClocks {
    return this.#clocks ??= new ConnectionClocks(this.loop, this.request.clocks, this);
  }

  readTimedOut(_phase: ReadPhase): void {
    this.#bodyFailed(LATE_BODY);
  }

  sendTimedOut(): void {
    terminateRequest(this.request, "timeout");
  }

  handlerTimedOut(): void {
    const { request } = this;
    if (request.headSent || request.finalized) return;
    this.#spoilt = true;
    finalizeLate(request);
  }
}

/** What Bun hands to the kernel in one write, as a rule: no slow peer is worth watching for it. */
const SENT_AT_ONCE_BYTES = 64 * 1024;

const NO_BODY_OF_GET = new HttpError(
  501,
  "body-of-get",
  "Bun.serve does not hand over the body of a GET or HEAD",
);
