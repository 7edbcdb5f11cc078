/**
 * A port that is taken, and can be given back.
 *
 * @module
 */

import { once } from "node:events";
import { createServer } from "node:net";

export interface TakenPort {
  readonly port: number;
  release(): Promise<void>;
}

export async function takePort(): Promise<TakenPort> {
  const server = createServer();
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return {
    port: address.port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
