/**
 * The choice of a runtime: which one this process runs on, and the reactor that goes with it. It
 * knows the shims by name and loads the one that is needed; it knows nothing of what they do.
 *
 * @module
 */

import type { Reactor } from "../core/reactor.ts";

/** How to listen, when the runtime has more than one way. `serve`: through `Bun.serve`. */
export type Via = "serve";

/** How the reactor listens. */
export interface ReactorOptions {
  /** Default: on bytes, under the core's own HTTP engine. */
  readonly via?: Via | undefined;
}

/** What was asked cannot be served here. The text says what would be right. */
export class ServeError extends Error {
  override name = "ServeError";
  /**
   * - `app`: the application is nothing that can be served.
   * - `options`: an option, a limit or a clock is misspelt, or has no such value.
   * - `port`: there is no such port.
   * - `via`: this runtime cannot listen that way.
   */
  readonly code: "app" | "options" | "port" | "via";

  constructor(code: ServeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Makes a reactor of the runtime that the caller runs on: Bun, Deno, and otherwise Node.
 *
 * Rejects with a `ServeError` (`via`) when `via: "serve"` is asked of anything but Bun.
 */
export async function createReactor(options: ReactorOptions = {}): Promise<Reactor> {
  const runtime = currentRuntime();
  if (options.via === "serve") {
    if (runtime !== "bun") {
      throw new ServeError("via", `only Bun can listen through Bun.serve, and this is ${runtime}`);
    }
    return (await import("./bun_serve.ts")).createBunServeReactor();
  }
  switch (runtime) {
    case "bun":
      return (await import("./bun.ts")).createBunReactor();
    case "deno":
      return (await import("./deno.ts")).createDenoReactor();
    case "node":
      return (await import("./node.ts")).createNodeReactor();
  }
}

/** Bun and Deno have globals of their own; Node's `process` is on all three. */
function currentRuntime(): "bun" | "deno" | "node" {
  if ("Bun" in globalThis) return "bun";
  if ("Deno" in globalThis) return "deno";
  return "node";
}
