/**
 * The hard test of the finalize protocol: thousands of requests, each with a fate by the dice.
 * Every one settles exactly once with the right outcome for its client and for the server; live
 * requests, holds, timers, buffers and handles come back to where they began; connections are used
 * again. The same test on protocols that were spoilt on purpose must fail.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { HardCheck } from "../check_hard.ts";
import { type Fate, FATES, needsClock } from "./fates.ts";
import { Dice, type HardBench, IS_FULL } from "./hard_bench.ts";
import { Lane } from "./lane.ts";
import { LaterApp } from "./later_app.ts";
import { uncountHolds, unguardFinalize } from "./naive.ts";
import { Trial } from "./trial.ts";

/** Each fate alone: enough to see it, and how it meets itself. */
const ALONE = 24;
const ALONE_LANES = 12;
/** Clients at once, all fates together. Those that wait for real clocks wait side by side. */
const LANES = 50;
const LANES_FULL = 200;
/** Turns between two looks at what has settled. */
const LOOK_EVERY = 16;
/** Long enough for every other plan of a request, also on a machine that is busy. */
const HANDLER_TIMEOUT_MS = 2_500;
/** Where every request waits for the clock. */
const SHORT_HANDLER_TIMEOUT_MS = 300;

const PIPELINED = "finish later: pipelined requests";

interface Run {
  readonly count: number;
  readonly lanes: number;
  readonly fates: readonly Fate[];
  readonly pipelines: boolean;
  /** True exactly when a fate that waits for the clock may stand anywhere in a lane. */
  readonly clocksAnywhere: boolean;
  /** Takes the protocol of a request apart. */
  readonly spoil?: (request: HttpRequest) => void;
}

export function checkFinishLater(check: HardCheck): void {
  for (const fate of FATES) {
    check(nameOf(fate), async (bench) => {
      await run(bench, { ...ALONE_RUN, fates: [fate] });
    });
  }

  check(PIPELINED, async (bench) => {
    const fates = FATES.filter((fate) => !fate.ends);
    await run(bench, { ...ALONE_RUN, ...MORE, fates, pipelines: true });
  });

  check("finish later: requests of all fates at once", async (bench) => {
    const startedMs = performance.now();
    const connects = await run(bench, {
      count: bench.requests,
      lanes: bench.timeIsReal && IS_FULL ? LANES_FULL : LANES,
      fates: FATES.filter((fate) => !bench.isGap(nameOf(fate))),
      pipelines: !bench.isGap(PIPELINED),
      clocksAnywhere: IS_FULL || !bench.timeIsReal,
    });
    const seconds = (performance.now() - startedMs) / 1000;
    bench.measured(
      "requests that finish later",
      `${bench.requests} on ${connects} connections, ${seconds.toFixed(1)} s`,
    );
  });

  const controls: ReadonlyArray<readonly [string, (request: HttpRequest) => void, RegExp]> = [
    ["finalize lets a second call in", unguardFinalize, /accepted and refused finalizes/],
    ["holds do not count", uncountHolds, /over while held/],
  ];
  for (const [name, spoil, fault] of controls) {
    check(`finish later, control: the test fails when ${name}`, async (bench) => {
      const fates = FATES.filter((fate) => fate.client === "stays" && !needsClock(fate));
      const error = await assertRejects(
        () => run(bench, { ...ALONE_RUN, ...MORE, fates, spoil }),
        Error,
      );
      assertMatch(error.message, fault);
    });
  }
}

/** Many fates side by side. */
const MORE = { count: 240, lanes: 40 } as const;
const ALONE_RUN = {
  count: ALONE,
  lanes: ALONE_LANES,
  pipelines: false,
  clocksAnywhere: false,
} as const;

function nameOf(fate: Fate): string {
  return `finish later: a request that ${fate.name}`;
}

/** Answers how many connections it took. */
async function run(bench: HardBench, options: Run): Promise<number> {
  const dice = new Dice();
  try {
    return await runWith(dice, bench, options);
  } catch (error) {
    throw new Error(`with SLUICE_SEED=${dice.seed}: ${(error as Error).message}`, { cause: error });
  }
}

async function runWith(dice: Dice, bench: HardBench, options: Run): Promise<number> {
  const trials = makeTrials(dice, options);
  const app = new LaterApp(bench, dice, trials, options.spoil ?? (() => {}));
  const isShort = options.fates.every(needsClock);
  const handlerTimeoutMs = isShort ? SHORT_HANDLER_TIMEOUT_MS : HANDLER_TIMEOUT_MS;
  await bench.serve({
    handlers: app.handlers,
    // In memory the lane that is done first may wait for the others for minutes.
    clocks: { handlerTimeoutMs, keepAliveTimeoutMs: Infinity },
  });
  const { server } = bench;
  const start = { timers: server.loop.timers.count, handles: bench.openHandles() };
  const lanes = laneTrials(trials, options).map((own) => {
    return new Lane(bench, dice, own, options.pipelines);
  });
  await settleAll(bench, trials, lanes);
  sortLogs(bench, trials);
  const faults = [
    ...lanes.flatMap((lane) => lane.faults),
    ...trials.flatMap((trial) => trial.faults()),
    ...bench.logs,
  ];
  assert(faults.length === 0, `${faults.length} faults\n${faults.slice(0, 8).join("\n")}`);
  const connects = sum(lanes, (lane) => lane.connects);
  assertEquals(connects, sum(lanes, (lane) => lane.connectsWanted), "connections");
  await bench.settle(() => server.pool.out === 0, "the last output buffer");
  assertEquals(server.inspect().requests, []);
  for (const lane of lanes) lane.close();
  await bench.settle(() => {
    return server.inspect().connections === 0 && server.loop.timers.count === start.timers &&
      bench.openHandles() === start.handles;
  }, `timers and handles as at the start: ${JSON.stringify(start)}`);
  return connects;
}

function makeTrials(dice: Dice, options: Run): Trial[] {
  return Array.from({ length: options.count }, (_, id) => {
    const leaving = dice.of(["reset", "close"] as const);
    return new Trial({ id, fate: dice.of(options.fates), leaving });
  });
}

/** Each lane's trials: those that wait for the clock last, where waiting costs time. */
function laneTrials(trials: readonly Trial[], options: Run): Trial[][] {
  const lanes: Trial[][] = Array.from({ length: options.lanes }, () => []);
  trials.forEach((trial, i) => lanes[i % options.lanes]!.push(trial));
  if (options.clocksAnywhere) return lanes;
  const rank = (trial: Trial) => Number(needsClock(trial.fate));
  const late = lanes.flatMap((lane) => lane.filter((trial) => needsClock(trial.fate)));
  const others = lanes.map((lane) => lane.filter((trial) => rank(trial) === 0));
  // At most one in each lane, so that they wait side by side.
  return [
    ...others.filter((lane) => lane.length > 0),
    ...late.map((trial) => [trial]),
  ];
}

/** Waits from one that settles to the next, since a column limits each wait. */
async function settleAll(
  bench: HardBench,
  trials: readonly Trial[],
  lanes: readonly Lane[],
): Promise<void> {
  let open = [...trials];
  const look = () => open = open.filter((trial) => !trial.isSettled);
  while (open.length > 0) {
    const before = open.length;
    let turns = 0;
    const waited = bench.settle(() => {
      for (const lane of lanes) lane.step();
      // To look at all of them in each turn would cost more than the requests.
      return ++turns % LOOK_EVERY === 0 && look().length < before;
    }, "the end of a request");
    await waited.catch((error) => {
      const stuck = look().slice(0, 3).map((trial) => trial.describe());
      throw new Error(`${open.length} are stuck: ${stuck.join("; ")}`, { cause: error });
    });
  }
}

/** Gives each trial its lines; the others stay. */
function sortLogs(bench: HardBench, trials: readonly Trial[]): void {
  const lines = bench.logs.splice(0);
  for (const line of lines) {
    const [, id, text] = /^\w+ GET \/t\/(\d+): (.*)$/s.exec(line) ?? [];
    if (id === undefined) bench.logs.push(line);
    else trials[Number(id)]!.logs.push(text!);
  }
}

function sum(lanes: readonly Lane[], of: (lane: Lane) => number): number {
  return lanes.reduce((all, lane) => all + of(lane), 0);
}
