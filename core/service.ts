/**
 * What requests and connections need of the server that they belong to: its limits, clocks and
 * handlers, its log, its registers. Types and prose only; `server.ts` supplies it.
 *
 * @module
 */

import type { ByteText } from "./capabilities/byte_text.ts";
import type { Codecs, Coding } from "./capabilities/codecs.ts";
import type { Context } from "./capabilities/context.ts";
import type { Polls } from "./capabilities/polls.ts";
import type { Files } from "./capabilities/files.ts";
import type { WholeBodies } from "./capabilities/whole_bodies.ts";
import type { Connection } from "./connection.ts";
import type { Compression } from "./filters/compression.ts";
import type { Handler } from "./handlers.ts";
import type { HeadBytes } from "./http/head_bytes.ts";
import type { HttpRequest } from "./http_request.ts";
import type { ServerReport } from "./inspect.ts";
import type { Clocks, Limits } from "./limits.ts";
import type { Load } from "./load.ts";
import type { Loop } from "./loop.ts";
import type { CloseReason, LogLevel, Sockets, Streams } from "./reactor.ts";
import type { BufPool } from "./buf_pool.ts";
import type { ThreadService } from "./thread_service.ts";

/**
 * The server as a request sees it: `request.service`, and for a fetch application
 * `env.request.service`. `inspect`, `threads`, `limits`, `clocks`, `load` and `waitUntil` are for
 * applications; the rest is for the core.
 */
export interface Service {
  /** Clock, timers and posted calls. */
  readonly loop: Loop;
  /** The ambient state (`AsyncLocalStorage`) in which something was asked for. */
  readonly context: Context;
  /** The reactor's streams. */
  readonly streams: Sockets & Streams;
  /** What the application owns and the runtime can wait for. */
  readonly polls: Polls;
  /** Threads for code that would hold up the loop: `callInThread`, `register`. */
  readonly threads: ThreadService;
  /** Temporary files, for what is too large for memory. */
  readonly files: Files;
  /** What compresses answers that deserve it; null: nothing does. @internal */
  readonly compression: Compression | null;
  /** All limits, with their defaults where no option said otherwise. */
  readonly limits: Limits;
  /** All clocks, likewise. A request may have others: `request.clocks`. */
  readonly clocks: Clocks;
  /** Tried in order until one does not answer `DECLINED`. */
  readonly handlers: readonly Handler[];
  /** Open requests and the loop's lag, and whether that is too much. */
  readonly load: Load;
  /** Output buffers of all connections. */
  readonly pool: BufPool;
  /** What a client's FIN means for the request that is being answered. */
  readonly halfClose: "abort" | "answer";
  /** Where temporary files of request bodies are made; null: where the platform has such files. */
  readonly clientBodyTempDir: string | null;
  /** Whether handlers run before a request's body is here, or behind it. */
  readonly requestBody: "stream" | "buffer";
  /** The content codings of request bodies that are undone. */
  readonly requestCodings: readonly Coding[];
  /** True exactly when neither of the two asks for anything: looked at for each request. */
  readonly takesBodiesAsTheyCome: boolean;
  /** Encoders and decoders of content codings. */
  readonly codecs: Codecs;
  /** True exactly from the start of a graceful close on: answers carry `Connection: close`. */
  readonly closing: boolean;
  /** Bodies of responses that need not be read as streams; null where all must. */
  readonly wholeBodies: WholeBodies | null;
  /** The quickest way from bytes to text. */
  readonly byteText: ByteText;
  /** One line out, where the runtime logs. */
  log(level: LogLevel, text: string): void;
  /** An identifier that no other request of this server has. */
  nextRequestId(): string;
  /**
   * What is open now, as a copy that stays as it is: connections, requests, holds with their
   * reasons and ages, bytes, load, waits, threads. It looks at each connection and each request, so
   * it is for reports and checks, not for each request. An application finds it at
   * `request.service` (fetch: `env.request.service`).
   */
  inspect(): ServerReport;
  /** Heads of whole answers, remembered. @internal */
  readonly headBytes: HeadBytes;
  /** A value for the Date header, cached for a second. */
  httpDate(): string;
  /** A connection has closed: it leaves the register. @internal */
  connectionClosed(connection: Connection, reason: CloseReason): void;
  /** Lists a request that no open `Connection` lists: it lost its own, or never had one. */
  register(request: HttpRequest): void;
  /** A registered request is over. Does nothing for one that was not registered. */
  unregister(request: HttpRequest): void;
  /** A promise that outlives its request. A graceful close waits for it. */
  waitUntil(promise: Promise<unknown>): void;
  /** What the runtime itself still does, and never rejects. A graceful close waits for it, too. */
  waitForRuntime(promise: Promise<unknown>): void;
}
