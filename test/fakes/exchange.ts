/**
 * An exchange in memory for units of the lifecycle and of the ways to write an application: it
 * keeps what was written, answers what the test says, and lends nothing. It knows no HTTP on the
 * wire; for that there is the in-memory runtime.
 *
 * @module
 */

import { BufPool } from "../../core/buf_pool.ts";
import { ambientContext } from "../../runtimes/common/context.ts";
import type { Codecs } from "../../core/capabilities/codecs.ts";
import { createCodecs } from "../../runtimes/common/codecs.ts";
import { createFiles } from "../../runtimes/common/files.ts";
import type { Chain } from "../../core/chain.ts";
import type { AbortCause } from "../../core/errors.ts";
import type { Exchange } from "../../core/exchange.ts";
import type { Outgoing } from "../../core/filters/outgoing.ts";
import { settleRequest, terminateRequest } from "../../core/finalize.ts";
import { type Handler, runHandlers } from "../../core/handlers.ts";
import { HeadBytes } from "../../core/http/head_bytes.ts";
import { portableText } from "../../core/http/latin1.ts";
import { makeHead, type PlainHeadOptions } from "../../core/http/request_head.ts";
import type { ResponseHead } from "../../core/http/response_head.ts";
import { HttpRequest } from "../../core/http_request.ts";
import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../core/limits.ts";
import { Load } from "../../core/load.ts";
import { Loop } from "../../core/loop.ts";
import type { Address, TurnEvents } from "../../core/reactor.ts";
import type { BodyError } from "../../core/request_body.ts";
import type { Service } from "../../core/service.ts";
import { AGAIN, DECLINED, ERROR, OK, type SendCode } from "../../core/status.ts";
import type { ThreadService } from "../../core/thread_service.ts";

/** Runs `handlers` on one request, and answers the exchange that carries it. */
export function carry(handlers: Handler | Handler[], head: PlainHeadOptions = {}): FakeExchange {
  const exchange = new FakeExchange(Array.isArray(handlers) ? handlers : [handlers], head);
  runHandlers(exchange.request);
  return exchange;
}

export class FakeExchange implements Exchange {
  readonly framesItself = true;
  readonly scheme = "http";
  readonly remoteAddress: Address = { transport: "tcp", host: "192.0.2.7", port: 40000 };
  readonly localAddress: Address = { transport: "tcp", host: "192.0.2.1", port: 8080 };
  readonly loop: Loop = new Loop(new FakeTurn());
  readonly service: FakeService;
  readonly request: HttpRequest;
  /** The response's head, once it was written. */
  response: ResponseHead | null = null;
  /** What was written of its body, one entry for each write with bytes. */
  readonly writes: Uint8Array[] = [];
  /** True exactly when the response was ended. */
  ended = false;
  /** True exactly when the peer saw a reset. */
  reset = false;
  /** While true, writes are taken and answered with `AGAIN`. */
  blocked = false;
  /** While true, writes are answered with `ERROR`. */
  dead = false;
  /** How often somebody wanted the body. */
  wanted = 0;
  /** Resolves when the request is over. */
  readonly over: Promise<void>;
  readonly #pieces: Uint8Array[] = [];
  #bodyEnds = false;
  #requestOver!: () => void;

  constructor(handlers: Handler[], head: PlainHeadOptions) {
    this.over = new Promise((resolve) => this.#requestOver = resolve);
    this.service = new FakeService(this.loop, handlers);
    const authority = { authority: "example.com", ...head };
    this.request = new HttpRequest(makeHead(authority), this, this.service, 0);
  }

  /** The body that was written, as text. */
  get text(): string {
    return this.writes.map((bytes) => new TextDecoder("latin1").decode(bytes)).join("");
  }

  get bodyBytes(): number {
    return this.writes.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** The fields of the response, one `name: value` for each line. */
  get fields(): string[] {
    const lines: string[] = [];
    const flat = this.response?.fields ?? [];
    for (let i = 0; i < flat.length; i += 2) lines.push(`${flat[i]}: ${flat[i + 1]}`);
    return lines;
  }

  writeWhole(): typeof DECLINED {
    return DECLINED;
  }

  // What a test does in the place of a peer.

  /** Body bytes come in. */
  feed(bytes: Uint8Array | string): void {
    this.#pieces.push(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    this.#deliver();
  }

  /** The body's last byte has come. */
  feedEnd(): void {
    this.#bodyEnds = true;
    this.#deliver();
  }

  feedError(error: BodyError): void {
    this.request.body.fail(error);
  }

  /** How many pieces of the body wait for somebody to take them. */
  get waiting(): number {
    return this.#pieces.length;
  }

  /** The peer reads again. */
  unblock(): void {
    this.blocked = false;
    this.request.tellWritable();
    settleRequest(this.request);
  }

  /** The connection is gone. */
  leave(cause: AbortCause = "client-gone"): void {
    this.dead = true;
    this.request.tellTerminated(cause);
    settleRequest(this.request);
  }

  // What the core asks.

  writeHead(outgoing: Outgoing): void {
    this.response = outgoing.response;
  }

  writeBody(_outgoing: Outgoing, chain: Chain): SendCode {
    if (chain.tail!.last) this.ended = true;
    for (let buf = chain.first; buf !== null; buf = buf.next) {
      if (buf.size > 0 && !this.dead) this.writes.push(buf.view().slice());
    }
    chain.drop();
    return this.dead ? ERROR : this.blocked ? AGAIN : OK;
  }

  pushLater(): void {}

  outputIsEmpty(): boolean {
    return !this.blocked || this.dead;
  }

  bodyWanted(): void {
    this.wanted++;
    this.#deliver();
  }

  bodyUnwanted(): void {}

  clocksChanged(): void {}

  requestOver(): void {
    this.#requestOver();
  }

  terminate(): void {
    this.reset = true;
    this.dead = true;
  }

  handlerClockStop(): void {}

  /** Ends the request as a clock of the core does. */
  giveUp(cause: AbortCause): void {
    terminateRequest(this.request, cause);
  }

  #delivering = false;

  #deliver(): void {
    const { bodyIfAsked } = this.request;
    if (this.#delivering || bodyIfAsked === null) return;
    this.#delivering = true;
    while (bodyIfAsked.isFlowing && this.#pieces.length > 0) {
      const piece = this.#pieces.shift()!;
      bodyIfAsked.push(piece);
      // The memory is the exchange's, and used for other bytes at once.
      piece.fill(0x21);
    }
    this.#delivering = false;
    if (bodyIfAsked.isFlowing && this.#bodyEnds && this.#pieces.length === 0) bodyIfAsked.end();
  }
}

/** What a request needs of a server. */
class FakeService implements Service {
  readonly loop: Loop;
  readonly context = ambientContext;
  readonly files = createFiles();
  readonly wholeBodies = null;
  readonly byteText = portableText;
  readonly compression = null;
  readonly handlers: readonly Handler[];
  readonly headBytes: HeadBytes = new HeadBytes();
  readonly limits = DEFAULT_LIMITS;
  readonly clocks = DEFAULT_CLOCKS;
  readonly pool: BufPool = new BufPool({ bufBytes: 16 * 1024, keepMax: 8 });
  readonly load: Load;
  readonly halfClose = "abort";
  readonly clientBodyTempDir = null;
  readonly requestBody = "stream";
  readonly requestCodings = [];
  readonly takesBodiesAsTheyCome = true;
  readonly codecs: Codecs = createCodecs();
  readonly closing = false;

  get threads(): ThreadService {
    throw new Error("there are no threads here");
  }

  readonly lines: string[] = [];
  readonly background: Promise<unknown>[] = [];
  #lastId = 0;

  constructor(loop: Loop, handlers: readonly Handler[]) {
    this.loop = loop;
    this.load = new Load(loop, DEFAULT_LIMITS, { loadChanged: () => {} });
    this.handlers = handlers;
  }

  get streams(): never {
    throw new Error("an exchange in memory has no streams");
  }

  get polls(): never {
    throw new Error("an exchange in memory waits for nothing");
  }

  inspect(): never {
    throw new Error("there is no report here");
  }

  log(_level: string, text: string): void {
    this.lines.push(text);
  }

  nextRequestId(): string {
    return `request-${++this.#lastId}`;
  }

  httpDate(): string {
    return "Thu, 01 Jan 1970 00:00:00 GMT";
  }

  connectionClosed(): void {}
  register(): void {}
  unregister(): void {}

  waitForRuntime(): void {}

  waitUntil(promise: Promise<unknown>): void {
    this.background.push(promise);
  }
}

/** Turns of the platform's own loop; time stands still. */
class FakeTurn {
  #events: TurnEvents | null = null;

  now(): number {
    return 0;
  }

  stopwatchMs(): number {
    return performance.now();
  }

  wallTime(): number {
    return 0;
  }

  wakeAt(): void {}

  attach(events: TurnEvents): void {
    this.#events = events;
  }

  soon(): void {
    setImmediate(() => this.#events!.endOfTurn());
  }
}

/** Resolves when `turns` turns of the platform's loop are over. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
