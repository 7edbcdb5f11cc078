/**
 * The report of a shutdown in words: what the deadline cut off, by route and by what kept it. It
 * knows the report and nothing of who prints it.
 *
 * @module
 */

import type { RequestReport } from "../../core/inspect.ts";
import type { CloseReport } from "../../core/server.ts";

/** A server that was overrun has many routes: the rest of them is a number. */
const ROUTES_MAX = 50;

/** Lines for each method and target with its holds, the oldest request first, and for threads. */
export function describeLeft(report: CloseReport): string {
  const { threads } = report;
  if (threads === 0) return describeCutOff(report);
  const stuck = `sluice: ${count(threads, "thread")} did not end: a native call blocks, ` +
    "and the process ends without its result\n";
  const { left, promises } = report;
  const nothing = left.connections + left.requests.length + promises === 0;
  return nothing ? stuck : describeCutOff(report) + stuck;
}

function describeCutOff({ left, promises }: CloseReport): string {
  const requests = [...left.requests].sort((a, b) => b.ageMs - a.ageMs);
  const routes = new Map<string, RequestReport[]>();
  for (const request of requests) {
    const { method, target, holds } = request;
    const route = JSON.stringify([method, target, ...holds.map((hold) => hold.reason)]);
    const alike = routes.get(route);
    if (alike === undefined) routes.set(route, [request]);
    else alike.push(request);
  }
  const lines = [...routes.values()].map((alike) => describeAlike(alike[0]!, alike.length));
  const more = lines.length - ROUTES_MAX;
  if (more > 0) lines.splice(ROUTES_MAX, more, `and ${count(more, "route")} more`);
  if (promises > 0) lines.push(`${count(promises, "promise")} given to waitUntil`);
  // Through `Bun.serve` nobody can count them.
  const where = left.connections === 0 ? "" : ` on ${count(left.connections, "connection")}`;
  const head = `sluice: cut off at the deadline: ${count(requests.length, "request")}${where}\n`;
  return head + lines.map((line) => `  ${line}\n`).join("");
}

/** Requests of one route with the same holds, by the oldest of them. */
function describeAlike({ method, target, ageMs, holds }: RequestReport, alike: number): string {
  const reasons = holds.map((hold) => `${hold.reason} (${seconds(hold.ageMs)})`);
  const kept = reasons.length === 0 ? "" : `, held by ${reasons.join(", ")}`;
  const age = alike === 1 ? seconds(ageMs) : `${alike} of them, the oldest ${seconds(ageMs)}`;
  return `${method} ${target}, ${age}${kept}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
