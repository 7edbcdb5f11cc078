/**
 * What `sluice/memory` gives: the in-memory runtime, and on it a whole server with clients, for
 * testing an application. It puts together the application, a reactor and the core's server; what
 * happens, and when, its caller says.
 *
 * ```ts
 * import { memoryServer } from "sluice/memory";
 *
 * const world = memoryServer({ fetch: () => new Response("hello\n") });
 * const answer = await world.connect().get("/");
 * console.assert(answer.status === 200 && answer.text === "hello\n");
 * await world.close();
 * ```
 *
 * @module
 */

import { type App, resolveApp } from "../core/definition.ts";
import type { Address } from "../core/reactor.ts";
import { type CloseOptions, type CloseReport, Server } from "../core/server.ts";
import { SERVER_OPTIONS, type ServerOptions } from "../core/server_options.ts";
import { MemoryHttpClient } from "./memory/http_client.ts";
import {
  type LogLine,
  MemoryReactor,
  type MemoryReactorOptions,
  type RunUntilOptions,
} from "./memory.ts";

export * from "./memory.ts";
export { MemoryAnswer, MemoryHttpClient, type MemoryRequest } from "./memory/http_client.ts";

/** Settings of the server win over those of a `defineServer`, limit by limit, clock by clock. */
export interface MemoryServerOptions
  extends MemoryReactorOptions, Omit<ServerOptions, "handlers"> {}

/**
 * Serves `app` in memory: a `defineServer({ … })`, an object with a `fetch` function, or a native
 * handler. It listens at once.
 *
 * @throws {TypeError} when there is nothing to serve, or a fault does not exist.
 * @throws {RangeError} when an option is out of its range.
 */
export function memoryServer(app: App, options: MemoryServerOptions = {}): MemoryServer {
  return new MemoryServer(app, options);
}

const ADDRESS: Address = { transport: "tcp", host: "127.0.0.1", port: 80 };
/** How far the clock may move for what is waited for, unless somebody says otherwise. */
const WITHIN_MS = 3_600_000;
/** How long a faulty network may hold up the last events of streams that are closed. */
const HOMECOMING_MS = 60_000;

/** A server in memory, its network and its clock. */
export class MemoryServer {
  /** The runtime below: `faultCounts`, `pending()`, and controls by single events. */
  readonly reactor: MemoryReactor;
  /** For `inspect`, `load` and `close`. */
  readonly server: Server;

  constructor(app: App, options: MemoryServerOptions = {}) {
    const settings = resolveApp(app);
    this.reactor = new MemoryReactor(options);
    const asked = { ...settings, ...options };
    const merged: { [name: string]: unknown } = {};
    for (const name of SERVER_OPTIONS as readonly (keyof ServerOptions)[]) {
      merged[name] = asked[name];
    }
    this.server = new Server(this.reactor, {
      ...merged,
      handlers: settings.handlers,
      limits: { ...settings.limits, ...options.limits },
      clocks: { ...settings.clocks, ...options.clocks },
    });
    // In memory this has happened when the call returns, and nobody else listens there.
    void this.server.listen(ADDRESS);
  }

  /** A new client. Its connection is made in an event: when the world is run. */
  connect(): MemoryHttpClient {
    return new MemoryHttpClient(this.reactor, ADDRESS);
  }

  /** Milliseconds since the beginning, on the clock of this world. */
  now(): number {
    return this.reactor.now();
  }

  /** Every line that the server logged. */
  get logs(): readonly LogLine[] {
    return this.reactor.logs;
  }

  /** Runs everything that happens now, with all microtasks. The clock stands still. */
  settle(): Promise<void> {
    return this.reactor.settle();
  }

  /** Moves the clock by `ms`, and runs everything that happens on the way. */
  advance(ms: number): Promise<void> {
    return this.reactor.elapse(ms);
  }

  /**
   * Runs the world until `condition` holds; the clock moves where nothing else happens, by
   * `withinMs` at most (an hour). Rejects when it never holds, with what is pending.
   */
  until(condition: () => boolean, options: RunUntilOptions = {}): Promise<void> {
    return this.reactor.runUntil(condition, { withinMs: WITHIN_MS, ...options });
  }

  /**
   * Resolves in `ms` milliseconds of this world's clock: for an application that is given its way
   * to wait, in place of the platform's timers. Rejects with the signal's reason when it aborts.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal!.reason);
      if (signal?.aborted === true) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.reactor.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
    });
  }

  /**
   * Closes the server gracefully, moves the clock as far as that takes, and looks whether all came
   * home. Rejects when something did not: a connection, a request that somebody holds, a buffer.
   */
  async close(options: CloseOptions = {}): Promise<CloseReport> {
    const report = await this.reactor.waitFor(this.server.close(options), { withinMs: WITHIN_MS });
    const isHome = (): boolean => this.#leftOver().length === 0;
    await this.reactor.runUntil(isHome, { withinMs: HOMECOMING_MS }).catch(() => {
      throw new Error(`after the close there is left: ${this.#leftOver().join("; ")}`);
    });
    return report;
  }

  /** What the server's side still has. What a client that does not read has is its own affair. */
  #leftOver(): string[] {
    const { buffersOut, requests } = this.server.inspect();
    const streams = this.reactor.pending().open.filter((end) => end.startsWith(SERVERS_END));
    return [
      ...streams.map((end) => `the stream ${end}`),
      ...requests.map(({ holds, method, state, target }) => {
        const who = holds.map(({ reason }) => JSON.stringify(reason)).join(", ");
        return `${method} ${target} (${state}), held by ${who === "" ? "nobody" : who}`;
      }),
      ...buffersOut > 0 ? [`${buffersOut} buffers`] : [],
    ];
  }
}

const SERVERS_END = "127.0.0.1:80 -> ";
