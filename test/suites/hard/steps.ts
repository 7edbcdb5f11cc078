/**
 * The hard test of computation in steps: many requests compute at once, and a probe, a download and
 * fairness among them hold all the while; cancelling half of them frees what they used. The same
 * test on computations that run in one go must fail.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess, assertMatch, assertRejects } from "@std/assert";
import type { Handler } from "../../../core/handlers.ts";
import { DONE, ERROR, OK } from "../../../core/status.ts";
import { inspectSteps, type Step, step } from "../../../core/work/step.ts";
import type { HardCheck } from "../check_hard.ts";
import type { RawClient } from "../server/bench.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";

const SLICE_MS = 0.05;
const BUDGET_MS = 5;
/** The sizes in full, which in memory, where nobody really computes, are the usual ones. */
const FULL = { requests: 50, slices: 4000 };
const SHORT = { requests: 20, slices: 400 };
/** In one go not one is answered before all have computed, or one at most. */
const PROBES_MIN = 3;
/** A turn for the server and one for the client, which shares its loop. */
const P99_MAX_MS = 2 * BUDGET_MS + 5;
/** In memory each way over the network is an event of its own, with a turn before it. */
const P99_MAX_MS_IN_MEMORY = 4 * BUDGET_MS + 5;
const NEWCOMERS = 200;
const ITEM = new Uint8Array(32 * 1024);
/**
 * What the download takes for each probe: 25 MB in a second. One that takes all it gets is copied
 * by the kernel for a quarter of the time, and the total would say how quick that is.
 */
const SHARE_BYTES = 1 << 18;

export function checkSteps(check: HardCheck): void {
  check("steps: probes, a download and fairness hold while many compute", async (bench) => {
    const race = await compute(bench, inSteps);
    assertEquals(race.idle, 0, "computations that had nothing when the first was over");
    // The real clock counts only where nobody else uses the machine.
    if (bench.timeIsReal && !IS_FULL) return;
    assertGreater(race.fairness, 0.95);
    bench.measured(
      "steps",
      `${race.waits.length} probes, p99 ${race.p99Ms.toFixed(1)} ms, ` +
        `${race.overhead.toFixed(3)} of plain loops, Jain ${race.fairness.toFixed(4)}`,
    );
    assertLess(race.p99Ms, bench.timeIsReal ? P99_MAX_MS : P99_MAX_MS_IN_MEMORY);
    assertLess(race.overhead, 1.1);
  });

  check("steps: connections that come at once do not wait for a budget each", async (bench) => {
    const { slices, tookMs } = await connectBeside(bench);
    // One at least each, where a runtime accepts one in a turn and a turn is a slice.
    assertLess(slices, NEWCOMERS / 2);
    if (!bench.timeIsReal || !IS_FULL) return;
    bench.measured("steps, newcomers", `${NEWCOMERS} connections in ${tookMs.toFixed(0)} ms`);
    assertLess(tookMs, NEWCOMERS * BUDGET_MS / 2);
  });

  check("steps: cancelling half of them leaves the loop to the others", async (bench) => {
    const { clients, work } = await begin(bench, inSteps);
    await bench.settle(() => work.every(({ slices }) => slices > 0), "a slice of each");
    const gone = work.filter(({ index }) => index % 2 === 0);
    clients.forEach((client, index) => index % 2 === 0 && client.reset());
    await bench.settle(
      () => gone.every(({ step }) => step!.isOver),
      "the end of what was cancelled",
    );
    for (const one of gone) assertEquals(one.slices, one.slicesAtAbort, `slices of ${one.index}`);
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 1) assertEquals((await client.waitAnswers(1))[0]?.status, 200);
    }
    assertEquals(inspectSteps(bench.server), []);
  });

  check("steps, control: the test fails where each computes in one go", async (bench) => {
    const error = await assertRejects(() => compute(bench, inOneGo), Error);
    // On a slow machine nothing at all comes for as long as a check waits.
    assertMatch(error.message, /probe|did not come/);
  });
}

/** Connects many at once beside a computation. Answers what it had until all were answered. */
async function connectBeside(bench: HardBench): Promise<{ slices: number; tookMs: number }> {
  let slices = 0;
  let isOver = false;
  function* endless(): Generator<undefined, void> {
    for (; !isOver; slices++) {
      bench.rig.compute(BUDGET_MS);
      yield;
    }
  }
  const server = await bench.serve({ handlers: [(request) => request.respond(200)] });
  const computing = step(endless(), { server });
  await bench.settle(() => slices > 0, "the first slice");
  const before = slices;
  const fromMs = bench.rig.reactor.now();
  const clients = Array.from({ length: NEWCOMERS }, () => bench.connect().request("GET", "/"));
  await bench.settle(() => clients.every((client) => client.receivedBytes > 0), "all answers");
  const tookMs = bench.rig.reactor.now() - fromMs;
  isOver = true;
  await bench.settle(() => computing.isOver, "the end of the computation");
  return { slices: slices - before, tookMs };
}

/** One computation. */
interface Work {
  readonly index: number;
  slices: number;
  /** How many slices it had when its request was given up. */
  slicesAtAbort: number;
  step: Step<void> | null;
}

type Run = (work: Work, slices: Generator<unknown, void>) => Handler;

const inSteps: Run = (work, slices) => (request) => {
  work.step = step(slices, { request, name: `work ${work.index}` });
  request.onAbort(() => work.slicesAtAbort = work.slices);
  work.step.done.then(
    () => request.finalize(request.respond(200, {}, "computed")),
    () => request.finalize(ERROR, 500),
  );
  return DONE;
};

const inOneGo: Run = (_work, slices) => (request) => {
  while (slices.next().done !== true);
  return request.respond(200, {}, "computed");
};

interface Started {
  readonly clients: readonly RawClient[];
  readonly work: readonly Work[];
}

/** Starts a server, and as many computations as the size says. */
async function begin(bench: HardBench, run: Run): Promise<Started> {
  const size = IS_FULL || !bench.timeIsReal ? FULL : SHORT;
  const work = Array.from({ length: size.requests }, (_, index): Work => {
    return { index, slices: 0, slicesAtAbort: -1, step: null };
  });
  let started = 0;
  let open: () => void;
  // Those that come first would otherwise have used more than those that come last.
  const gate = new Promise<void>((resolve) => open = resolve);
  function* slicesOf(one: Work): Generator<unknown, void> {
    if (++started === size.requests) open();
    yield gate;
    for (let i = 0; i < size.slices; i++) {
      bench.rig.compute(SLICE_MS);
      one.slices++;
      yield;
    }
  }
  await bench.serve({
    handlers: [
      (request) => {
        if (request.target === "/") return request.respond(200, {}, "probe");
        if (request.target === "/stream") return endlessStream(request);
        const one = work[Number(request.target.slice("/compute/".length))]!;
        return run(one, slicesOf(one))(request);
      },
    ],
  });
  const clients = work.map(({ index }) => bench.connect().request("GET", `/compute/${index}`));
  return { clients, work };
}

/** A download that goes on until somebody has seen enough. */
const stream = { goes: true };

const endlessStream: Handler = (request) => {
  const hold = request.hold("the download");
  const more = () => {
    while (stream.goes && request.send(ITEM) === OK);
    if (stream.goes || !hold.isOpen) return;
    request.finalize();
    hold.release();
  };
  request.sendHead(200);
  request.onWritable = more;
  request.onTerminated(() => hold.isOpen && hold.release());
  more();
  return DONE;
};

interface Race {
  /** How long each probe waited, on the clock of the reactor. */
  readonly waits: readonly number[];
  readonly p99Ms: number;
  /** The time for all, divided by that of plain loops. */
  readonly overhead: number;
  /** How many had not had a slice when the first was over. */
  readonly idle: number;
  /** Jain's index of what each had used when the first was over. */
  readonly fairness: number;
}

async function compute(bench: HardBench, run: Run): Promise<Race> {
  stream.goes = true;
  try {
    return await raceOf(bench, run);
  } finally {
    stream.goes = false;
  }
}

async function raceOf(bench: HardBench, run: Run): Promise<Race> {
  const { reactor } = bench.rig;
  const plainMs = plainLoopMs(bench);
  const { clients, work } = await begin(bench, run);
  const startMs = reactor.now();
  const download = bench.connect().request("GET", "/stream");
  download.keeps = false;
  let shareBytes = 0;
  download.onBytes = (bytes) => {
    shareBytes += bytes.length;
    if (shareBytes >= SHARE_BYTES) download.stopReading();
  };
  const probe = bench.connect();
  await bench.settle(
    () => download.receivedBytes > 0 && probe.isOpen,
    "the download and the probe",
  );
  const waits: number[] = [];
  let fairness = -1;
  let idle = -1;
  let downloaded = 0;
  let stalls = 0;
  while (clients.some((client) => client.answers.length === 0)) {
    shareBytes = 0;
    download.goOnReading();
    const sentMs = reactor.now();
    probe.received = "";
    probe.methods.length = 0;
    probe.request("GET", "/");
    await bench.settle(() => {
      if (fairness < 0 && clients.some((one) => one.answers.length > 0)) {
        fairness = jain(work);
        idle = work.filter((one) => one.slices === 0).length;
      }
      return probe.answers.length > 0;
    }, "the answer to a probe");
    waits.push(reactor.now() - sentMs);
    if (download.receivedBytes === downloaded) stalls++;
    downloaded = download.receivedBytes;
  }
  const totalMs = reactor.now() - startMs;
  assertGreater(waits.length, PROBES_MIN, "probes that were answered while others computed");
  assertLess(stalls, waits.length / 2, "probes during which the download stood still");
  waits.sort((a, b) => a - b);
  const p99Ms = waits[Math.floor(waits.length * 0.99)]!;
  return { waits, p99Ms, overhead: totalMs / plainMs, fairness, idle };
}

/** How long all of it takes in plain loops; in memory what is asked for is what it takes. */
function plainLoopMs(bench: HardBench): number {
  const { requests, slices } = IS_FULL || !bench.timeIsReal ? FULL : SHORT;
  if (!bench.timeIsReal) return requests * slices * SLICE_MS;
  const startMs = performance.now();
  for (let i = 0; i < slices; i++) bench.rig.compute(SLICE_MS);
  return (performance.now() - startMs) * requests;
}

function jain(work: readonly Work[]): number {
  let sum = 0;
  let squares = 0;
  for (const { step } of work) {
    const usedMs = step?.usedMs ?? 0;
    sum += usedMs;
    squares += usedMs * usedMs;
  }
  return sum * sum / (work.length * squares);
}
