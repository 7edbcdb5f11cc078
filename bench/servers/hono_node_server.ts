/**
 * The Hono hello over `@hono/node-server`, with its defaults.
 *
 * @module
 */

import { peer } from "../peers/load.ts";
import { announce, HOST } from "./hello.ts";
import { app } from "./hono_app.ts";

interface NodeServer {
  serve(
    options: {
      readonly fetch: unknown;
      readonly hostname: string;
      readonly port: number;
    },
    listening: (address: { readonly port: number }) => void,
  ): unknown;
}

const { serve } = await peer<NodeServer>("@hono/node-server");
serve({ fetch: app.fetch, hostname: HOST, port: 0 }, ({ port }) => announce(port));
