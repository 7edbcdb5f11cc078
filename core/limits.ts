/**
 * Every bound of the core, by name, with its default. A queue, header, line, body or timer that is
 * not bounded here is a fault.
 *
 * @module
 */

/**
 * Sizes in bytes, counts, and what concerns overload. Each is a maximum that is still accepted.
 * `docs/limits.md` lists them with what happens past each.
 */
export interface Limits {
  /** Request line and header fields together. Past it: 431. */
  readonly headBytesMax: number;
  /** Header fields of one request. Past it: 431. */
  readonly headerCountMax: number;
  /** The request target. Past it: 414. */
  readonly targetBytesMax: number;
  /** A request's body after decoding. Past it: 413. */
  readonly clientBodyMaxBytes: number;
  /** Bytes of a body that are kept in memory; whoever keeps more of it keeps the rest in a file. */
  readonly clientBodyBufferBytes: number;
  /**
   * Decoded bytes of a body for each coded one, past the first MiB of it, where the server undoes
   * content codings. Past it: 413.
   */
  readonly bodyExpansionMax: number;
  /** Chunk extensions and trailers of one body. Past it: 400. */
  readonly chunkFramingBytesMax: number;
  /**
   * Bytes that are read ahead for one connection while nobody takes them: a body that nobody asked
   * for yet, pipelined requests that wait. Past it reading stops. A head that has begun may always
   * come in whole: less than `headBytesMax` acts as `headBytesMax`.
   */
  readonly inputBytesMax: number;
  /**
   * Pipelined requests of one connection that were answered while their answers have not left. Past
   * it the next one waits as bytes until they have.
   */
  readonly pipelinedRequestsMax: number;
  /** Queued output of one connection from which on `send` answers `AGAIN`. */
  readonly outputBytesReady: number;
  /** Queued output of one connection past which a producer that ignores `AGAIN` is cut off. */
  readonly outputBytesMax: number;
  /** Body bytes that one connection may send in one turn before the others go on. */
  readonly turnBytesMax: number;
  /** Rest of an unread body that is read and dropped to keep the connection. Past it: close. */
  readonly discardBytesMax: number;
  /** Bytes that a lingering close reads and drops before it gives up. */
  readonly lingerBytesMax: number;
  /** Threads that run jobs. Each is started when there is a job for it. */
  readonly threadsMax: number;
  /** The heap of a thread, where the platform can bound it. Past it, the thread ends. */
  readonly threadHeapMaxBytes: number;
  /** Jobs that wait for a thread. The next one is refused: 503. */
  readonly threadQueueMax: number;
  /**
   * The window of a job: what its thread may have written and the client not taken, 64 KiB … 1 GiB,
   * rounded up to a power of two.
   */
  readonly threadWindowBytes: number;
  /** Calls of one job to the loop that have not run yet. Past it, the thread is blocked. */
  readonly threadCallsMax: number;
  /** A result that is sent when it is whole. Past it: 500. */
  readonly threadResultMaxBytes: number;
  /** Bytes of such a result that are kept in memory; the rest is kept in a file. */
  readonly threadResultBufferBytes: number;
  /** Open connections. The next one gets 503 and is closed. */
  readonly connectionsMax: number;
  /**
   * Connections that got such a 503 and are not closed yet: they take nobody's place. The next one
   * is reset, with no answer and no line in the log.
   */
  readonly refusedConnectionsMax: number;
  /**
   * Open connections of one address; of IPv6, of one /64 network. The next one gets 503 and is
   * closed. Unix sockets have no address and are not counted. The default is that of
   * `connectionsMax`, since behind a proxy all clients have one address.
   */
  readonly connectionsPerAddressMax: number;
  /** Computations in steps that are not over. The next one is refused with 503. */
  readonly stepsMax: number;
  /** How late the loop may be, in milliseconds. Later, a new computation in steps gets a 503. */
  readonly stepsLagMaxMs: number;
  /** What all computations in steps together may use of one turn of the loop, in milliseconds. */
  readonly stepBudgetMs: number;
  /** Requests on one connection; the last one is answered with `Connection: close`. */
  readonly requestsPerConnectionMax: number;
  /**
   * Open requests of the whole server: those whose client is gone but who are still held, too. The
   * next one gets 503 with `Retry-After`, and accepting stops until a tenth of them is over.
   */
  readonly requestsMax: number;
  /**
   * How late the loop may be on average, in milliseconds: see `Load.lagMs`. Past it new requests
   * get 503 with `Retry-After`, and accepting stops, until it is at half of that. `Infinity`
   * switches it off, and the measuring too.
   */
  readonly loopLagMaxMs: number;
  /**
   * What `Retry-After` says to those who get 503, in milliseconds; rounded up to whole seconds.
   * `Infinity` leaves the field out.
   */
  readonly retryAfterMs: number;
}

/** What counts where a server is told nothing else. `docs/limits.md` gives the reasons. */
export const DEFAULT_LIMITS: Limits = {
  headBytesMax: 32 * 1024,
  headerCountMax: 100,
  targetBytesMax: 8 * 1024,
  clientBodyMaxBytes: 1024 * 1024,
  clientBodyBufferBytes: 16 * 1024,
  bodyExpansionMax: 100,
  chunkFramingBytesMax: 16 * 1024,
  inputBytesMax: 64 * 1024,
  pipelinedRequestsMax: 128,
  outputBytesReady: 64 * 1024,
  outputBytesMax: 1024 * 1024,
  turnBytesMax: 256 * 1024,
  discardBytesMax: 64 * 1024,
  lingerBytesMax: 64 * 1024 * 1024,
  threadsMax: 1,
  threadHeapMaxBytes: 1024 * 1024 * 1024,
  threadQueueMax: 64,
  threadWindowBytes: 256 * 1024,
  threadCallsMax: 1024,
  threadResultMaxBytes: 1024 * 1024 * 1024,
  threadResultBufferBytes: 1024 * 1024,
  connectionsMax: 16_384,
  refusedConnectionsMax: 1024,
  connectionsPerAddressMax: 16_384,
  stepsMax: 256,
  stepsLagMaxMs: 100,
  stepBudgetMs: 5,
  requestsPerConnectionMax: 100_000,
  requestsMax: 16_384,
  loopLagMaxMs: 1_000,
  retryAfterMs: 2_000,
};

/** The clocks, in milliseconds. Each is finite by default; `Infinity` switches one off. */
export interface Clocks {
  /**
   * From accept, or from the first byte of a later request, to the end of its head. Then 408, or a
   * silent close when not a byte came.
   */
  readonly headerTimeoutMs: number;
  /** Since the last progress of a request's body that somebody waits for. Then 408. */
  readonly bodyTimeoutMs: number;
  /**
   * Bytes of a body in a second, on the average of each `bodyRateWindowMs` in which somebody waited
   * for it. Below it: 408. 0 switches it off.
   */
  readonly bodyBytesPerSecondMin: number;
  /** How much time of waiting one look at the rate of a body takes in. */
  readonly bodyRateWindowMs: number;
  /** Since the last progress of output that waits to leave. Then a reset. */
  readonly sendTimeoutMs: number;
  /**
   * Bytes of output that leave in a second, on the average of each `sendRateWindowMs` in which
   * some of it waited all the time. Below it: a reset. 0 switches it off.
   */
  readonly sendBytesPerSecondMin: number;
  /** How much time of waiting one look at the rate of output takes in. */
  readonly sendRateWindowMs: number;
  /** Between two requests. Then a silent close. 0: the connection ends behind its answer. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection was idle at least when a graceful close closes it. */
  readonly keepAliveMinTimeoutMs: number;
  /**
   * From the end of the head to the response's head, without the time in which somebody waits for
   * the body: that is the body clock's. Then 503.
   */
  readonly handlerTimeoutMs: number;
  /** How long the loop waits for a thread to come to an end or to make something. Then 503. */
  readonly threadDeadlineMs: number;
  /** How long a thread may go on with a job that nobody wants any more. Then it is replaced. */
  readonly threadLeaveMs: number;
  /** How long a lingering close waits for the peer in all. */
  readonly lingerTimeMs: number;
  /** How long a lingering close waits for the next byte. */
  readonly lingerTimeoutMs: number;
}

/** The clocks that one request may set for itself. */
export type RequestClocks = Partial<
  Pick<
    Clocks,
    | "bodyTimeoutMs"
    | "bodyBytesPerSecondMin"
    | "bodyRateWindowMs"
    | "sendTimeoutMs"
    | "sendBytesPerSecondMin"
    | "sendRateWindowMs"
    | "keepAliveTimeoutMs"
    | "handlerTimeoutMs"
  >
>;

/**
 * The defaults follow nginx where it has the clock, and stay above common balancers' idle times.
 * The rates are Kestrel's; half a second is a round trip between continents and some more.
 */
export const DEFAULT_CLOCKS: Clocks = {
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  bodyBytesPerSecondMin: 240,
  bodyRateWindowMs: 30_000,
  sendTimeoutMs: 60_000,
  sendBytesPerSecondMin: 240,
  sendRateWindowMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  keepAliveMinTimeoutMs: 500,
  handlerTimeoutMs: 60_000,
  threadDeadlineMs: 60_000,
  threadLeaveMs: 5_000,
  lingerTimeMs: 30_000,
  lingerTimeoutMs: 5_000,
};

/**
 * Buffers of less than this are gathered by copy into one pooled buffer; others are lent as they
 * are. A copy of 16 KiB costs less than a system call of its own.
 */
export const GATHER_BYTES_MAX = 16 * 1024;

/** Size of a pooled output buffer. */
export const POOL_BUF_BYTES = 16 * 1024;

/** The most that one `onData` may bring. */
export const READ_BYTES_MAX = 64 * 1024;
