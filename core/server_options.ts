/**
 * The options of a server, and what is wrong with wrong ones. It knows names and kinds of values;
 * what an option does is told where it is used.
 *
 * @module
 */

import type { Coding } from "./capabilities/codecs.ts";
import { checkCompression, type CompressionOptions } from "./filters/compression.ts";
import type { Handler } from "./handlers.ts";
import { checkClocks, checkLimits } from "./limit_rules.ts";
import type { Clocks, Limits } from "./limits.ts";

/** What a server does, and within which bounds. Only `handlers` must be given. */
export interface ServerOptions {
  /** Tried in order until one does not answer `DECLINED`. */
  readonly handlers: readonly Handler[];
  /** Limits that are to differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** Clocks that are to differ from `DEFAULT_CLOCKS`, in milliseconds. */
  readonly clocks?: Partial<Clocks>;
  /**
   * What a client's half close means. `abort` (the default): the request's signal aborts, and the
   * answer still goes out. `answer`: it means nothing.
   */
  readonly halfClose?: "abort" | "answer";
  /**
   * When handlers run. `stream` (the default): as soon as the head is here, and they read the body
   * while it comes. `buffer`: when the whole body is kept, as `request.body.buffered()` does it.
   */
  readonly requestBody?: "stream" | "buffer";
  /**
   * Content codings of request bodies that are undone before anybody sees them; any other is
   * refused with 415. Default: none, bodies are handed over as they were sent, whatever they are.
   */
  readonly requestCodings?: readonly Coding[];
  /**
   * Compresses answers that deserve it for clients that want it. Default: false, since it costs
   * computing that a proxy may spend better, and since compressing a secret together with what a
   * client sends can give the secret away (BREACH).
   */
  readonly compression?: boolean | CompressionOptions;
  /** Where temporary files of request bodies are made. Default: the platform's own place. */
  readonly clientBodyTempDir?: string;
}

/**
 * Checks the names and the values of options. What is undefined counts as not given.
 *
 * @throws {TypeError} that names the first that is wrong, in one line.
 */
export function checkServerOptions(options: ServerOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) throw new TypeError(`a server has no option "${name}"`);
    if (value !== undefined) CHECKS[name as keyof ServerOptions](value as never);
  }
  if (options.handlers === undefined) throw new TypeError("a server needs handlers");
}

/** One check for each option; whoever adds an option adds it here, or this does not compile. */
const CHECKS: { readonly [name in keyof ServerOptions]-?: (value: ServerOptions[name]) => void } = {
  handlers(handlers) {
    const isList = Array.isArray(handlers) && handlers.every((one) => typeof one === "function");
    if (!isList) throw new TypeError("handlers is a list of functions");
  },
  limits: (limits) => checkLimits(limits!),
  clocks: (clocks) => checkClocks(clocks!),
  halfClose(halfClose) {
    if (halfClose === "abort" || halfClose === "answer") return;
    throw new TypeError(`halfClose is "abort" or "answer", not ${String(halfClose)}`);
  },
  requestBody(requestBody) {
    if (requestBody === "stream" || requestBody === "buffer") return;
    throw new TypeError(`requestBody is "stream" or "buffer", not ${String(requestBody)}`);
  },
  requestCodings(codings) {
    const isList = Array.isArray(codings) && codings.every((one) => CODINGS.includes(one));
    if (!isList) throw new TypeError(`requestCodings is a list of ${CODINGS.join(", ")}`);
  },
  compression(compression) {
    if (typeof compression === "boolean") return;
    checkCompression(compression!);
  },
  clientBodyTempDir(path) {
    if (typeof path === "string" && path !== "") return;
    throw new TypeError(`clientBodyTempDir is the path of a folder, not ${String(path)}`);
  },
};

const CODINGS: readonly Coding[] = ["gzip", "deflate", "br", "zstd"];

/** The names of all options, but for `handlers`. */
export const SERVER_OPTIONS: readonly string[] = Object.keys(CHECKS)
  .filter((name) => name !== "handlers");
