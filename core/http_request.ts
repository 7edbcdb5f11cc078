/**
 * One request and its response, as handlers see it. It knows its head, its body, its holds and its
 * cleanups; it knows nothing of bytes on the wire (that is the exchange's) and decides nothing
 * about its own end (that is `finalize.ts`).
 *
 * @module
 */

import { authorityOf } from "./addresses.ts";
import { assert } from "./assert.ts";
import { type Buf, bufOf, isBuf } from "./buf.ts";
import { describe } from "./describe.ts";
import { type AbortCause, RequestAborted, textOfError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Compression } from "./filters/compression.ts";
import type { Encoding } from "./filters/encoding.ts";
import type { Outgoing, OutgoingSink } from "./filters/outgoing.ts";
import { finalizeRequest, terminateRequest } from "./finalize.ts";
import { Hold } from "./hold.ts";
import type { RequestHead } from "./http/request_head.ts";
import { type HeaderFields, ResponseHead } from "./http/response_head.ts";
import { checkRequestClocks, withDefaults } from "./limit_rules.ts";
import type { Clocks, RequestClocks } from "./limits.ts";
import { Listeners } from "./listeners.ts";
import { hearFailure } from "./promise_like.ts";
import type { Address } from "./reactor.ts";
import { RequestBody } from "./request_body.ts";
import {
  encodeMore,
  mayAnswer,
  NO_RESPONSE,
  sendBuf,
  sendHeadAlone,
  sendWhole,
} from "./sending.ts";
import type { Service } from "./service.ts";
import { ERROR, OK, type ResultCode, type SendCode } from "./status.ts";

/** How the bytes of one `send` are to be treated. */
export interface SendOptions {
  /** Everything up to here leaves now instead of at the end of the turn. */
  readonly flush?: boolean;
  /** This is the end of the body. */
  readonly last?: boolean;
}

/** A request and its response. `docs/finalize.md` tells its life. Made by the core alone. */
export class HttpRequest implements Outgoing {
  /** The core replaces it once, before any handler runs, when it decodes the body. */
  head: RequestHead;
  /** What carries it: a connection of the core, or an exchange of the runtime. @internal */
  readonly exchange: Exchange;
  /** The server, for reports, threads and limits. */
  readonly service: Service;
  /** When the head was complete, on the scale of the reactor's clock. */
  readonly startedMs: number;
  /** A slot for the application or its middleware. The core never reads it. */
  state: unknown = undefined;
  /** Called once after each `AGAIN` of `send`, when more may be offered. */
  onWritable: ((request: HttpRequest) => void) | null = null;

  // The response, for filters and the exchange.
  /** The head that was sent, for logs. Means nothing before `headSent`. */
  response: ResponseHead = NO_RESPONSE;
  /** What compresses the answer if it deserves it. May be set before the head is sent. @internal */
  compression: Compression | null;
  /** @internal */
  encoding: Encoding | null = null;
  bodyFilters = 0;
  promisedBytes = -1;
  /**
   * Bytes of the response's body that were accepted so far: before compression and chunks, and none
   * for HEAD and for a status without a body. Not all of them need have reached the client.
   */
  bodyBytes = 0;
  trailers: readonly string[] | null = null;
  bodyBroken = false;

  // The life of the request, for finalize.ts and the exchange.
  /** True exactly when the last byte of the response was given to the filters. */
  responseEnded = false;
  /** True exactly when `finalizeRequest` was called. */
  finalized = false;
  /** True exactly when no byte of an answer can reach the peer any more. */
  terminated = false;
  /** True exactly when the exchange answered `ERROR` to a `send`: its own end follows. */
  lost = false;
  /** True exactly when the request is over and its cleanups have run. */
  over = false;
  /** Why it was given up; null while it was not. */
  abortCause: AbortCause | null = null;
  /** Open holds, newest first. */
  holds: Hold | null = null;
  /** The handler that has the request now: an index in the service's list. */
  handlerIndex = 0;
  /** The next request of the same connection whose output is gathered but has not left yet. */
  nextGathered: HttpRequest | null = null;
  /** Where its answer ends in the output, while it is gathered. */
  gatheredAt = 0;
  /** True exactly when `send` answered `AGAIN` and `onWritable` is owed. */
  writableOwed = false;

  #body: RequestBody | null = null;
  #clocks: Clocks | null = null;
  #listenersIfAny: Listeners | null = null;
  #abortController: AbortController | null = null;
  #id = "";

  constructor(head: RequestHead, exchange: Exchange, service: Service, startedMs: number) {
    this.head = head;
    this.exchange = exchange;
    this.service = service;
    this.startedMs = startedMs;
    service.load.requestBegins();
    this.compression = service.compression;
  }

  /** The method as sent: `GET`. */
  get method(): string {
    return this.head.method;
  }

  /** The request target as sent: `/a?b`, `*`, or an absolute URI. */
  get target(): string {
    return this.head.target;
  }

  get versionMinor(): 0 | 1 {
    return this.head.versionMinor;
  }

  get isHead(): boolean {
    return this.head.isHead;
  }

  /** Where the filters send: the exchange. @internal */
  get sink(): OutgoingSink {
    return this.exchange;
  }

  /** The absolute URL (RFC 9110 §7.1). `new URL` of it never throws. */
  get url(): string {
    const { target } = this.head;
    if (target.charCodeAt(0) !== SLASH && target !== "*") return target;
    const authority = this.head.authority || authorityOf(this.exchange.localAddress);
    return `${this.exchange.scheme}://${authority}${target === "*" ? "" : target}`;
  }

  /** The peer's address: of a proxy, where there is one between. */
  get remoteAddress(): Address {
    return this.exchange.remoteAddress;
  }

  /** The address at which the request came in. */
  get localAddress(): Address {
    return this.exchange.localAddress;
  }

  /** The value of one header by its lower-case name, repeated ones joined by `, `; null without. */
  header(lowerCaseName: string): string | null {
    return this.head.get(lowerCaseName);
  }

  /** An identifier that no other request of this server has: for logs, made at first use. */
  get id(): string {
    if (this.#id === "") this.#id = this.service.nextRequestId();
    return this.#id;
  }

  /** The clocks that count for this request: the server's, but for those that were set for it. */
  get clocks(): Clocks {
    return this.#clocks ?? this.service.clocks;
  }

  /**
   * Sets clocks for this request, and for the time on its connection that follows it. One that runs
   * goes by its new time at once, counted from where it began. Does nothing for a request that is
   * over.
   *
   * @throws {TypeError} for a clock that a request does not have, and for what is no time.
   */
  setClocks(clocks: RequestClocks): void {
    checkRequestClocks(clocks);
    if (this.over) return;
    this.#clocks = withDefaults<Clocks>(clocks, this.clocks);
    this.exchange.clocksChanged(this);
  }

  /** The request's body. A request without one has an empty body that is already complete. */
  get body(): RequestBody {
    return this.#body ??= new RequestBody(this);
  }

  /** The body if somebody asked for it, for the exchange. */
  get bodyIfAsked(): RequestBody | null {
    return this.#body;
  }

  /**
   * Aborts with a `RequestAborted` when `onAbort` is told, before the response is complete.
   */
  get signal(): AbortSignal {
    if (this.#abortController === null) {
      const controller = this.#abortController = new AbortController();
      if (this.abortCause !== null) controller.abort(new RequestAborted(this.abortCause));
      else this.onAbort((cause) => controller.abort(new RequestAborted(cause)));
    }
    return this.#abortController.signal;
  }

  /** True exactly when the response's head was sent. */
  get headSent(): boolean {
    return this.response !== NO_RESPONSE;
  }

  /**
   * Sends a whole answer: head and body, with its Content-Length. A string goes out as UTF-8. Bytes
   * belong to the server as with `send`: those of 16 KiB and more may still be with the runtime
   * when the request is over.
   *
   * - `OK` or `AGAIN`: the answer is complete; give either to `finalizeRequest`, or return it.
   * - `ERROR`: nothing was sent: the client is gone, or the response had begun.
   *
   * @throws {TypeError} when the status, a header or the body cannot be sent; nothing was sent.
   */
  respond(status: number, headers?: HeaderFields, body?: string | Uint8Array | null): SendCode {
    if (!mayAnswer(this, "respond")) return ERROR;
    const response = new ResponseHead();
    response.set(status, headers ?? NO_FIELDS);
    const bytes = body ?? NO_BYTES;
    if (typeof bytes !== "string" && !(bytes instanceof Uint8Array)) {
      throw new TypeError(`respond takes text or bytes, not ${describe(bytes)}`);
    }
    return sendWhole(this, response, bytes);
  }

  /**
   * Sends the head alone; `send` follows. Without a Content-Length the body is chunked.
   *
   * @throws {TypeError} as `respond`.
   */
  sendHead(status: number, headers?: HeaderFields): SendCode {
    if (!mayAnswer(this, "sendHead")) return ERROR;
    const response = new ResponseHead();
    response.set(status, headers ?? NO_FIELDS);
    return sendHeadAlone(this, response);
  }

  /**
   * Sends body bytes. The server has them until they are released: copied at once when they are
   * less than 16 KiB; with the runtime until it is done with them when they are more. To know when,
   * send a `Buf` with an owner.
   *
   * - `OK`: accepted; offer more.
   * - `AGAIN`: accepted; offer nothing until `onWritable`.
   * - `ERROR`: not accepted, and yours as before, with no release: the client is gone, or the
   *   response has ended.
   *
   * @throws {TypeError} for what is none of the three; nothing was taken then.
   */
  send(item: string | Uint8Array | Buf, options?: SendOptions): SendCode {
    const bytes = typeof item === "string" ? encoder.encode(item) : item;
    const buf = bytes instanceof Uint8Array ? bufOf(bytes) : bytes;
    if (bytes === buf && !isBuf(buf)) {
      throw new TypeError(`send takes text, bytes or a Buf, not ${describe(buf)}`);
    }
    return sendBuf(this, buf, options?.last === true, options?.flush === true);
  }

  /** Everything that was sent, the head too, leaves now, through compression, too. */
  flush(): SendCode {
    return sendBuf(this, bufOf(NO_BYTES), false, true);
  }

  /** Ends the body, with trailer fields if the framing can carry them (RFC 9110 §6.5). */
  end(trailers?: HeaderFields): SendCode {
    if (trailers !== undefined) {
      const section = new ResponseHead();
      section.set(200, trailers);
      this.trailers = section.fields;
    }
    return sendBuf(this, bufOf(NO_BYTES), true, false);
  }

  /**
   * Keeps the request alive until the hold is released. A handler that returns `DONE` takes one
   * first. The reason is for people: it is what a leak report shows.
   */
  hold(reason: string): Hold {
    return new Hold(this, reason);
  }

  /**
   * Calls `cleanup` once when the request is over, last registered first. At once if it is over.
   * This and the other listeners run in the ambient state (`AsyncLocalStorage`) of whoever
   * registered them.
   */
  onCleanup(cleanup: () => void): void {
    if (this.over) this.#guarded(cleanup);
    else this.#listeners.onCleanup(cleanup);
  }

  /**
   * Calls `listener` at most once: the client left or half-closed, a clock ran out, or the server
   * is closing. At once if that was before. An answer may still go out: who produces one goes on
   * until `onTerminated`.
   */
  onAbort(listener: (cause: AbortCause) => void): void {
    if (this.abortCause !== null) this.#guarded(listener, this.abortCause);
    else if (!this.over) this.#listeners.onAbort(listener);
  }

  /**
   * Calls `listener` at most once: no byte of an answer can reach the peer any more. For whoever
   * produces one; unlike the signal it keeps quiet when the client only half-closes its side. At
   * once if that was before.
   */
  onTerminated(listener: () => void): void {
    if (this.terminated) this.#guarded(listener);
    else if (!this.over) this.#listeners.onTerminated(listener);
  }

  /** Whoever registered these listeners, of whatever kind, is done: they are called no more. */
  forget(...listeners: ((value: never) => void)[]): void {
    for (const listener of listeners) this.#listenersIfAny?.forget(listener);
  }

  /** Ends the request: see `finalizeRequest`. */
  finalize(code: ResultCode = OK, status = 0): boolean {
    return finalizeRequest(this, code, status);
  }

  /** One log line that names the request. For middleware and filters. */
  complain(text: string): void {
    this.service.log("error", `${this.head.method} ${this.head.target}: ${text}`);
  }

  // What follows is called by the core alone.

  /** The head is out: the answer is cut off, and never looks whole. */
  encodingFailed(error: unknown): void {
    this.complain(`the answer cannot be encoded\n${textOfError(error)}`);
    terminateRequest(this, "application");
  }

  /** True exactly when something that was sent has not come out of the encoder yet. */
  get isEncoding(): boolean {
    return this.encoding !== null && this.encoding.hasInput;
  }

  /** Whoever produces the answer waits: what an encoder holds back does not wait with it. */
  flushIfIdle(): void {
    if (this.encoding?.isHoldingBack === true && !this.responseEnded) this.flush();
  }

  /** As `respond`, with a head that is complete. */
  respondHead(response: ResponseHead, body: string | Uint8Array = NO_BYTES): SendCode {
    return mayAnswer(this, "respond") ? sendWhole(this, response, body) : ERROR;
  }

  /** As `sendHead`, with a head that is complete. */
  startHead(response: ResponseHead): SendCode {
    return mayAnswer(this, "sendHead") ? sendHeadAlone(this, response) : ERROR;
  }

  /** No byte of an answer can reach the peer any more: tells everybody once. */
  tellTerminated(cause: AbortCause): void {
    this.terminated = true;
    this.encoding?.close();
    this.tellAbort(cause);
    this.#body?.fail(new RequestAborted(this.abortCause!));
    this.#listenersIfAny?.tellTerminated();
  }

  /** Tells everybody once that the request is given up. */
  tellAbort(cause: AbortCause): void {
    if (this.abortCause !== null || this.over) return;
    this.abortCause = cause;
    this.#listenersIfAny?.tellAbort(cause);
  }

  /** Output may go on after `AGAIN`. */
  tellWritable(): void {
    if (!this.writableOwed || !encodeMore(this)) return;
    this.writableOwed = false;
    if (this.onWritable !== null && !this.responseEnded) this.#guarded(this.onWritable, this);
  }

  /** Runs the cleanups, once, in reverse order. Only finalize.ts calls this. */
  runCleanups(): void {
    assert(!this.over, "a request was over twice");
    this.over = true;
    this.service.load.requestEnds();
    this.encoding?.close();
    this.#listenersIfAny?.runCleanups();
  }

  get #listeners(): Listeners {
    return this.#listenersIfAny ??= new Listeners(
      this.service.context,
      (call, value) => this.#guarded(call, value),
    );
  }

  /** Application code runs here: what it throws is logged and goes no further. */
  #guarded<T>(call: (value: T) => unknown, value?: T): void {
    try {
      hearFailure(call(value as T), (error) => this.#listenerFailed(error));
    } catch (error) {
      this.#listenerFailed(error);
    }
  }

  #listenerFailed(error: unknown): void {
    this.complain(`a listener failed\n${textOfError(error)}`);
  }
}

const SLASH = 0x2f;
const NO_FIELDS: HeaderFields = [];
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
