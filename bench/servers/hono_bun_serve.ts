/**
 * The Hono hello over `Bun.serve`.
 *
 * @module
 */

import { announce, type BunServe, HOST, platform } from "./hello.ts";
import { app } from "./hono_app.ts";

const { port } = platform<BunServe>("Bun").serve({
  hostname: HOST,
  port: 0,
  fetch: app.fetch,
});
announce(port);
