/**
 * The hard test of the leak report: holds that nobody releases are planted among requests that end
 * well, at different times and in different states of their requests. `inspect()` and the report of
 * a graceful close must name exactly those, by reason and age.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { assertRejects } from "@std/assert";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { RequestReport, ServerReport } from "../../../core/inspect.ts";
import type { CloseReport } from "../../../core/server.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import { Timer } from "../../../core/timers.ts";
import type { HardCheck } from "../check_hard.ts";
import type { HardBench } from "./hard_bench.ts";
import { uncountHolds } from "./naive.ts";

/** What becomes of a request whose hold is never released. */
const KINDS = ["waits", "is finalized", "lost its client", "has two"] as const;
const LEAKS = 6;
const NEIGHBOURS = 5;
/** Between one leak and the next, so that their ages differ. */
const GAP_MS = 60;
const CLOSE_DEADLINE_MS = 200;

interface Leak {
  readonly request: HttpRequest;
  readonly holds: readonly Hold[];
  /** When each hold was taken. */
  readonly sinceMs: readonly number[];
  cleanups: number;
}

export function checkLeaks(check: HardCheck): void {
  check("leaks: inspect() and the close report name them by reason and age", (bench) => {
    return leak(bench, () => {});
  });

  check("leaks, control: the test fails when holds do not count", async (bench) => {
    await assertRejects(() => leak(bench, uncountHolds), Error, "not the planted ones");
  });
}

async function leak(bench: HardBench, spoil: (request: HttpRequest) => void): Promise<void> {
  const leaks: Leak[] = [];
  await bench.serve({
    handlers: [(request) => {
      spoil(request);
      return request.target.startsWith("/leak/") ? keep(request, leaks) : endWell(request);
    }],
  });
  for (let i = 0; i < LEAKS; i++) {
    const client = bench.connect().request("GET", `/leak/${i}`);
    await bench.settle(() => leaks.length === i + 1, "the request");
    const { request } = leaks[i]!;
    if (KINDS[i % KINDS.length] === "is finalized") {
      request.respond(200, {}, "answered");
      request.finalize();
    } else if (KINDS[i % KINDS.length] === "lost its client") {
      client.reset();
      await bench.settle(() => request.abortCause !== null, "the disconnect");
    }
    await serveNeighbours(bench);
    await pass(bench, GAP_MS);
  }
  compare(leaks, bench.server.inspect());
  const report = await close(bench);
  assertEquals(report.clean, false);
  compare(leaks, report.left);
  await release(bench, leaks);
}

function keep(request: HttpRequest, leaks: Leak[]): ResultCode {
  const count = KINDS[leaks.length % KINDS.length] === "has two" ? 2 : 1;
  const nowMs = request.exchange.loop.now();
  const holds: Hold[] = [];
  for (let i = 0; i < count; i++) holds.push(request.hold(`leak ${leaks.length}.${i}`));
  const planted = { request, holds, sinceMs: holds.map(() => nowMs), cleanups: 0 };
  request.onCleanup(() => planted.cleanups++);
  leaks.push(planted);
  return DONE;
}

function endWell(request: HttpRequest): ResultCode {
  const hold = request.hold("a neighbour");
  request.exchange.loop.postCall(() => {
    request.respond(200, {}, "well");
    request.finalize();
    hold.release();
  });
  return DONE;
}

async function serveNeighbours(bench: HardBench): Promise<void> {
  const client = bench.connect();
  for (let i = 1; i <= NEIGHBOURS; i++) {
    client.request("GET", "/well");
    await client.waitAnswers(i);
  }
  bench.rig.reactor.close(client.handle);
  await bench.settle(() => client.closed !== null, "the end of a neighbour");
}

/** Lets time pass on the server's clock. */
async function pass(bench: HardBench, ms: number): Promise<void> {
  const { loop } = bench.server;
  const timer = new Timer({ onTimer: () => {} });
  loop.timers.arm(timer, loop.now() + ms);
  await bench.settle(() => !timer.isArmed, `${ms} ms`);
}

/**
 * `left` must hold what was planted and nothing else. Ages are exact, since the clock is the same.
 */
function compare(leaks: readonly Leak[], left: ServerReport): void {
  const found = left.requests.flatMap((request) => rowsOf(request)).sort();
  const planted = leaks.flatMap(({ request, holds }) => {
    return holds.map((hold) => `${request.target} ${hold.reason}`);
  });
  assertEquals(found, planted.sort(), "these are not the planted ones");
  const nowMs = leaks[0]!.request.exchange.loop.now();
  const ages = new Map(left.requests.flatMap((request) => {
    return request.holds.map((hold) => [hold.reason, hold.ageMs]);
  }));
  for (const { holds, sinceMs, request } of leaks) {
    holds.forEach((hold, i) => {
      const ageMs = ages.get(hold.reason)!;
      assertLessOrEqual(ageMs, nowMs - sinceMs[i]!, `the age of ${hold.reason}`);
      // Between the report and this line little happens, and less than between two leaks.
      assertGreaterOrEqual(ageMs, nowMs - sinceMs[i]! - GAP_MS / 2, `the age of ${hold.reason}`);
    });
    assert(!request.over, "a request was over while it was held");
  }
}

function rowsOf(request: RequestReport): string[] {
  return request.holds.map((hold) => `${request.target} ${hold.reason}`);
}

async function close(bench: HardBench): Promise<CloseReport> {
  let report: CloseReport | null = null;
  bench.server.close({ deadlineMs: CLOSE_DEADLINE_MS }).then((value) => report = value);
  await bench.settle(() => report !== null, "the close report");
  return report!;
}

/** The holders come to their senses: everything ends, once. */
async function release(bench: HardBench, leaks: readonly Leak[]): Promise<void> {
  for (const { holds } of leaks) for (const hold of holds) hold.release();
  await bench.settle(() => leaks.every(({ request }) => request.over), "the end of the leaks");
  assertEquals(leaks.map((planted) => planted.cleanups), leaks.map(() => 1));
  assertEquals(bench.server.inspect().requests, []);
}
