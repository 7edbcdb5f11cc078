/**
 * Finish later: a native handler that keeps a hold, returns `DONE`, and finalizes from a timer.
 * Other paths are declined, and so reach the fetch application.
 *
 * @module
 */

import { DECLINED, DONE, finalizeRequest, type HttpRequest, type ResultCode } from "sluice";
import type { Entry } from "./entry.ts";
import { readWholeNumber } from "./whole_number.ts";

const DELAY_MS_MAX = 30_000;
const TEXT = { "content-type": "text/plain; charset=utf-8" };

export const deferred: Entry = {
  method: "GET",
  example: "/deferred?ms=50",
  title: "Finish later",
  look:
    "The body DONE after 50 ms: the handler has long returned when a timer finalizes the request.",
  curl: "-i '$URL'",
  handler: deferredHandler,
};

function deferredHandler(request: HttpRequest): ResultCode {
  // Most requests are for others: not even a URL is made for them.
  if (!/^(?:https?:\/\/[^/]+)?\/deferred(?:\?|$)/.test(request.target)) return DECLINED;
  if (request.method !== "GET" && request.method !== "HEAD") return DECLINED;
  const wanted = new URL(request.url).searchParams.get("ms") ?? "50";
  const delayMs = readWholeNumber("ms", wanted, DELAY_MS_MAX);
  if (typeof delayMs === "string") return request.respond(400, TEXT, delayMs);
  const hold = request.hold(`waits ${delayMs} ms`);
  const timer = setTimeout(() => {
    finalizeRequest(request, request.respond(200, TEXT, "DONE"));
    hold.release();
  }, delayMs);
  // Nobody can be answered any more: neither the timer nor the server's close waits for it.
  request.onTerminated(() => {
    clearTimeout(timer);
    if (hold.isOpen) hold.release();
  });
  return DONE;
}
