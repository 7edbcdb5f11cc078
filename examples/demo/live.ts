/**
 * What is open in this server, once a second, as server-sent events: the numbers of the start page.
 * A native handler with a call that repeats; it knows the reports and not how they look.
 *
 * @module
 */

import {
  AGAIN,
  DECLINED,
  DONE,
  every,
  finalizeRequest,
  type HttpRequest,
  inspectSteps,
  type ResultCode,
  type Service,
} from "sluice";
import type { Entry } from "./entry.ts";

const PERIOD_MS = 1000;
/** Reasons of holds that are named; the others are counted together. */
const REASONS_MAX = 20;
const EVENTS = { "content-type": "text/event-stream", "cache-control": "no-store" };

export const live: Entry = {
  method: "GET",
  example: "/live",
  title: "What is open now",
  look:
    "The numbers at the top of this page: open requests and their holds by reason, the loop's " +
    "lag, threads and their queue, suspensions, bytes lent. Open another link and see them move.",
  curl: "-N '$URL'",
  handler: liveHandler,
};

function liveHandler(request: HttpRequest): ResultCode {
  if (!/^(?:https?:\/\/[^/]+)?\/live(?:\?|$)/.test(request.target)) return DECLINED;
  if (request.method !== "GET" && !request.isHead) return DECLINED;
  request.sendHead(200, EVENTS);
  if (request.isHead) return request.end();
  let isBlocked = false;
  request.onWritable = () => isBlocked = false;
  const reporting = every(PERIOD_MS, () => {
    // A client that does not read misses reports; they do not pile up.
    if (isBlocked) return;
    const event = `data: ${JSON.stringify(summarize(request.service))}\n\n`;
    isBlocked = request.send(event, { flush: true }) === AGAIN;
  }, { request, name: "live", now: true });
  // The client has left, or the server is closing: the stream ends as it should.
  request.onAbort(() => {
    reporting.stop();
    finalizeRequest(request, request.end());
  });
  return DONE;
}

/** What the page shows, and the names that its script looks for. */
export interface Live {
  readonly connections: number;
  readonly requests: number;
  /** How many holds are open for each reason. */
  readonly holds: Readonly<Record<string, number>>;
  readonly lagMs: number;
  readonly isOverloaded: boolean;
  readonly threads: { readonly running: number; readonly all: number; readonly queued: number };
  readonly steps: number;
  readonly suspended: number;
  readonly handles: number;
  /** Of all connections, in bytes. */
  readonly bytes: { readonly input: number; readonly output: number; readonly lent: number };
}

function summarize(service: Service): Live {
  const { connections, requests, load, threads, waiting, bytes } = service.inspect();
  const all = threads?.threads ?? [];
  return {
    connections,
    requests: load.requests,
    holds: countReasons(requests.flatMap((request) => request.holds)),
    lagMs: Math.round(load.lagMs),
    isOverloaded: load.isOverloaded,
    threads: {
      running: all.filter(({ state }) => state === "running" || state === "leaving").length,
      all: all.length,
      queued: threads?.queued ?? 0,
    },
    steps: inspectSteps(service).length,
    suspended: waiting.suspended,
    handles: waiting.handles,
    bytes,
  };
}

function countReasons(holds: readonly { readonly reason: string }[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of holds) {
    const name = counts.has(reason) || counts.size < REASONS_MAX ? reason : "others";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}
