/**
 * What is open in a server, as a report for people and for leak checks.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Loop } from "./loop.ts";
import type { ThreadService, ThreadsReport } from "./thread_service.ts";

export interface HoldReport {
  readonly reason: string;
  readonly ageMs: number;
}

export interface RequestReport {
  readonly method: string;
  readonly target: string;
  readonly ageMs: number;
  /**
   * `answering`, `finalized` (only output or holds are left) or `abandoned` (its client is gone).
   */
  readonly state: "answering" | "finalized" | "abandoned";
  readonly holds: readonly HoldReport[];
}

export interface ServerReport {
  readonly connections: number;
  readonly requests: readonly RequestReport[];
  /** Output buffers that are queued or lent now. */
  readonly buffersOut: number;
  /** Threads and the queue before them; left out while nobody has asked for a thread. */
  readonly threads?: ThreadsReport;
}

/** The parts of a server that a report reads. */
export interface Inspectable {
  readonly loop: Loop;
  readonly connections: ReadonlySet<Connection>;
  readonly requests: ReadonlySet<HttpRequest>;
  readonly pool: { readonly out: number };
  readonly threadsIfAsked: ThreadService | null;
}

export function inspectServer(server: Inspectable): ServerReport {
  const nowMs = server.loop.now();
  const requests: RequestReport[] = [];
  for (const { request } of server.connections) {
    if (request !== null) requests.push(reportRequest(request, nowMs));
  }
  for (const request of server.requests) requests.push(reportRequest(request, nowMs));
  const report = { connections: server.connections.size, requests, buffersOut: server.pool.out };
  const threads = server.threadsIfAsked;
  return threads === null ? report : { ...report, threads: threads.report() };
}

function reportRequest(request: HttpRequest, nowMs: number): RequestReport {
  const holds: HoldReport[] = [];
  for (let hold = request.holds; hold !== null; hold = hold.next) {
    holds.push({ reason: hold.reason, ageMs: nowMs - hold.sinceMs });
  }
  return {
    method: request.method,
    target: request.target,
    ageMs: nowMs - request.startedMs,
    state: request.terminated ? "abandoned" : request.finalized ? "finalized" : "answering",
    holds,
  };
}
