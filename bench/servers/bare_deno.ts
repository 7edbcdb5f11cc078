/**
 * One answer for each packet, over `Deno.listen`. No HTTP is read.
 *
 * @module
 */

import { ANSWER } from "./bare_answer.ts";
import { announce, HOST, platform } from "./hello.ts";

interface Conn {
  setNoDelay(): void;
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

interface DenoListen {
  listen(options: { readonly hostname: string; readonly port: number }): AsyncIterable<Conn> & {
    readonly addr: { readonly port: number };
  };
}

const listener = platform<DenoListen>("Deno").listen({ hostname: HOST, port: 0 });
announce(listener.addr.port);
for await (const conn of listener) serve(conn);

async function serve(conn: Conn): Promise<void> {
  const into = new Uint8Array(2048);
  conn.setNoDelay();
  try {
    while (await conn.read(into) !== null) conn.write(ANSWER).catch(ignore);
  } catch {
    // The client has left.
  }
  conn.close();
}

function ignore(): void {}
