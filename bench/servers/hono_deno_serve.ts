/**
 * The Hono hello over `Deno.serve`.
 *
 * @module
 */

import { announce, type DenoServe, HOST, platform } from "./hello.ts";
import { app } from "./hono_app.ts";

platform<DenoServe>("Deno").serve(
  { hostname: HOST, port: 0, onListen: ({ port }) => announce(port) },
  app.fetch,
);
