/**
 * What the command takes from its environment: `PORT`, as platforms that run servers set it. `HOST`
 * is not read: shells and compilers' tools set it to the name of the machine or of its kind.
 *
 * @module
 */

import process from "node:process";
import { readPort } from "./units.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Undefined where it is not set, or is empty.
 *
 * @throws {UsageError} when it is no port.
 */
export function portOfEnvironment(): number | undefined {
  const text = mayRead("PORT") ? process.env["PORT"] : undefined;
  if (text === undefined || text === "") return undefined;
  const port = readPort(text);
  if (port !== null) return port;
  const given = JSON.stringify(text);
  throw new UsageError(`PORT of the environment is no port from 0 to 65535: ${given}`);
}

/** Deno stops and asks whoever is at the terminal for what it was not allowed. */
function mayRead(variable: string): boolean {
  const { Deno: deno } = globalThis as { readonly Deno?: DenoPermissions };
  return deno === undefined ||
    deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

interface DenoPermissions {
  readonly permissions: {
    querySync(wanted: { readonly name: "env"; readonly variable: string }): {
      readonly state: string;
    };
  };
}
