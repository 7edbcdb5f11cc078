/**
 * Anomaly runs: small scenarios in which one thing goes wrong exactly once, at its first
 * opportunity, at its second, and so on until there is none left. (The idea is that of SQLite's
 * tests.)
 *
 * @module
 */

import { FAULT_NAMES, type FaultName } from "../../runtimes/memory/faults.ts";
import { CLIENT, GET, PLAIN, POST, RESPOND, STREAM } from "./plain.ts";
import type { Act, ClientPlan, RequestPlan, RunPlan } from "./plan.ts";
import { runPlan, type Sabotage } from "./run.ts";

export interface AnomalyResult {
  readonly runs: number;
  readonly requests: number;
  readonly violation: { readonly plan: RunPlan; readonly text: string } | null;
}

/** Every scenario, with each fault at each opportunity. Stops at the first violation. */
export async function runAnomalies(sabotage?: Sabotage): Promise<AnomalyResult> {
  let runs = 0;
  let requests = 0;
  for (const scenario of scenarios()) {
    for (const name of FAULT_NAMES) {
      for (let at = 1; at <= OPPORTUNITIES_MAX; at++) {
        const plan = { ...scenario, faults: { [name]: { at }, lateMsMax: 300 } };
        const { happened, stats, violation } = await runPlan(plan, sabotage);
        runs++;
        requests += stats.requests;
        if (violation !== null) return { runs, requests, violation: { plan, text: violation } };
        if (happened[name as FaultName] === 0) break;
      }
    }
  }
  return { runs, requests, violation: null };
}

/** A scenario that has more has grown out of hand. */
const OPPORTUNITIES_MAX = 2000;

function scenarios(): RunPlan[] {
  const fetched = (does: Partial<Act>): Act => ({ ...RESPOND, via: "fetch", ...does });
  return [
    // One after another, of every kind.
    scenario([{ ...CLIENT, requests: [GET, POST, { ...GET, does: STREAM }, GET] }]),
    // A pipeline, answered at once, later, and out of hand.
    scenario([{
      ...CLIENT,
      window: 10,
      requests: [GET, GET, { ...GET, does: { ...RESPOND, style: "done", waitMs: 100 } }, POST, GET],
    }]),
    // A fetch application with bodies both ways.
    scenario([{
      ...CLIENT,
      window: 2,
      requests: [
        { ...GET, does: fetched({}) },
        { ...POST, does: fetched({ style: "promise", reads: "all" }) },
        { ...GET, does: fetched({ answer: "stream", bytes: 50_000, pieceBytes: 17_000 }) },
      ],
    }]),
    // A client that says all and half-closes, one that waits for 100, and what is no request.
    scenario([
      { ...CLIENT, requests: [GET, POST], window: 5, leave: { how: "fin", when: "end", at: 0 } },
      { ...CLIENT, requests: [{ ...POST, body: { ...POST.body!, expects: true } }] },
      { ...CLIENT, requests: [GET], tail: "GET / HTTP/1.1\r\nBad Name: 1\r\n\r\n" },
    ]),
    // A close in the middle of a stream.
    {
      ...scenario([{ ...CLIENT, requests: [{ ...GET, does: { ...STREAM, stepMs: 50 } }, GET] }]),
      close: { atMs: 20, deadlineMs: 1000 },
    },
    ...keptScenarios(),
    ...workScenarios(),
  ];
}

/** Bodies that are kept in files: for a handler that asks, and for all. */
function keptScenarios(): RunPlan[] {
  const kept = (does: Partial<Act>): RequestPlan => ({
    ...POST,
    does: { ...RESPOND, style: "done", reads: "kept", ...does },
  });
  const limits = { ...PLAIN.limits, clientBodyBufferBytes: 10 };
  const requests = [kept({}), kept({ style: "promise" }), kept({ via: "iterable" })];
  const leaving: ClientPlan = {
    ...CLIENT,
    requests: [kept({ waitMs: 200 })],
    leave: { how: "close", when: "ms", at: 100 },
  };
  return [
    { ...scenario([{ ...CLIENT, window: 2, requests }, leaving]), limits },
    { ...scenario([{ ...CLIENT, requests: [POST, POST] }]), limits, requestBody: "buffer" },
  ];
}

/** Computations in steps, and threads. */
function workScenarios(): RunPlan[] {
  const inSteps = (does: Partial<Act>): RequestPlan => ({
    ...GET,
    does: { ...RESPOND, via: "step", pieceBytes: 10, sliceMs: 4, ...does },
  });
  const inThread = (does: Partial<Act>): RequestPlan => ({
    ...GET,
    does: { ...STREAM, via: "thread", bytes: 5000, pieceBytes: 1000, stepMs: 10, ...does },
  });
  const leaving = { how: "close", when: "received", at: 500 } as const;
  const threads = { ...PLAIN.limits, threadsMax: 2, threadQueueMax: 1 };
  const jobs = scenario([
    { ...CLIENT, requests: [inThread({}), inThread({ style: "promise" })] },
    { ...CLIENT, requests: [{ ...inThread({}), body: POST.body, method: "POST" }], leave: leaving },
    { ...CLIENT, requests: [inThread({ style: "done", answer: "respond" })] },
    { ...CLIENT, stops: { atBytes: 100, forMs: 300 }, requests: [inThread({ bytes: 100_000 })] },
  ]);
  return [
    scenario([
      { ...CLIENT, requests: [inSteps({}), inSteps({ answer: "stream", bytes: 3000 })] },
      { ...CLIENT, requests: [inSteps({ style: "done" }), { ...POST, does: inSteps({}).does }] },
      { ...CLIENT, requests: [inSteps({ answer: "stream", bytes: 3000 })], leave: leaving },
    ]),
    { ...jobs, limits: threads },
    { ...jobs, limits: threads, close: { atMs: 20, deadlineMs: 500 } },
    // Results that are kept in a file.
    {
      ...scenario([{
        ...CLIENT,
        window: 2,
        requests: [1, 2].map(() => inThread({ style: "done" })),
      }]),
      limits: { ...PLAIN.limits, threadResultBufferBytes: 1000 },
    },
  ];
}

/** Small buffers, so that there are many opportunities. */
function scenario(clients: readonly ClientPlan[]): RunPlan {
  return { ...PLAIN, bufferBytes: 8000, segmentBytes: 1000, clients };
}
