/**
 * Serves an application on the runtime that runs this file. It puts together the application, a
 * reactor and the core's server, and listens; it leaves process signals, exit codes and the command
 * line to its caller.
 *
 * ```ts
 * import { serve } from "sluice/serve";
 *
 * const running = await serve({ fetch: () => new Response("hello\n") }, { port: 8080 });
 * console.log(running.url);
 * await running.close();
 * ```
 *
 * @module
 */

import { type App, resolveApp, type ResolvedApp } from "../core/definition.ts";
import { authorityOf } from "../core/addresses.ts";
import { withDefaults } from "../core/limit_rules.ts";
import type { Address, Reactor } from "../core/reactor.ts";
import { type CloseOptions, type CloseReport, Server } from "../core/server.ts";
import { SERVER_OPTIONS, type ServerOptions } from "../core/server_options.ts";
import { type AccessLog, accessLogHandler } from "./access_log.ts";
import { createReactor, ServeError, type Via } from "./choose.ts";
import { freeUnixPath } from "./common/unix_path.ts";

export type { AccessLog } from "./access_log.ts";
export { createReactor, type ReactorOptions, ServeError, type Via } from "./choose.ts";

/** The options of a server beside its application. */
type Settings = Omit<ServerOptions, "handlers">;

/**
 * Each option wins over the same setting of a `defineServer`; `limits` and `clocks` do so limit by
 * limit and clock by clock.
 */
export interface ServeOptions extends Optional<Settings> {
  /** Default: `127.0.0.1`, which only this machine can reach. */
  readonly host?: string | undefined;
  /** 0 takes any free port. Default: 8080. */
  readonly port?: number | undefined;
  /**
   * The path of a Unix socket to listen on, in place of a host and a port. A socket that a dead
   * process left there is removed; the end of this one removes it.
   */
  readonly unix?: string | undefined;
  /** `serve` listens through `Bun.serve`, on Bun alone. Default: on bytes. */
  readonly via?: Via | undefined;
  /** Pending connections that the kernel keeps. Default: the runtime's. */
  readonly backlog?: number | undefined;
  /** Lets several processes listen on one port, where the platform can. Default: false. */
  readonly reusePort?: boolean | undefined;
  /** Gets a line of JSON for each request that reaches a handler, when it is over. */
  readonly accessLog?: AccessLog | undefined;
}

/** An option that is undefined is not given. */
type Optional<T> = { readonly [name in keyof T]?: T[name] | undefined };

/** A server that listens. */
export interface RunningServer {
  /** Where it really listens: a port 0 is replaced by the one that was given. */
  readonly address: Address;
  /** `http://127.0.0.1:8080`, without a slash at its end, or `unix:/run/app.sock`. */
  readonly url: string;
  /** For `inspect`, `load` and more places to listen at. */
  readonly server: Server;
  /** Closes gracefully: see `Server.close`. */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/**
 * Starts to serve `app`: a `defineServer({ … })`, an object with a `fetch` function, or a native
 * handler. Resolves when it listens.
 *
 * Rejects with a `ServeError` when the application, an option, the port or `via` cannot be used,
 * and with a `ListenError` when the address cannot be had.
 */
export async function serve(app: App, options: ServeOptions = {}): Promise<RunningServer> {
  const resolved = resolve(app);
  const address = addressOf(resolved, options);
  const reactor = await createReactor({ via: options.via });
  const server = serverOf(reactor, resolved, options);
  if (address.transport === "unix") await freeUnixPath(address.path);
  const listener = await server.listen(address, {
    ...options.backlog === undefined ? {} : { backlog: options.backlog },
    reusePort: options.reusePort ?? false,
  });
  return {
    address: listener.address,
    url: urlOf(listener.address),
    server,
    close: (closeOptions) => closeAwake(server, closeOptions),
  };
}

/**
 * Closes, and keeps the process until that is done: with the listener gone and a request waiting
 * for its deadline there may be nothing else that does, and Node would end with a pending promise.
 */
async function closeAwake(server: Server, options?: CloseOptions): Promise<CloseReport> {
  const awake = setInterval(() => {}, LONG_MS);
  try {
    return await server.close(options);
  } finally {
    clearInterval(awake);
  }
}

/** Any delay does. */
const LONG_MS = 1_000_000;

function resolve(app: App): ResolvedApp {
  try {
    return resolveApp(app);
  } catch (error) {
    throw error instanceof TypeError ? new ServeError("app", error.message) : error;
  }
}

function serverOf(reactor: Reactor, app: ResolvedApp, options: ServeOptions): Server {
  const settings: { [name: string]: unknown } = {};
  for (const name of SERVER_OPTIONS as readonly (keyof Settings)[]) {
    const value = options[name] ?? app[name];
    if (value !== undefined) settings[name] = value;
  }
  for (const name of ["limits", "clocks"] as const) {
    settings[name] = withDefaults<object>(options[name] ?? {}, app[name] ?? {});
  }
  try {
    for (const name of Object.keys(options)) {
      if (!SERVE_OPTIONS.has(name)) throw new TypeError(`serve has no option "${name}"`);
    }
    const { accessLog } = options;
    if (accessLog !== undefined && typeof accessLog !== "function") {
      throw new TypeError("accessLog is a function that gets a line");
    }
    const log = accessLog === undefined ? [] : [accessLogHandler(accessLog)];
    return new Server(reactor, { ...settings, handlers: [...log, ...app.handlers] });
  } catch (error) {
    throw error instanceof TypeError ? new ServeError("options", error.message) : error;
  }
}

const SERVE_OPTIONS = new Set([
  ...SERVER_OPTIONS,
  "host",
  "port",
  "unix",
  "via",
  "backlog",
  "reusePort",
  "accessLog",
]);

function addressOf(app: ResolvedApp, options: ServeOptions): Address {
  const path = unixPathOf(options) ?? (namesPort(options) ? undefined : unixPathOf(app));
  if (path === undefined) return portOf(app, options);
  if (path === "" || path.includes("\0")) {
    throw new ServeError("options", "a unix path is not empty, and has no NUL");
  }
  if (options.reusePort === true) {
    throw new ServeError("options", "reusePort is for a port, not for a unix path");
  }
  return { transport: "unix", path };
}

/** Where to listen, as an application or its caller says it. */
type Where = Pick<ServeOptions, "host" | "port" | "unix">;

function unixPathOf(where: Where): string | undefined {
  if (where.unix !== undefined && namesPort(where)) {
    throw new ServeError("options", "a server listens on a unix path, or on a host and a port");
  }
  return where.unix;
}

function namesPort({ host, port }: Where): boolean {
  return host !== undefined || port !== undefined;
}

function portOf(app: ResolvedApp, options: ServeOptions): Address {
  const host = options.host ?? app.host ?? "127.0.0.1";
  // Node listens on every address then, and `--host "$HOST"` is empty by accident.
  if (host === "") throw new ServeError("options", "a host is not empty: 0.0.0.0 is every address");
  const port = options.port ?? app.port ?? 8080;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    const given = typeof port === "string" ? JSON.stringify(port) : String(port);
    throw new ServeError("port", `a port is a whole number from 0 to 65535, not ${given}`);
  }
  return { transport: "tcp", host, port };
}

function urlOf(address: Address): string {
  return address.transport === "unix" ? `unix:${address.path}` : `http://${authorityOf(address)}`;
}
