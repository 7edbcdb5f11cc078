/**
 * Draws the plan of one run from a seed. Swarm: which faults are on, which clients come and what
 * handlers do is decided for each run anew, so that each run has few kinds of trouble and all runs
 * together have every mixture.
 *
 * @module
 */

import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../core/limits.ts";
import type { Coding } from "../../core/capabilities/codecs.ts";
import type { MemoryFaults } from "../../runtimes/memory.ts";
import { FAULT_NAMES, type FaultName } from "../../runtimes/memory/faults.ts";
import { Dice } from "./dice.ts";
import { type Character, drawClient } from "./draw_client.ts";
import type { ClientPlan, RunPlan } from "./plan.ts";

/** What a caller may fix. */
export interface DrawOptions {
  /** How many clients, instead of what the seed says. */
  readonly clients?: number;
}

export function drawPlan(seed: number, options: DrawOptions = {}): RunPlan {
  const dice = new Dice(seed);
  const faults = drawFaults(dice);
  const clocks = drawClocks(dice);
  const limits = drawLimits(dice);
  const requestCodings = dice.chance(0.2) ? drawCodings(dice) : [];
  const compression = dice.chance(0.25) ? { minBytes: dice.pick([1, 100, 1024]) } : null;
  const drawn = drawCharacter(dice, requestCodings, compression !== null);
  // The loop's lag is measured while a request is open: one that never ends would keep time going.
  const character = { ...drawn, misbehaves: drawn.misbehaves && limits.loopLagMaxMs === Infinity };
  const count = options.clients ?? drawClientCount(dice, character);
  const clients: ClientPlan[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(drawClient(new Dice(dice.seed()), character, limits, clocks));
  }
  return {
    seed: dice.seed(),
    faults,
    bufferBytes: dice.pick([65_536, 65_536, 16_384, 4096, 1000, 100]),
    segmentBytes: dice.pick([65_536, 65_536, 1460, 1460, 500, 60]),
    limits,
    clocks,
    halfClose: dice.pick(["abort", "answer"]),
    requestBody: dice.chance(0.15) ? "buffer" : "stream",
    compression,
    requestCodings,
    close: dice.chance(0.2)
      ? { atMs: dice.magnitude(0, 60_000), deadlineMs: dice.magnitude(0, 30_000) }
      : null,
    clients,
  };
}

/** How often a fault happens at most, where it is on. */
const CHANCES_MAX: Readonly<Record<FaultName, number>> = {
  partialRead: 0.9,
  partialWrite: 0.9,
  again: 0.5,
  lateRelease: 0.5,
  reorder: 0.9,
  stall: 0.1,
  lateOpen: 0.5,
  lateWake: 0.5,
  clockJump: 0.1,
  wallJump: 0.5,
  refuse: 0.2,
  reset: 0.03,
  halfClose: 0.03,
  lateFile: 0.5,
  noDirectory: 0.1,
  diskFull: 0.1,
  sendError: 0.05,
  acceptError: 0.2,
  lateThread: 0.5,
  lateAnswer: 0.5,
  deadThread: 0.1,
  noThread: 0.2,
  badRead: 0.1,
};

function drawFaults(dice: Dice): MemoryFaults {
  if (dice.chance(0.1)) return {};
  const faults: Partial<Record<FaultName, number>> = {};
  for (const name of FAULT_NAMES) {
    if (dice.chance(0.3)) faults[name] = (1 + dice.below(100)) / 100 * CHANCES_MAX[name];
  }
  return { ...faults, lateMsMax: dice.pick([10, 100, 1000, 5000]) };
}

/** Each clock is as it is by default, or short. */
function drawClocks(dice: Dice): RunPlan["clocks"] {
  const short = (normalMs: number): number =>
    dice.chance(0.3) ? dice.between(1, 40) * 100 : normalMs;
  return {
    ...DEFAULT_CLOCKS,
    bodyBytesPerSecondMin: dice.pick([0, 0, 1, DEFAULT_CLOCKS.bodyBytesPerSecondMin]),
    bodyRateWindowMs: short(DEFAULT_CLOCKS.bodyRateWindowMs),
    headerTimeoutMs: short(DEFAULT_CLOCKS.headerTimeoutMs),
    bodyTimeoutMs: short(DEFAULT_CLOCKS.bodyTimeoutMs),
    sendTimeoutMs: short(DEFAULT_CLOCKS.sendTimeoutMs),
    keepAliveTimeoutMs: short(DEFAULT_CLOCKS.keepAliveTimeoutMs),
    keepAliveMinTimeoutMs: dice.pick([0, 10, DEFAULT_CLOCKS.keepAliveMinTimeoutMs]),
    threadDeadlineMs: short(DEFAULT_CLOCKS.threadDeadlineMs),
    threadLeaveMs: short(DEFAULT_CLOCKS.threadLeaveMs),
    handlerTimeoutMs: short(DEFAULT_CLOCKS.handlerTimeoutMs),
    lingerTimeMs: short(DEFAULT_CLOCKS.lingerTimeMs),
    lingerTimeoutMs: short(DEFAULT_CLOCKS.lingerTimeoutMs),
  };
}

function drawLimits(dice: Dice): RunPlan["limits"] {
  const small = (normal: number, least: number): number =>
    dice.chance(0.3) ? dice.magnitude(least, normal) : normal;
  return {
    ...DEFAULT_LIMITS,
    stepBudgetMs: dice.pick([DEFAULT_LIMITS.stepBudgetMs, DEFAULT_LIMITS.stepBudgetMs, 1, 50]),
    stepsMax: small(DEFAULT_LIMITS.stepsMax, 1),
    threadsMax: dice.pick([1, 1, 2, 3]),
    threadQueueMax: small(DEFAULT_LIMITS.threadQueueMax, 0),
    threadWindowBytes: dice.pick([64 * 1024, DEFAULT_LIMITS.threadWindowBytes]),
    threadResultMaxBytes: dice.chance(0.1) ? 1000 : DEFAULT_LIMITS.threadResultMaxBytes,
    threadResultBufferBytes: small(DEFAULT_LIMITS.threadResultBufferBytes, 1),
    loopLagMaxMs: dice.chance(0.1) ? dice.pick([20, 200]) : Infinity,
    clientBodyMaxBytes: small(DEFAULT_LIMITS.clientBodyMaxBytes, 100),
    clientBodyBufferBytes: small(DEFAULT_LIMITS.clientBodyBufferBytes, 1),
    inputBytesMax: small(DEFAULT_LIMITS.inputBytesMax, 1000),
    outputBytesReady: small(DEFAULT_LIMITS.outputBytesReady, 1),
    outputBytesMax: dice.pick([96 * 1024, DEFAULT_LIMITS.outputBytesMax]),
    pipelinedRequestsMax: small(DEFAULT_LIMITS.pipelinedRequestsMax, 1),
    turnBytesMax: small(DEFAULT_LIMITS.turnBytesMax, 1),
    discardBytesMax: small(DEFAULT_LIMITS.discardBytesMax, 1),
    lingerBytesMax: DEFAULT_LIMITS.lingerBytesMax,
    connectionsMax: dice.chance(0.1) ? dice.between(1, 8) : DEFAULT_LIMITS.connectionsMax,
    refusedConnectionsMax: 4,
    connectionsPerAddressMax: dice.chance(0.1)
      ? dice.between(1, 8)
      : DEFAULT_LIMITS.connectionsPerAddressMax,
    requestsMax: dice.chance(0.1) ? dice.between(1, 20) : DEFAULT_LIMITS.requestsMax,
    requestsPerConnectionMax: dice.chance(0.2)
      ? dice.between(1, 6)
      : DEFAULT_LIMITS.requestsPerConnectionMax,
  };
}

function drawCodings(dice: Dice): Coding[] {
  return dice.chance(0.3) ? [dice.pick(["gzip", "br"])] : ["gzip", "deflate", "br"];
}

function drawCharacter(
  dice: Dice,
  requestCodings: readonly Coding[],
  isCompressed: boolean,
): Character {
  const isCoded = requestCodings.length > 0;
  return {
    isCoded,
    isCompressed,
    isPatient: dice.chance(0.5),
    pipelines: dice.chance(0.5),
    cutsUp: dice.chance(0.5),
    stopsReading: dice.chance(0.3),
    leavesEarly: dice.chance(0.4),
    // What a tail says of its coding, its model does not know.
    sendsRubbish: dice.chance(0.3) && !isCoded,
    hasBodies: isCoded || dice.chance(0.6),
    hasLargeBodies: dice.chance(0.15),
    hasLargeAnswers: dice.chance(0.2),
    misbehaves: dice.chance(0.4),
    via: dice.pick([["native"], ["native"], ["fetch"], ["iterable"], ["step"], ["thread"], ALL]),
    takesTime: dice.chance(0.5),
    computes: dice.chance(0.15),
    setsClocks: dice.chance(0.2),
    requestsMax: dice.pick([20, 40, 80, 160, 640]),
  };
}

const ALL = ["native", "fetch", "iterable", "step", "thread"] as const;

function drawClientCount(dice: Dice, character: Character): number {
  const isLarge = character.hasLargeBodies || character.hasLargeAnswers;
  if (!isLarge && dice.chance(0.004)) return dice.pick([1000, 2000, 4000]);
  const most = isLarge ? 16 : 120;
  return dice.chance(0.5) ? dice.magnitude(1, most) : dice.between(1, most);
}
