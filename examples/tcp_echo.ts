/**
 * The reactor alone, without HTTP: a TCP server that sends back what it gets, at the pace at which
 * the client takes it. It says where it listens, and ends at Ctrl-C.
 *
 *     node examples/tcp_echo.ts
 *     deno run -A examples/tcp_echo.ts
 *     bun run examples/tcp_echo.ts
 *
 *     $ echo hello | nc -N 127.0.0.1 7007
 *     hello
 *
 * The port is 7007, or the first argument.
 *
 * @module
 */

import process from "node:process";
import { AGAIN, bufOf, Chain, ERROR, type Handle, type StreamEvents } from "sluice";
import { createReactor } from "sluice/serve";

/** What is to be sent back on one connection. Its `owner` slot holds this. */
class Echo {
  readonly chain = new Chain();
  /** True exactly when `send` answered `AGAIN` and `onWritable` has not come. */
  waiting = false;
  /** True exactly when the client has sent its last byte. */
  ended = false;
}

const reactor = await createReactor();
const handles = new Set<Handle>();

const events: StreamEvents = {
  onOpen(handle) {
    handle.owner = new Echo();
    handles.add(handle);
  },
  onData(handle, bytes) {
    const echo = handle.owner as Echo;
    // The bytes are ours during this call only, so a copy is sent. (They may be a Buffer, whose
    // `slice` is none.)
    echo.chain.append(bufOf(new Uint8Array(bytes)));
    if (!echo.waiting) push(handle, echo);
  },
  onWritable(handle) {
    const echo = handle.owner as Echo;
    echo.waiting = false;
    push(handle, echo);
    if (!echo.waiting && !echo.ended) reactor.readStart(handle);
  },
  onRelease() {
    // Each copy is sent once and then left to the garbage collector.
  },
  onEnd(handle) {
    const echo = handle.owner as Echo;
    echo.ended = true;
    if (!echo.waiting) reactor.close(handle);
  },
  onClose(handle) {
    const echo = handle.owner as Echo;
    echo.chain.drop();
    handles.delete(handle);
  },
};

function push(handle: Handle, echo: Echo): void {
  const code = reactor.send(handle, echo.chain);
  if (code === ERROR) return;
  echo.waiting = code === AGAIN;
  // A client that does not read is not read from: nothing piles up here.
  if (echo.waiting) reactor.readStop(handle);
  else if (echo.ended) reactor.close(handle);
}

const port = Number(process.argv[2] ?? 7007);
const listener = await reactor.listen({ transport: "tcp", host: "127.0.0.1", port }, events);
if (listener.address.transport === "tcp") {
  const { host, port } = listener.address;
  console.log(`tcp echo on ${reactor.runtime} (${reactor.via}) · tcp://${host}:${port}`);
}

process.once("SIGINT", async () => {
  await listener.close();
  for (const handle of handles) reactor.close(handle);
});
