/**
 * The Hono hello over srvx, in its quickest form: with its own `Response` in the platform's place.
 * With Node's own, srvx 1.0 sends a string in chunks, which no other server here does.
 *
 * @module
 */

import { peer } from "../peers/load.ts";
import { announce, HOST } from "./hello.ts";
import { app } from "./hono_app.ts";

interface SrvxServer {
  readonly url: string;
  ready(): Promise<unknown>;
}

interface Srvx {
  readonly FastResponse: typeof Response;
  serve(options: {
    fetch(request: Request): Response | Promise<Response>;
    readonly hostname: string;
    readonly port: number;
    readonly silent: boolean;
  }): SrvxServer;
}

const { FastResponse, serve } = await peer<Srvx>("srvx");
globalThis.Response = FastResponse;
const server = serve({
  fetch: (request) => app.fetch(request),
  hostname: HOST,
  port: 0,
  silent: true,
});
await server.ready();
announce(Number(new URL(server.url).port));
