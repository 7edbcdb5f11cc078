/**
 * Waits for what another program writes into a pipe, for two seconds at most. Between the programs
 * is a FIFO; waiting for it costs no thread, and a wait that times out loses nothing.
 *
 *     node runtimes/main.ts serve examples/wait_pipe.ts
 *     deno run -A runtimes/main.ts serve examples/wait_pipe.ts
 *     bun run runtimes/main.ts serve examples/wait_pipe.ts
 *
 *     $ curl http://127.0.0.1:8080/
 *     timeout: write to PIPE             (the path of a FIFO)
 *     $ (sleep 1; echo it rains > PIPE) & curl http://127.0.0.1:8080/
 *     news: it rains
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  closeHandle,
  type HttpRequest,
  openPipe,
  readable,
  type ResultCode,
  tryRead,
} from "sluice";

const TIMEOUT_MS = 2000;
const TEXT = { "content-type": "text/plain" };
const path = join(tmpdir(), `sluice-news-${process.pid}`);
execFileSync("mkfifo", [path]);
process.on("exit", () => rmSync(path, { force: true }));

export default async function waitPipe(request: HttpRequest): Promise<ResultCode> {
  const wanted = new URL(request.url).searchParams.get("timeout") ?? String(TIMEOUT_MS);
  if (!/^\d{1,9}$/.test(wanted)) {
    return request.respond(400, TEXT, "timeout must be a whole number of milliseconds\n");
  }
  const timeoutMs = Number(wanted);
  const pipe = await openPipe(path, request);
  request.onCleanup(() => closeHandle(pipe));
  const outcome = await readable(pipe, { timeoutMs, signal: request.signal });
  const bytes = outcome === "ready" ? tryRead(pipe, 1000) : null;
  const answer = bytes instanceof Uint8Array
    ? `news: ${new TextDecoder().decode(bytes)}`
    : `${outcome}: write to ${path}\n`;
  return request.respond(200, TEXT, answer);
}
