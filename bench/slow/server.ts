/**
 * What slow clients are set upon: a short answer, a body that is read to its end, and at `/large`
 * more than all buffers between two ends hold. `--clocks JSON` sets clocks, `--via serve` listens
 * through `Bun.serve`. A line on its input has it print its memory, its connections and its
 * requests.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { HttpRequest } from "../../core/http_request.ts";
import type { Clocks } from "../../core/limits.ts";
import type { ResultCode } from "../../core/status.ts";
import { serve } from "../../runtimes/serve.ts";
import { announce, HOST } from "../servers/hello.ts";

const TEXT = { "content-type": "text/plain" };
const LARGE_BYTES = 16 * 1024 * 1024;
const large = new Uint8Array(LARGE_BYTES).fill(120);

async function answer(request: HttpRequest): Promise<ResultCode> {
  if (request.method === "POST") await request.body.bytes();
  // Each connection has a view of the same memory.
  return request.respond(200, TEXT, request.target === "/large" ? large.subarray() : "short\n");
}

const { values } = parseArgs({
  options: { clocks: { type: "string", default: "{}" }, via: { type: "string" } },
});
const { address, server } = await serve(answer, {
  host: HOST,
  port: 0,
  via: values.via === "serve" ? "serve" : undefined,
  clocks: JSON.parse(values.clocks) as Partial<Clocks>,
});
// Refusals are what this is about: they are counted elsewhere.
server.log = () => {};
if (address.transport === "tcp") announce(address.port);

createInterface({ input: process.stdin }).on("line", () => {
  const { connections, requests, bytes } = server.inspect();
  const { rss } = process.memoryUsage();
  console.log(JSON.stringify({ rss, connections, requests: requests.length, bytes }));
});
