/**
 * Serves an application by Sluice for the benchmark, in the way that the command line chooses: on
 * bytes, or with `--via serve` through `Bun.serve`. It knows no application.
 *
 * @module
 */

import process from "node:process";
import type { App } from "../../core/definition.ts";
import { serve } from "../../runtimes/serve.ts";
import { announce, HOST } from "./hello.ts";

export async function serveSluice(app: App): Promise<void> {
  const via = process.argv.includes("--via") ? "serve" : undefined;
  const { address } = await serve(app, { host: HOST, port: 0, via });
  if (address.transport === "tcp") announce(address.port);
}
