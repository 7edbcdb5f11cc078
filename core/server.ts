/**
 * The server: one set of handlers, limits and clocks over a reactor. It accepts connections, keeps
 * the registers of what is open, and closes in phases. It knows no runtime; `runtimes/` hands it
 * one.
 *
 * @module
 */

import type { Buf } from "./buf.ts";
import { BufPool } from "./buf_pool.ts";
import type { Context } from "./capabilities/context.ts";
import { Connection } from "./connection.ts";
import { isRequestLevel } from "./exchange.ts";
import { terminateRequest } from "./finalize.ts";
import type { Handler } from "./handlers.ts";
import { HeadBytes } from "./http/head_bytes.ts";
import { HttpDate } from "./http/date.ts";
import { type HttpRequest, textOfError } from "./http_request.ts";
import { inspectServer, type ServerReport } from "./inspect.ts";
import {
  type Clocks,
  DEFAULT_CLOCKS,
  DEFAULT_LIMITS,
  type Limits,
  POOL_BUF_BYTES,
} from "./limits.ts";
import { Loop } from "./loop.ts";
import type {
  Address,
  CloseReason,
  Entropy,
  Handle,
  Listener,
  ListenOptions,
  LogLevel,
  Reactor,
  StreamEvents,
} from "./reactor.ts";
import { FULL } from "./refuse.ts";
import type { Service } from "./service.ts";
import { Timer } from "./timers.ts";

export interface ServerOptions {
  /** Tried in order until one does not answer `DECLINED`. */
  readonly handlers: readonly Handler[];
  readonly limits?: Partial<Limits>;
  readonly clocks?: Partial<Clocks>;
  /**
   * What a client's half close means. `abort` (the default): the request's signal aborts, and the
   * answer still goes out. `answer`: it means nothing.
   */
  readonly halfClose?: "abort" | "answer";
  /** Where temporary files of request bodies are made. Default: the platform's own place. */
  readonly clientBodyTempDir?: string;
}

export interface CloseOptions {
  /** After this long whatever is still open is reset. Default: 10 s. */
  readonly deadlineMs?: number;
}

/** What a graceful close had to leave behind. */
export interface CloseReport {
  /** True exactly when everything ended by itself before the deadline. */
  readonly clean: boolean;
  /** What was open at the deadline: requests with their holds and ages. */
  readonly left: ServerReport;
}

export class Server implements Service, StreamEvents {
  readonly reactor: Reactor;
  readonly loop: Loop;
  readonly streams: Reactor;
  readonly context: Context;
  readonly handlers: readonly Handler[];
  readonly limits: Limits;
  readonly clocks: Clocks;
  readonly halfClose: "abort" | "answer";
  readonly clientBodyTempDir: string | null;
  readonly pool: BufPool = new BufPool({ bufBytes: POOL_BUF_BYTES, keepMax: 256 });
  closing = false;
  readonly connections: Set<Connection> = new Set();
  /** Live requests that no open connection lists: theirs is gone, or the runtime keeps it. */
  readonly requests: Set<HttpRequest> = new Set();
  readonly headBytes: HeadBytes = new HeadBytes();
  readonly #date = new HttpDate();
  readonly #listeners: Listener[] = [];
  readonly #background: Set<Promise<unknown>> = new Set();
  readonly #idPrefix: string;
  #lastId = 0;
  #closed: Promise<CloseReport> | null = null;
  #whenQuiet: (() => void) | null = null;

  /** Takes the reactor over: a reactor drives one server, unless servers share a `loop`. */
  constructor(reactor: Reactor, options: ServerOptions, loop: Loop = new Loop(reactor)) {
    this.reactor = reactor;
    this.streams = reactor;
    this.context = reactor.context;
    this.loop = loop;
    this.handlers = options.handlers;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.clocks = { ...DEFAULT_CLOCKS, ...options.clocks };
    this.halfClose = options.halfClose ?? "abort";
    this.clientBodyTempDir = options.clientBodyTempDir ?? null;
    this.#idPrefix = randomPrefix(reactor);
  }

  /** Starts to accept at `address`. Rejects with a `ListenError`. May be called more than once. */
  async listen(address: Address, options?: ListenOptions): Promise<Listener> {
    const { reactor } = this;
    const listener = isRequestLevel(reactor)
      ? await reactor.listenRequests(address, this, options)
      : await reactor.listen(address, this, options);
    this.#listeners.push(listener);
    return listener;
  }

  /**
   * Closes in phases: stops accepting, tells every request (`signal` aborts with `shutdown`),
   * answers with `Connection: close`, closes idle connections, and at the deadline resets what is
   * left.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    return this.#closed ??= this.#closeInPhases(options.deadlineMs ?? CLOSE_DEADLINE_MS);
  }

  /** What is open now: connections, requests, holds with their reasons and ages. */
  inspect(): ServerReport {
    return inspectServer(this);
  }

  async #closeInPhases(deadlineMs: number): Promise<CloseReport> {
    this.closing = true;
    const freed = this.#listeners.map((listener) => listener.close());
    for (const connection of [...this.connections]) {
      connection.request?.tellAbort("shutdown");
      connection.closeGracefully();
    }
    for (const request of [...this.requests]) request.tellAbort("shutdown");
    await this.#quiet(deadlineMs);
    const left = this.inspect();
    for (const connection of [...this.connections]) {
      if (connection.request !== null) terminateRequest(connection.request, "shutdown");
      connection.abort();
    }
    for (const request of [...this.requests]) terminateRequest(request, "shutdown");
    await Promise.all(freed);
    return { clean: left.connections === 0 && left.requests.length === 0, left };
  }

  /** Resolves when nothing is open any more, or at the deadline. */
  #quiet(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = new Timer({ onTimer: () => resolve() });
      this.loop.timers.arm(timer, this.loop.now() + deadlineMs);
      this.#whenQuiet = () => {
        if (!this.#isQuiet) return;
        this.loop.timers.disarm(timer);
        this.#whenQuiet = null;
        resolve();
      };
      this.#whenQuiet();
    });
  }

  get #isQuiet(): boolean {
    return this.connections.size === 0 && this.requests.size === 0 && this.#background.size === 0;
  }

  // Events of the streams.

  onOpen(handle: Handle): void {
    const connection = new Connection(handle, this);
    handle.owner = connection;
    this.connections.add(connection);
    if (this.connections.size > this.limits.connectionsMax) connection.refuse(FULL);
    else if (this.closing) connection.closeGracefully();
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    (handle.owner as Connection).data(bytes);
  }

  onWritable(handle: Handle): void {
    (handle.owner as Connection).writable();
  }

  onRelease(handle: Handle, buf: Buf): void {
    (handle.owner as Connection).output.released(buf);
  }

  onEnd(handle: Handle): void {
    (handle.owner as Connection).ended();
  }

  onClose(handle: Handle, reason: CloseReason): void {
    (handle.owner as Connection).closed(reason);
  }

  // What requests and connections need.

  log(level: LogLevel, text: string): void {
    this.reactor.log(level, text);
  }

  nextRequestId(): string {
    return this.#idPrefix + (++this.#lastId).toString(36);
  }

  httpDate(): string {
    return this.#date.text(this.loop.wallTime());
  }

  connectionClosed(connection: Connection, _reason: CloseReason): void {
    this.connections.delete(connection);
    this.#whenQuiet?.();
  }

  register(request: HttpRequest): void {
    this.requests.add(request);
  }

  unregister(request: HttpRequest): void {
    if (this.requests.delete(request)) this.#whenQuiet?.();
  }

  waitUntil(promise: Promise<unknown>): void {
    const settled = promise.then(
      () => undefined,
      (error) => this.log("error", `a promise given to waitUntil failed\n${textOfError(error)}`),
    ).then(() => {
      this.#background.delete(settled);
      this.#whenQuiet?.();
    });
    this.#background.add(settled);
  }
}

/** Eight characters of base 36, so that identifiers of two runs of a server differ. */
function randomPrefix(entropy: Entropy): string {
  const bytes = new Uint8Array(8);
  entropy.random(bytes);
  let prefix = "";
  for (const byte of bytes) prefix += (byte % 36).toString(36);
  return `${prefix}-`;
}

const CLOSE_DEADLINE_MS = 10_000;
