/**
 * Judges an input: whatever it is, the server neither throws nor hangs nor leaks, takes no longer
 * than its length deserves, answers in HTTP, and makes the same of it however it comes: at once, in
 * pieces, over a network that is slow.
 *
 * @module
 */

import type { Reactor } from "../../core/reactor.ts";
import { DEFAULT_LIMITS, type Limits } from "../../core/limits.ts";
import { Dice } from "../sim/dice.ts";
import { feed, type Feeding, type FuzzOptions, type FuzzOutcome } from "./feed.ts";

export interface Verdict {
  /** What was wrong; null when nothing was. */
  readonly violation: string | null;
  /** Answers and requests of one feeding, for totals. */
  readonly answers: number;
  readonly requests: number;
}

export type Sabotage = (reactor: Reactor) => Reactor;

/** The limits under which an input is fed: half of the seeds are strict. */
function limitsOf(dice: Dice): Partial<Limits> {
  if (dice.chance(0.5)) return {};
  return {
    headBytesMax: dice.pick([200, 1000, DEFAULT_LIMITS.headBytesMax]),
    headerCountMax: dice.pick([3, DEFAULT_LIMITS.headerCountMax]),
    targetBytesMax: dice.pick([20, DEFAULT_LIMITS.targetBytesMax]),
    clientBodyMaxBytes: dice.pick([3, 20, DEFAULT_LIMITS.clientBodyMaxBytes]),
    requestsPerConnectionMax: dice.pick([2, DEFAULT_LIMITS.requestsPerConnectionMax]),
  };
}

/** What the server does beside answering: half of the seeds have it apply codings. */
function optionsOf(dice: Dice): FuzzOptions {
  if (dice.chance(0.5)) return {};
  const compression = { minBytes: dice.pick([0, 1024]) };
  // Whoever keeps bodies undoes no codings here: what cannot be decoded is answered without the
  // application then, and nobody would know for which request.
  return dice.chance(0.3)
    ? { compression, requestBody: "buffer" }
    : { compression, requestCodings: ["gzip", "deflate", "br"] };
}

/**
 * No input takes a tenth of this; one that some part of the server reads in the square of its
 * length takes more.
 */
const FED_MS_MAX = 100;
const TRIES = 3;

/** Feeds it, and throws when that takes too long each time: a machine may have others to serve. */
async function feedInTime(input: Uint8Array, feeding: Feeding): Promise<FuzzOutcome> {
  let leastMs = Infinity;
  for (let left = TRIES; left > 0; left--) {
    const startMs = performance.now();
    const outcome = await feed(input, feeding);
    leastMs = Math.min(leastMs, performance.now() - startMs);
    if (leastMs < FED_MS_MAX) return outcome;
  }
  throw new Error(`it takes ${Math.round(leastMs)} ms for ${input.length} bytes`);
}

const SLOW = { partialRead: 0.5, partialWrite: 0.5, again: 0.3, reorder: 0.5, lateRelease: 0.3 };

/** `seed` decides about limits, cuts and faults. */
export async function judge(
  input: Uint8Array,
  seed: number,
  sabotage?: Sabotage,
): Promise<Verdict> {
  const dice = new Dice(seed);
  const limits = limitsOf(dice);
  const options = optionsOf(dice);
  const whole: Feeding = { cuts: [], reactor: {}, limits, options };
  const others: Feeding[] = [
    { cuts: drawCuts(dice, input.length), reactor: {}, limits, options },
    {
      cuts: drawCuts(dice, input.length),
      reactor: { seed: dice.seed(), faults: { ...SLOW, lateMsMax: 5 }, bufferBytes: 500 },
      limits,
      options,
    },
  ];
  const more = sabotage === undefined ? {} : { sabotage };
  let answers = 0;
  let requests = 0;
  try {
    const expected = await feedInTime(input, { ...whole, ...more });
    answers = expected.answers.length;
    requests = expected.seen.length;
    for (const other of others) compare(expected, await feed(input, { ...other, ...more }), other);
  } catch (error) {
    const violation = error instanceof Error ? error.stack ?? error.message : String(error);
    return { violation, answers, requests };
  }
  return { violation: null, answers, requests };
}

function drawCuts(dice: Dice, size: number): number[] {
  const cuts = new Set<number>();
  for (let left = dice.magnitude(1, 60); left > 0; left--) cuts.add(dice.below(size + 1));
  return [...cuts].sort((one, other) => one - other);
}

function compare(expected: FuzzOutcome, other: FuzzOutcome, feeding: Feeding): void {
  const [one, two] = [expected, other].map((outcome) => JSON.stringify(outcome, null, 1));
  if (one === two) return;
  throw new Error(
    `cut at ${feeding.cuts} it means something else:\nat once: ${one}\nin pieces: ${two}`,
  );
}
