/**
 * The native hello over `Deno.serve`.
 *
 * @module
 */

import { announce, type DenoServe, HOST, platform, TEXT } from "./hello.ts";

platform<DenoServe>("Deno").serve(
  { hostname: HOST, port: 0, onListen: ({ port }) => announce(port) },
  () => new Response(TEXT),
);
