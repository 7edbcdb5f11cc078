/**
 * What is open in a server, as a report for people and for leak checks. It knows what a report
 * says, and looks only: it changes nothing.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import { bytesHeldFor, type BytesReport } from "./connection_bytes.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Load, LoadReport } from "./load.ts";
import type { Loop, WaitCounts } from "./loop.ts";
import type { ThreadService, ThreadsReport } from "./thread_service.ts";

/** An open hold: why, and for how many milliseconds. */
export interface HoldReport {
  /** What was given to `request.hold`. */
  readonly reason: string;
  /** How long it has been held. */
  readonly ageMs: number;
}

/** An open request. */
export interface RequestReport {
  /** The method as sent. */
  readonly method: string;
  /** The target as sent. */
  readonly target: string;
  /** How long ago its head was complete. */
  readonly ageMs: number;
  /**
   * `answering`, `finalized` (only output or holds are left) or `abandoned` (its client is gone).
   */
  readonly state: "answering" | "finalized" | "abandoned";
  /** Its open holds, newest first. */
  readonly holds: readonly HoldReport[];
}

/**
 * What is open in a server at one moment, as plain objects: `JSON.stringify` takes them. Through
 * `Bun.serve`, which shows no connections, requests are listed and connections and bytes are 0.
 */
export interface ServerReport {
  /** How many connections are open. */
  readonly connections: number;
  /** Every request that is not over. */
  readonly requests: readonly RequestReport[];
  /** Output buffers that are queued or lent now. */
  readonly buffersOut: number;
  /** Memory for bytes that are on their way, of all connections together. */
  readonly bytes: BytesReport;
  /** Open requests and the lag of the loop. */
  readonly load: LoadReport;
  /** What waits on the loop of the server, which servers may share. */
  readonly waiting: Readonly<WaitCounts>;
  /** Threads and the queue before them; left out while nobody has asked for a thread. */
  readonly threads?: ThreadsReport;
}

/** The parts of a server that a report reads. */
export interface Inspectable {
  readonly loop: Loop;
  readonly connections: ReadonlySet<Connection>;
  readonly requests: ReadonlySet<HttpRequest>;
  readonly pool: { readonly out: number };
  readonly load: Load;
  readonly threadsIfAsked: ThreadService | null;
}

export function inspectServer(server: Inspectable): ServerReport {
  const nowMs = server.loop.now();
  const requests: RequestReport[] = [];
  const bytes = { input: 0, bodies: 0, output: 0, lent: 0, codecs: 0 };
  for (const connection of server.connections) {
    if (connection.request !== null) requests.push(reportRequest(connection.request, nowMs));
    const held = bytesHeldFor(connection);
    for (const kind of KINDS) bytes[kind] += held[kind];
  }
  for (const request of server.requests) requests.push(reportRequest(request, nowMs));
  const report = {
    connections: server.connections.size,
    requests,
    buffersOut: server.pool.out,
    bytes,
    load: server.load.report(),
    waiting: { ...server.loop.waiting },
  };
  const threads = server.threadsIfAsked;
  return threads === null ? report : { ...report, threads: threads.report() };
}

const KINDS: readonly (keyof BytesReport)[] = ["input", "bodies", "output", "lent", "codecs"];

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
