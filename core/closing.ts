/**
 * A server's graceful close, phase by phase: who is told, who may go on and for how long, and what
 * the report says. It knows connections and requests by their ends; what happens inside one is its
 * own affair.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import { terminateRequest } from "./finalize.ts";
import type { HttpRequest } from "./http_request.ts";
import type { ServerReport } from "./inspect.ts";
import type { Clocks } from "./limits.ts";
import type { Loop } from "./loop.ts";
import type { Listener } from "./reactor.ts";
import type { ThreadService } from "./thread_service.ts";
import { Timer } from "./timers.ts";

/** The default of `CloseOptions.deadlineMs`. */
export const CLOSE_DEADLINE_MS = 10_000;

/**
 * How long threads may take to end when all else is over. They end within 5 ms, unless they are
 * inside of a native call that blocks, which no runtime can interrupt.
 */
const THREADS_END_MS = 1000;

/** How a graceful close goes. */
export interface CloseOptions {
  /** After this long whatever is still open is reset. Default: 10 s. */
  readonly deadlineMs?: number;
}

/** What a graceful close had to leave behind. */
export interface CloseReport {
  /** True exactly when everything ended by itself before the deadline, and every thread ended. */
  readonly clean: boolean;
  /** What was open at the deadline: requests with their holds and ages. */
  readonly left: ServerReport;
  /** How many promises that were given to `waitUntil` had not settled by then. */
  readonly promises: number;
  /**
   * Threads that had not ended a second after all else: each is inside of a native call that
   * blocks, and ends with it. Until then Node cannot end the process, not even by `process.exit`.
   */
  readonly threads: number;
}

/** The parts of a server that its close goes through. */
export interface Closable {
  readonly loop: Loop;
  readonly clocks: Clocks;
  readonly connections: ReadonlySet<Connection>;
  readonly requests: ReadonlySet<HttpRequest>;
  /** What outlives requests: for each promise, whether it is an application's. */
  readonly background: ReadonlyMap<Promise<unknown>, boolean>;
  readonly threadsIfAsked: ThreadService | null;
  inspect(): ServerReport;
}

export class Closing {
  /** How long a connection was idle at least when it is closed: never past half of the deadline. */
  readonly idleLeastMs: number;
  readonly #server: Closable;
  readonly #deadlineMs: number;
  #whenQuiet: (() => void) | null = null;

  /**
   * @throws {TypeError} when the deadline is no time.
   */
  constructor(server: Closable, options: CloseOptions) {
    const { deadlineMs = CLOSE_DEADLINE_MS } = options;
    if (typeof deadlineMs !== "number" || !(deadlineMs >= 0)) {
      throw new TypeError(`deadlineMs is a number of at least 0, not ${deadlineMs}`);
    }
    this.#server = server;
    this.#deadlineMs = deadlineMs;
    this.idleLeastMs = Math.min(server.clocks.keepAliveMinTimeoutMs, deadlineMs / 2);
  }

  /** Goes through all phases. `listeners` accept nothing more from the first one on. */
  async run(listeners: readonly Listener[]): Promise<CloseReport> {
    const { connections, requests } = this.#server;
    const freed = listeners.map((listener) => listener.close());
    for (const connection of [...connections]) {
      connection.request?.tellAbort("shutdown");
      connection.closeGracefully(this.idleLeastMs);
    }
    for (const request of [...requests]) request.tellAbort("shutdown");
    await this.#quiet();
    const report = this.#report();
    for (const connection of [...connections]) {
      if (connection.request !== null) terminateRequest(connection.request, "shutdown");
      connection.abort();
    }
    for (const request of [...requests]) terminateRequest(request, "shutdown");
    const threads = await this.#server.threadsIfAsked?.close(THREADS_END_MS) ?? 0;
    await Promise.all(freed);
    return { ...report, clean: report.clean && threads === 0, threads };
  }

  /** Something has ended: it may have been the last. */
  look(): void {
    this.#whenQuiet?.();
  }

  #report(): Omit<CloseReport, "threads"> {
    const left = this.#server.inspect();
    let promises = 0;
    for (const isApplications of this.#server.background.values()) if (isApplications) promises++;
    return { clean: left.connections + left.requests.length + promises === 0, left, promises };
  }

  /** Resolves when nothing is open any more, or at the deadline. */
  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      const { loop } = this.#server;
      // Where the loop was held up, the clocks that ran out before it have their turns first.
      const timer = new Timer({ onTimer: () => loop.afterTurns(3, resolve) });
      loop.timers.arm(timer, loop.now() + this.#deadlineMs);
      this.#whenQuiet = () => {
        if (!this.#isQuiet) return;
        loop.timers.disarm(timer);
        this.#whenQuiet = null;
        resolve();
      };
      this.#whenQuiet();
    });
  }

  get #isQuiet(): boolean {
    const { background, connections, requests } = this.#server;
    return connections.size === 0 && requests.size === 0 && background.size === 0;
  }
}
