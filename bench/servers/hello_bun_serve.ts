/**
 * The native hello over `Bun.serve`.
 *
 * @module
 */

import { announce, type BunServe, HOST, platform, TEXT } from "./hello.ts";

const { port } = platform<BunServe>("Bun").serve({
  hostname: HOST,
  port: 0,
  fetch: () => new Response(TEXT),
});
announce(port);
