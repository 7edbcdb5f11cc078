/**
 * The probed application on `Bun.serve`, with its defaults.
 *
 * @module
 */

import { announce, type BunServe, HOST, platform } from "../../servers/hello.ts";
import { fetch } from "./app.ts";

const { port } = platform<BunServe>("Bun").serve({ hostname: HOST, port: 0, fetch });
announce(port);
