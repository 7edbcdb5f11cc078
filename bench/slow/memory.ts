/**
 * What slow clients cost: memory of the server's process for each idle connection and for each
 * reader that never reads, and how long the slowest refusal takes from the last byte sent to the
 * last byte received. Starts the server of this folder on each column.
 *
 * `npm run slow-memory`; `--help` says what can be chosen.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { makeTool, runTool, wholeNumber } from "../../test/command_line.ts";
import { type Column, COLUMNS, type Report, WatchedServer } from "./watched_server.ts";

const COMMAND = makeTool(
  "npm run slow-memory --",
  "Measures what slow clients cost on each runtime.",
)
  .option("--connections <n>", "of each kind", wholeNumber(1, 65_535), 300);

const CLOCKS = {
  sendTimeoutMs: 600_000,
  sendBytesPerSecondMin: 0,
  keepAliveTimeoutMs: 600_000,
};

/** Each is refused by the parser, whole, and as soon as it is here. */
const REFUSED: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: t\r\nBad Name: x\r\n\r\n",
  `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: t\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: t\r\nA: ${"a".repeat(40_000)}\r\n\r\n`,
  "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n",
];
const REFUSALS = 500;

async function measure(column: Column, count: number): Promise<string[]> {
  const server = await WatchedServer.start(column, CLOCKS);
  const { port } = server;
  // The first crowd brings code and buffers into being that the others find.
  leave(await crowd(port, count, "GET / HTTP/1.1\r\nHost: t\r\n\r\n", false));
  const empty = await server.report();
  const idle = await crowd(port, count, "GET / HTTP/1.1\r\nHost: t\r\n\r\n", false);
  const withIdle = await server.report();
  leave(idle);
  const before = await server.report();
  const stalled = await crowd(port, count, "GET /large HTTP/1.1\r\nHost: t\r\n\r\n", true);
  const withStalled = await server.report();
  leave(stalled);
  const slowestMs = await slowestRefusal(port);
  await server.stop();
  const kib = (one: Report, other: Report) => ((other.rss - one.rss) / count / 1024).toFixed(1);
  return [
    column.title,
    kib(empty, withIdle),
    kib(before, withStalled),
    String(Math.max(withStalled.connections, withStalled.requests)),
    slowestMs.toFixed(1),
  ];
}

/** Connections that have sent `text`, and have its first bytes; with `stalls` they read no more. */
async function crowd(
  port: number,
  count: number,
  text: string,
  stalls: boolean,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    await once(socket, "data");
    if (stalls) socket.pause();
    sockets.push(socket);
  }
  return sockets;
}

function leave(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.resetAndDestroy();
}

async function slowestRefusal(port: number): Promise<number> {
  let slowestMs = 0;
  for (let i = 0; i < REFUSALS; i++) {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    const startMs = performance.now();
    socket.write(REFUSED[i % REFUSED.length]!);
    socket.resume();
    await Promise.race([once(socket, "end"), once(socket, "close")]);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    socket.destroy();
  }
  return slowestMs;
}

const HEAD = ["column", "KiB per idle one", "KiB per stalled one", "held", "slowest refusal, ms"];

async function main({ connections }: { readonly connections: number }): Promise<number> {
  console.log(`| ${HEAD.join(" | ")} |`);
  for (const column of COLUMNS) {
    console.log(`| ${(await measure(column, connections)).join(" | ")} |`);
  }
  return 0;
}

await runTool(COMMAND, main);
