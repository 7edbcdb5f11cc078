/**
 * What an application module may export, and what a runtime's entry makes of it: one list of
 * handlers with options. Values are recognised by brands, never by class, because the source and
 * the built package may both be loaded in one process. It knows shapes, and starts nothing.
 *
 * @module
 */

import { type FetchApp, type FetchHandler, fetchHandler } from "./apps/fetch.ts";
import type { Handler } from "./handlers.ts";
import { SERVER_OPTIONS, type ServerOptions } from "./server_options.ts";

/** Options of a server, with its application in one of two shapes. */
export interface ServerSettings extends Partial<ServerOptions> {
  /**
   * A fetch application's handler: `(request, env, context) => Response`. With native `handlers`
   * too, they come first.
   */
  readonly fetch?: FetchHandler;
  /** Where to listen, unless whoever serves it says otherwise. Default: `127.0.0.1`. */
  readonly host?: string;
  /** 0 takes any free port. Default: 8080. */
  readonly port?: number;
  /** The path of a Unix socket to listen on, in place of a host and a port. */
  readonly unix?: string;
}

/** A branded `ServerSettings`, made by `defineServer`. */
export interface ServerDefinition extends ServerSettings {
  readonly [DEFINITION]: true;
}

/** Anything that can be served: a definition, a fetch application, or a native handler. */
export type App = ServerDefinition | FetchApp | Handler;

const DEFINITION: unique symbol = Symbol.for("sluice.definition") as never;

/**
 * Describes a server: its handlers, its limits, where it listens.
 *
 * @throws {TypeError} when there is no handler, or a name is misspelt.
 */
export function defineServer(settings: ServerSettings): ServerDefinition {
  if (settings.fetch === undefined && (settings.handlers ?? []).length === 0) {
    throw new TypeError("defineServer needs `fetch` or `handlers`");
  }
  if (settings.fetch !== undefined && typeof settings.fetch !== "function") {
    throw new TypeError("fetch is a function: (request, env, context) => Response");
  }
  for (const name of Object.keys(settings)) {
    if (!SETTINGS.has(name)) throw new TypeError(`defineServer knows no setting "${name}"`);
  }
  return { ...settings, [DEFINITION]: true };
}

/** Settings with one list of handlers. */
export interface ResolvedApp extends ServerSettings {
  /** In the order in which they are tried. Made of `fetch`, the last one. */
  readonly handlers: readonly Handler[];
}

/**
 * Makes one list of handlers of whatever a module exports.
 *
 * @throws {TypeError} that says what was found, when it cannot be served.
 */
export function resolveApp(app: unknown): ResolvedApp {
  if (typeof app === "function") return { handlers: [app as Handler] };
  if (app === undefined) throw new TypeError(`there is nothing to serve: ${WANTED}`);
  if (typeof app !== "object" || app === null) {
    throw new TypeError(`cannot serve ${app === null ? "null" : typeof app}: ${WANTED}`);
  }
  if (DEFINITION in app) {
    const definition = app as ServerDefinition;
    const fetch = definition.fetch;
    const handlers = [...definition.handlers ?? []];
    if (fetch !== undefined) handlers.push(fetchHandler({ fetch }));
    return { ...definition, handlers };
  }
  if (typeof (app as FetchApp).fetch === "function") {
    refuseSettings(app);
    return { handlers: [fetchHandler(app as FetchApp)], ...whereOf(app) };
  }
  throw new TypeError(`cannot serve this object: ${WANTED}`);
}

/**
 * A limit that stands beside `fetch` in a plain object would be ignored in silence. Instances of a
 * framework's class may call their own properties whatever they like.
 */
function refuseSettings(app: object): void {
  if (Object.getPrototypeOf(app) !== Object.prototype) return;
  for (const name of SETTINGS) {
    if (name === "fetch" || OWN_PLACE.has(name) || !Object.hasOwn(app, name)) continue;
    throw new TypeError(
      `"${name}" is a setting of defineServer: export default defineServer({ … })`,
    );
  }
}

/**
 * Many export where to listen beside `fetch`, by the names of other servers. A port may be a text:
 * `process.env.PORT`.
 */
function whereOf(app: ForeignPlace): Pick<ServerSettings, "host" | "port" | "unix"> {
  const { hostname, port, unix } = app;
  // What is no number is for whoever listens to refuse, by its name.
  const read = typeof port === "string" && /^\d+$/.test(port) ? Number(port) : port;
  const isPort = typeof read === "number" || typeof read === "string" && read !== "";
  return {
    ...(isPort ? { port: read as number } : {}),
    ...(typeof hostname === "string" ? { host: hostname } : {}),
    ...(typeof unix === "string" ? { unix } : {}),
  };
}

interface ForeignPlace {
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly unix?: unknown;
}

/** What a plain object may have beside `fetch`, of the names of settings. */
const OWN_PLACE = new Set(["port", "unix"]);

const WANTED = "export default an object with a fetch function, a native handler, or " +
  "defineServer({ … })";
const SETTINGS = new Set(["handlers", ...SERVER_OPTIONS, "fetch", "host", "port", "unix"]);
