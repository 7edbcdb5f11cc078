/**
 * One answer for each packet, over `Bun.listen`. No HTTP is read.
 *
 * @module
 */

import { ANSWER } from "./bare_answer.ts";
import { announce, HOST, platform } from "./hello.ts";

interface BunSocket {
  write(bytes: Uint8Array): number;
  end(): void;
}

interface BunListen {
  listen(options: {
    readonly hostname: string;
    readonly port: number;
    readonly socket: { data(socket: BunSocket): void; end(socket: BunSocket): void };
  }): { readonly port: number };
}

const listener = platform<BunListen>("Bun").listen({
  hostname: HOST,
  port: 0,
  socket: {
    data: (socket) => void socket.write(ANSWER),
    end: (socket) => socket.end(),
  },
});
announce(listener.port);
