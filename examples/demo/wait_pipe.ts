/**
 * Waiting for a pipe with a time-out: one that stays silent, and one that another program writes
 * to. The wait is a result like any other, no byte is lost by it, and it ends when its client
 * leaves.
 *
 * @module
 */

import { spawn } from "node:child_process";
import {
  adopt,
  closeHandle,
  DECLINED,
  type Handler,
  type HttpRequest,
  readable,
  type ResultCode,
  tryRead,
} from "sluice";
import type { Entry } from "./entry.ts";
import { readWholeNumber } from "./whole_number.ts";

const TIMEOUT_MS_MAX = 30_000;
/** A process costs the machine more than a request costs the server. */
const PROGRAMS_MAX = 16;
let programs = 0;
const LINE_BYTES_MAX = 1000;
const TEXT = { "content-type": "text/plain; charset=utf-8" };

export const silentPipe: Entry = {
  method: "GET",
  example: "/wait/pipe?timeout=300",
  title: "Wait for a silent pipe",
  look:
    "The word timeout after 300 ms: nobody writes to the pipe, and no thread and no loop waits.",
  curl: "-i '$URL'",
  // A `cat` that is told nothing says nothing.
  handler: at("pipe", () => spawn("cat", { stdio: ["pipe", "pipe", "inherit"] })),
};

export const fedPipe: Entry = {
  method: "GET",
  example: "/wait/program?timeout=2000",
  title: "Wait for another program",
  look: "What a program said after 200 ms; with timeout=100 the wait is over before it speaks.",
  curl: "-i '$URL'",
  handler: at("program", () => {
    const script = "sleep 0.2; echo this comes from another program";
    return spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  }),
};

/** Most requests are for others. */
function at(name: string, start: () => ReturnType<typeof spawn>): Handler {
  const path = new RegExp(`^(?:https?://[^/]+)?/wait/${name}(?:\\?|$)`);
  return function waitForPipe(request) {
    return path.test(request.target) ? answer(request, start) : DECLINED;
  };
}

function answer(
  request: HttpRequest,
  start: () => ReturnType<typeof spawn>,
): ResultCode | Promise<ResultCode> {
  const wanted = new URL(request.url).searchParams.get("timeout") ?? "1000";
  const timeoutMs = readWholeNumber("timeout", wanted, TIMEOUT_MS_MAX);
  if (typeof timeoutMs === "string") return request.respond(400, TEXT, timeoutMs);
  if (programs === PROGRAMS_MAX) {
    return request.respond(503, { ...TEXT, "retry-after": "1" }, "too many programs run\n");
  }
  programs++;
  request.onCleanup(() => void programs--);
  return waitFor(request, start(), timeoutMs);
}

async function waitFor(
  request: HttpRequest,
  child: ReturnType<typeof spawn>,
  timeoutMs: number,
): Promise<ResultCode> {
  // One that cannot be started has no pipe, or a pipe that ends.
  child.on("error", (error) => request.complain(`no program: ${error.message}`));
  const pipe = adopt(child.stdout!, request);
  request.onCleanup(() => {
    closeHandle(pipe);
    child.kill();
  });
  const outcome = await readable(pipe, { timeoutMs, signal: request.signal });
  const bytes = outcome === "ready" ? tryRead(pipe, LINE_BYTES_MAX) : null;
  const line = bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : "\n";
  return request.respond(200, TEXT, `${outcome} ${line}`);
}
