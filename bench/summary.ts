/**
 * What the rounds say: medians for each server, and ratios of Sluice to each other server of the
 * same runtime and case, taken within each round. Pure functions.
 *
 * @module
 */

import { keyOf, type Opponent, targetOf } from "./opponents.ts";
import type { Round, Sample } from "./rounds.ts";
import { type Estimate, estimate, median } from "./statistics.ts";

/** Medians over the rounds. */
export interface ServerSummary {
  readonly runtime: string;
  readonly case: string;
  readonly name: string;
  readonly cpuPerRequestUs: number;
  readonly userCpuPerRequestUs: number;
  readonly clientCpuPerRequestUs: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sluice divided by another server, round by round. */
export interface RatioSummary {
  readonly runtime: string;
  readonly case: string;
  readonly ours: string;
  readonly theirs: string;
  readonly cpuPerRequest: Estimate;
  readonly requestsPerSecond: Estimate;
  /** What the median of `cpuPerRequest` is to be at most. */
  readonly targetMax: number | null;
}

export interface Summary {
  readonly servers: readonly ServerSummary[];
  readonly ratios: readonly RatioSummary[];
}

export function summarize(opponents: readonly Opponent[], rounds: readonly Round[]): Summary {
  const servers = opponents.map((opponent) => summarizeServer(opponent, rounds));
  const ratios: RatioSummary[] = [];
  for (const ours of opponents) {
    if (!ours.ours) continue;
    for (const theirs of opponents) {
      if (theirs.ours || theirs.runtime !== ours.runtime || theirs.case !== ours.case) continue;
      ratios.push(compare(ours, theirs, rounds));
    }
  }
  return { servers, ratios };
}

function summarizeServer(opponent: Opponent, rounds: readonly Round[]): ServerSummary {
  const samples = samplesOf(opponent, rounds);
  const middle = (of: (sample: Sample) => number) => median(samples.map(of));
  return {
    runtime: opponent.runtime,
    case: opponent.case,
    name: opponent.name,
    cpuPerRequestUs: middle((sample) => sample.cpuPerRequestUs),
    userCpuPerRequestUs: middle((sample) => sample.userCpuPerRequestUs),
    clientCpuPerRequestUs: middle((sample) => sample.clientCpuPerRequestUs),
    requestsPerSecond: middle((sample) => sample.requestsPerSecond),
    p50Ms: middle((sample) => sample.p50Ms),
    p99Ms: middle((sample) => sample.p99Ms),
  };
}

function compare(ours: Opponent, theirs: Opponent, rounds: readonly Round[]): RatioSummary {
  const a = samplesOf(ours, rounds);
  const b = samplesOf(theirs, rounds);
  const ratio = (of: (sample: Sample) => number) =>
    estimate(a.map((sample, round) => of(sample) / of(b[round]!)));
  return {
    runtime: ours.runtime,
    case: ours.case,
    ours: ours.name,
    theirs: theirs.name,
    cpuPerRequest: ratio((sample) => sample.cpuPerRequestUs),
    requestsPerSecond: ratio((sample) => sample.requestsPerSecond),
    targetMax: targetOf(ours, theirs)?.ratioMax ?? null,
  };
}

function samplesOf(opponent: Opponent, rounds: readonly Round[]): Sample[] {
  const key = keyOf(opponent);
  return rounds.map((round) => round.samples.find((sample) => sample.server === key)!);
}
