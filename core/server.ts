/**
 * The server: one set of handlers, limits and clocks over a reactor. It accepts connections, keeps
 * the registers of what is open, and closes in phases. It knows no runtime; `runtimes/` hands it
 * one.
 *
 * @module
 */

import { Admission, REFUSED, TURNED_AWAY } from "./admission.ts";
import { takesBodiesAsTheyCome } from "./begin_request.ts";
import type { Buf } from "./buf.ts";
import { BufPool } from "./buf_pool.ts";
import type { ByteText } from "./capabilities/byte_text.ts";
import type { Codecs, Coding } from "./capabilities/codecs.ts";
import type { Files } from "./capabilities/files.ts";
import type { Context } from "./capabilities/context.ts";
import { type Closable, type CloseOptions, type CloseReport, Closing } from "./closing.ts";
import type { Polls } from "./capabilities/polls.ts";
import type { WholeBodies } from "./capabilities/whole_bodies.ts";
import { Connection } from "./connection.ts";
import { textOfError } from "./errors.ts";
import { isRequestLevel } from "./exchange.ts";
import { Compression, type CompressionMeans } from "./filters/compression.ts";
import type { Handler } from "./handlers.ts";
import { HeadBytes } from "./http/head_bytes.ts";
import { HttpDate } from "./http/date.ts";
import { portableText } from "./http/latin1.ts";
import type { HttpRequest } from "./http_request.ts";
import { inspectServer, type ServerReport } from "./inspect.ts";
import { withDefaults } from "./limit_rules.ts";
import {
  type Clocks,
  DEFAULT_CLOCKS,
  DEFAULT_LIMITS,
  type Limits,
  POOL_BUF_BYTES,
} from "./limits.ts";
import { Load, type LoadEvents, loadLine } from "./load.ts";
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
import { checkServerOptions, type ServerOptions } from "./server_options.ts";
import type { Service } from "./service.ts";
import type { ThreadService } from "./thread_service.ts";
import { ThreadPool } from "./work/thread_pool.ts";

export type { CloseOptions, CloseReport } from "./closing.ts";
export type { ServerOptions } from "./server_options.ts";

/**
 * A server in a program of its own: `new Server(reactor, options)`, `listen`, `close`. `serve` of
 * `sluice/serve` does these for an application module. What is not documented here is for the core,
 * as is what is marked `@internal`.
 */
export class Server implements Service, StreamEvents, Closable, LoadEvents {
  /** What it runs on. */
  readonly reactor: Reactor;
  readonly loop: Loop;
  readonly streams: Reactor;
  readonly context: Context;
  readonly polls: Polls;
  readonly files: Files;
  readonly wholeBodies: WholeBodies | null;
  readonly byteText: ByteText;
  /** @internal */
  readonly compression: Compression | null;
  readonly handlers: readonly Handler[];
  readonly limits: Limits;
  readonly clocks: Clocks;
  readonly halfClose: "abort" | "answer";
  readonly clientBodyTempDir: string | null;
  readonly requestBody: "stream" | "buffer";
  readonly requestCodings: readonly Coding[];
  readonly takesBodiesAsTheyCome: boolean;
  readonly codecs: Codecs;
  readonly pool: BufPool = new BufPool({ bufBytes: POOL_BUF_BYTES, keepMax: 256 });
  /** Open requests and the loop's lag. Past their limits new requests get 503. */
  readonly load: Load;
  closing = false;
  /** Connections that are open, of a byte-level runtime. @internal */
  readonly connections: Set<Connection> = new Set();
  /** Live requests that no open connection lists: theirs is gone, or the runtime keeps it. */
  readonly requests: Set<HttpRequest> = new Set();
  readonly background: Map<Promise<unknown>, boolean> = new Map();
  /** @internal */
  readonly headBytes: HeadBytes = new HeadBytes();
  readonly #date = new HttpDate();
  readonly #listeners: Listener[] = [];
  readonly #admission: Admission;
  readonly #idPrefix: string;
  #lastId = 0;
  #threads: ThreadPool | null = null;
  #closed: Promise<CloseReport> | null = null;
  #closing: Closing | null = null;

  /**
   * Takes the reactor over: a reactor drives one server, unless servers share a `loop`.
   *
   * @throws {TypeError} that names an option, a limit or a clock that is misspelt or no such value.
   */
  constructor(reactor: Reactor, options: ServerOptions, loop: Loop = new Loop(reactor)) {
    checkServerOptions(options);
    this.reactor = reactor;
    this.streams = reactor;
    this.context = reactor.context;
    this.polls = reactor.polls;
    this.files = reactor.files;
    this.wholeBodies = reactor.wholeBodies ?? null;
    this.byteText = reactor.byteText ?? portableText;
    this.codecs = reactor.codecs;
    this.compression = compressionOf(options.compression, this);
    this.loop = loop;
    this.handlers = options.handlers;
    this.limits = withDefaults(options.limits ?? {}, DEFAULT_LIMITS);
    this.clocks = withDefaults(options.clocks ?? {}, DEFAULT_CLOCKS);
    this.halfClose = options.halfClose ?? "abort";
    this.clientBodyTempDir = options.clientBodyTempDir ?? null;
    this.load = new Load(loop, this.limits, this);
    this.#admission = new Admission(this.limits);
    this.requestBody = options.requestBody ?? "stream";
    this.requestCodings = codingsOf(options, reactor.codecs);
    this.takesBodiesAsTheyCome = takesBodiesAsTheyCome(this);
    this.#idPrefix = randomPrefix(reactor);
  }

  /** Starts to accept at `address`. Rejects with a `ListenError`. May be called more than once. */
  async listen(address: Address, options?: ListenOptions): Promise<Listener> {
    const { reactor } = this;
    const listener = isRequestLevel(reactor)
      ? await reactor.listenRequests(address, this, options)
      : await reactor.listen(address, this, options);
    this.#listeners.push(listener);
    if (this.load.isOverloaded) listener.acceptStop();
    return listener;
  }

  /**
   * Closes in phases: stops accepting, tells every request (`signal` aborts with `shutdown`),
   * answers with `Connection: close`, closes connections that have been idle for
   * `keepAliveMinTimeoutMs`, and at the deadline resets what is left and reports it.
   *
   * @throws {TypeError} when the deadline is no time.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    if (this.#closed === null) {
      this.#closing = new Closing(this, options);
      this.closing = true;
      this.#closed = this.#closing.run(this.#listeners);
    }
    return this.#closed;
  }

  /** The threads of this server, of which none is started before there is a job for it. */
  get threads(): ThreadService {
    return this.#threads ??= new ThreadPool(this, this.reactor.threads);
  }

  /** The threads if anybody asked for them. */
  get threadsIfAsked(): ThreadService | null {
    return this.#threads;
  }

  /** What is open now, as a copy; see `Service`. Works at any time, also behind `close`. */
  inspect(): ServerReport {
    return inspectServer(this);
  }

  // Events of the streams.

  onOpen(handle: Handle): void {
    this.loop.arrivals++;
    const connection = new Connection(handle, this);
    handle.owner = connection;
    this.connections.add(connection);
    const admission = this.#admission.connectionOpened(connection, this.connections.size);
    if (admission === TURNED_AWAY) connection.abort();
    else if (admission === REFUSED) connection.refuse(this.#admission.refusal);
    else if (this.#closing !== null) connection.closeGracefully(this.#closing.idleLeastMs);
    else if (this.load.isOverloaded) this.#admission.wait(connection);
  }

  /** Accepting stops, or goes on. */
  loadChanged(isOverloaded: boolean): void {
    this.log("warn", loadLine(this.load));
    for (const listener of this.#listeners) {
      if (isOverloaded) listener.acceptStop();
      else listener.acceptStart();
    }
    if (!isOverloaded) this.#admission.waitingBegin();
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
    return this.#date.text(this.loop.now(), this.loop);
  }

  /** @internal */
  connectionClosed(connection: Connection, _reason: CloseReason): void {
    this.connections.delete(connection);
    this.#admission.connectionClosed(connection);
    this.#closing?.look();
  }

  register(request: HttpRequest): void {
    this.requests.add(request);
  }

  unregister(request: HttpRequest): void {
    if (this.requests.delete(request)) this.#closing?.look();
  }

  waitUntil(promise: Promise<unknown>): void {
    const caught = promise.catch((error) =>
      this.log("error", `a promise given to waitUntil failed\n${textOfError(error)}`)
    );
    this.#waitFor(caught, true);
  }

  waitForRuntime(promise: Promise<unknown>): void {
    this.#waitFor(promise, false);
  }

  #waitFor(promise: Promise<unknown>, isApplications: boolean): void {
    const settled = promise.then(() => {
      this.background.delete(settled);
      this.#closing?.look();
    });
    this.background.set(settled, isApplications);
  }
}

/** What the options ask for, if the runtime has it. */
function codingsOf(options: ServerOptions, codecs: Codecs): readonly Coding[] {
  const { requestCodings = [] } = options;
  for (const coding of requestCodings) {
    if (!codecs.codings.includes(coding)) throw new TypeError(`this runtime has no ${coding}`);
  }
  return requestCodings;
}

function compressionOf(
  option: ServerOptions["compression"],
  means: CompressionMeans,
): Compression | null {
  if (option === undefined || option === false) return null;
  return new Compression(option === true ? {} : option, means);
}

/** Eight characters of base 36, so that identifiers of two runs of a server differ. */
function randomPrefix(entropy: Entropy): string {
  const bytes = new Uint8Array(8);
  entropy.random(bytes);
  let prefix = "";
  for (const byte of bytes) prefix += (byte % 36).toString(36);
  return `${prefix}-`;
}
