/**
 * One of the two workers of `workers.ts`, a process of its own: `/` is answered at once, and
 * `/block` by code that blocks, in a thread or, for the control, on the loop. It says where it
 * listens and when it blocks; everything else is its starter's affair.
 *
 *     worker_program.ts <port> <bytes | serve> <thread | loop>
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { inThread } from "../../../core/apps/in_thread.ts";
import { defineServer } from "../../../core/definition.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { serve } from "../../../runtimes/serve.ts";
import { blockFor } from "../threads/hard_jobs.ts";

const [port, via, where] = process.argv.slice(2);
const jobs = new URL("../threads/hard_jobs.ts", import.meta.url);
const inItsThread = inThread(jobs, "blockUntil", { buffered: true });

function answer(request: HttpRequest) {
  if (request.target === "/") return request.respond(200, {}, "quick");
  writeSync(1, "blocks\n");
  if (where === "thread") return inItsThread(request);
  blockFor(Number(request.target.slice(request.target.indexOf("?") + 1)));
  return request.respond(200, {}, "blocked");
}

const { url } = await serve(defineServer({ handlers: [answer] }), {
  port: Number(port),
  reusePort: true,
  via: via === "serve" ? via : undefined,
});
writeSync(1, `listens at ${url}\n`);
