/**
 * The probed application on `Deno.serve`, with its defaults.
 *
 * @module
 */

import { announce, type DenoServe, HOST, platform } from "../../servers/hello.ts";
import { fetch } from "./app.ts";

platform<DenoServe>("Deno").serve(
  { hostname: HOST, port: 0, onListen: ({ port }) => announce(port) },
  fetch,
);
