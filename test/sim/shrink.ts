/**
 * Makes the plan of a failing run smaller while it still fails: fewer clients, fewer requests,
 * fewer faults, plainer everything. It knows plans; what a failure is, its caller says.
 *
 * @module
 */

import { FAULT_NAMES } from "../../runtimes/memory/faults.ts";
import { PLAIN } from "./plain.ts";
import type { ClientPlan, RequestPlan, RunPlan } from "./plan.ts";

export interface Shrunk {
  readonly plan: RunPlan;
  /** How many runs that took. */
  readonly runs: number;
}

/**
 * A smaller plan for which `fails` still holds. Each round tries every step once, and the rounds go
 * on while one of them helps; `runsMax` bounds it all.
 */
export async function shrinkPlan(
  plan: RunPlan,
  fails: (plan: RunPlan) => Promise<boolean>,
  runsMax: number,
): Promise<Shrunk> {
  let best = plan;
  let runs = 0;
  let helped = true;
  const keepIfFails = async (smaller: RunPlan): Promise<boolean> => {
    if (runs >= runsMax || JSON.stringify(smaller) === JSON.stringify(best)) return false;
    runs++;
    if (!await fails(smaller)) return false;
    best = smaller;
    helped = true;
    return true;
  };
  while (helped && runs < runsMax) {
    helped = false;
    await dropClients(() => best, keepIfFails);
    for (const step of stepsOfRun(best)) await keepIfFails(step(best));
    for (let i = 0; i < best.clients.length; i++) {
      await dropRequests(() => best, i, keepIfFails);
      for (const step of CLIENT_STEPS) await keepIfFails(changeClient(best, i, step));
      for (let r = 0; r < best.clients[i]!.requests.length; r++) {
        for (const step of REQUEST_STEPS) await keepIfFails(changeRequest(best, i, r, step));
      }
    }
  }
  return { plan: best, runs };
}

type Keep = (smaller: RunPlan) => Promise<boolean>;

/** In halves, then in quarters, and so on: most clients have nothing to do with a failure. */
async function dropClients(best: () => RunPlan, keep: Keep): Promise<void> {
  for (let size = best().clients.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best().clients.length;) {
      const { clients } = best();
      if (clients.length <= size) break;
      const rest = [...clients.slice(0, at), ...clients.slice(at + size)];
      if (!await keep({ ...best(), clients: rest })) at += size;
    }
  }
}

async function dropRequests(best: () => RunPlan, client: number, keep: Keep): Promise<void> {
  const requestsOf = (): readonly RequestPlan[] => best().clients[client]!.requests;
  for (let size = Math.max(1, requestsOf().length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at < requestsOf().length;) {
      const all = requestsOf();
      const rest = [...all.slice(0, at), ...all.slice(at + size)];
      const smaller = changeClient(best(), client, (one) => ({ ...one, requests: rest }));
      if (!await keep(smaller)) at += size;
    }
  }
}

function stepsOfRun(plan: RunPlan): Array<(plan: RunPlan) => RunPlan> {
  const steps: Array<(plan: RunPlan) => RunPlan> = [(one) => ({ ...one, close: null })];
  for (const name of FAULT_NAMES) {
    if (plan.faults[name] === undefined) continue;
    steps.push((one) => {
      const { [name]: _dropped, ...rest } = one.faults;
      return { ...one, faults: rest };
    });
  }
  for (const name of Object.keys(plan.clocks) as Array<keyof RunPlan["clocks"]>) {
    steps.push((one) => ({ ...one, clocks: { ...one.clocks, [name]: PLAIN.clocks[name] } }));
  }
  for (const name of Object.keys(plan.limits) as Array<keyof RunPlan["limits"]>) {
    steps.push((one) => ({ ...one, limits: { ...one.limits, [name]: PLAIN.limits[name] } }));
  }
  steps.push((one) => ({ ...one, requestBody: "stream" }));
  steps.push((one) => ({ ...one, compression: null }));
  steps.push((one) => ({ ...one, bufferBytes: 65_536 }));
  steps.push((one) => ({ ...one, segmentBytes: 65_536 }));
  return steps;
}

type ClientStep = (client: ClientPlan) => ClientPlan;

const CLIENT_STEPS: readonly ClientStep[] = [
  (one) => ({ ...one, tail: null }),
  (one) => ({ ...one, stops: null }),
  (one) => ({ ...one, leave: { how: "close", when: "end", at: 0 } }),
  (one) => ({ ...one, leave: { ...one.leave, when: "end", at: 0 } }),
  (one) => ({ ...one, startMs: 0 }),
  (one) => ({ ...one, thinkMs: 0 }),
  (one) => ({ ...one, pauseMs: 0 }),
  (one) => ({ ...one, pieces: [100_000] }),
  (one) => ({ ...one, window: 1 }),
];

type RequestStep = (request: RequestPlan) => RequestPlan;

const REQUEST_STEPS: readonly RequestStep[] = [
  (one) => ({ ...one, body: null }),
  (one) => ({ ...one, accepts: "", does: { ...one.does, isText: false } }),
  (one) => one.body === null ? one : ({ ...one, body: { ...one.body, coding: "" } }),
  (one) => ({ ...one, fields: 0, connection: one.version === 0 ? one.connection : "" }),
  (one) => ({ ...one, does: { ...one.does, via: "native", answer: "respond" } }),
  (one) => ({ ...one, does: { ...one.does, reads: "nothing" } }),
  (one) => ({ ...one, does: { ...one.does, clocks: null } }),
  (one) => ({ ...one, does: { ...one.does, waitMs: 0, computeMs: 0, sliceMs: 0, stepMs: 0 } }),
  (one) => ({ ...one, does: { ...one.does, style: "sync" } }),
  (one) => ({ ...one, does: { ...one.does, bytes: 10, pieceBytes: 10 } }),
  (one) => ({ ...one, does: { ...one.does, trailers: false, closes: false } }),
  (one) => ({ ...one, does: { ...one.does, quits: false, twice: false, declares: false } }),
  (one) =>
    one.body === null ? one : ({ ...one, body: { ...one.body, bytes: one.body.bytes >> 1 } }),
];

function changeClient(plan: RunPlan, index: number, step: ClientStep): RunPlan {
  const clients = plan.clients.map((client, i) => i === index ? step(client) : client);
  return { ...plan, clients };
}

function changeRequest(plan: RunPlan, client: number, index: number, step: RequestStep): RunPlan {
  return changeClient(plan, client, (one) => ({
    ...one,
    requests: one.requests.map((request, i) => i === index ? step(request) : request),
  }));
}

/** A plan as JSON that `JSON.parse` reads back: infinity is a number that is too large. */
export function textOfPlan(plan: RunPlan): string {
  const inWords = (_key: string, value: unknown) => value === Infinity ? "∞" : value;
  return JSON.stringify(plan, inWords, 2).replaceAll('"∞"', "1e999");
}
