/**
 * What a column of the matrix brings to a conformance suite, and how a suite registers its
 * checks. A suite knows its column only through this; it never knows which runtime it is on, and
 * never assumes that time is real.
 *
 * @module
 */

import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import type { Address, Reactor } from "../../core/reactor.ts";

/** One column, made afresh for each check. */
export interface ColumnRig {
  readonly reactor: Reactor;
  /** Where a check may listen: TCP, port 0. */
  readonly address: Address;
  /** A Unix path that nobody uses. Removed by whoever listens on it, as the contract says. */
  readonly unixAddress: Address;
  /** True exactly when the runtime may keep a taken buffer after `send` has returned. */
  readonly lends: boolean;
  /** True exactly when one write may come in several pieces, however small it is. */
  readonly cuts?: boolean;
  /**
   * False exactly where time stands still until it is moved. Elsewhere a busy machine may stop the
   * process for seconds, between any two events: so what must not run out there gets minutes, a
   * short clock is only for what is to run out, and no wait has an upper bound but `settle`'s. What
   * needs a short clock beside one that must not run out is checked where time stands still.
   * Default: true.
   */
  readonly timeIsReal?: boolean;
  /** False exactly where threads are simulated, and share the one real thread. Default: true. */
  readonly threadsAreReal?: boolean;
  /**
   * False exactly where a thread that was ended in a loop keeps its core busy until the process
   * ends, so that a test had better not do it. Default: true.
   */
  readonly threadLoopsEnd?: boolean;
  /** True exactly where a thread that eats its memory ends alone. Default: false. */
  readonly threadHeapsAreBounded?: boolean;
  /**
   * How many bytes are more than all buffers between two ends hold together, several times over. A
   * live column's kernel takes 4 MiB in one write. Default: 24 MiB.
   */
  readonly bulkBytes?: number;
  /**
   * Lets the runtime's events come until `condition` holds: by turns of the loop on a live
   * column; by pumping in memory, where the clock moves on whenever nothing else is left to do.
   * Rejects when that takes too long, and says `what` did not come.
   */
  settle(condition: () => boolean, what: string): Promise<void>;
  /** Computes for so long, from inside an event: with the loop held, or in memory as if. */
  compute(ms: number): void;
  /** Names of checks that cannot hold on this column, each with the reason in words. */
  readonly gaps?: Gaps;
}

export type Gaps = { readonly [check: string]: string };

/** Registers one check of a suite. */
export type Check<Bench> = (name: string, body: (bench: Bench) => Promise<void>) => void;

/**
 * A `Check` that knows the column's gaps. A check that is a gap is reported as skipped with its
 * reason, and runs the other way round beside that: it must fail, so that a gap that closes is
 * seen. `run` is told, so that it need not wait long for what is not to come: see `impatient`.
 */
export function checkWithGaps<Bench>(
  gaps: Gaps,
  run: (body: (bench: Bench) => Promise<void>, isGap: boolean) => Promise<void>,
): Check<Bench> {
  return (name, body) => {
    const reason = gaps[name];
    if (reason === undefined) {
      test(name, () => run(body, false));
      return;
    }
    test(`${name} [gap: ${reason}]`, { skip: reason }, () => {});
    test(`still a gap: ${name}`, async () => {
      const closed = await run(body, true).then(() => true, () => false);
      if (closed) throw new Error(`the gap has closed, take it off the column's list: ${name}`);
    });
  };
}

/** How long a live column may take to bring what a check waits for: it comes within 1 s mostly. */
const SETTLE_MAX_MS = 20_000;
/** The same for a check that is a gap: most of what it waits for never comes. */
const GAP_SETTLE_MAX_MS = 800;

/** `settle` for a reactor on a live loop: turns of that loop until the condition holds. */
async function settleWithin(
  withinMs: number,
  condition: () => boolean,
  what: string,
): Promise<void> {
  const giveUpMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > giveUpMs) {
      throw new Error(`it did not come within ${withinMs / 1000} s: ${what}`);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** The rig for a check that is a gap on its column. Where time is not real, waiting is free. */
export function impatient<Rig extends ColumnRig>(rig: Rig): Rig {
  if (rig.timeIsReal === false) return rig;
  return {
    ...rig,
    settle: (condition: () => boolean, what: string) =>
      settleWithin(GAP_SETTLE_MAX_MS, condition, what),
  };
}

function holdLoop(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

let unixPaths = 0;

/** The rig of a live column. */
export function liveRig(reactor: Reactor, lends: boolean, gaps: Gaps = {}): ColumnRig {
  return {
    reactor,
    address: { transport: "tcp", host: "127.0.0.1", port: 0 },
    unixAddress: {
      transport: "unix",
      path: `${tmpdir()}/reactor-${process.pid}-${++unixPaths}.sock`,
    },
    lends,
    settle: (condition, what) => settleWithin(SETTLE_MAX_MS, condition, what),
    compute: holdLoop,
    gaps,
  };
}
