/**
 * The hard tests: what a toy would fail, each beside a control that must fail it. They run over a
 * whole server on every column; in short sizes with all other tests, in full ones with
 * `npm run hard`.
 *
 * @module
 */

import { describe } from "node:test";
import { checkFinishLater } from "./hard/finish_later.ts";
import { HardBench, type HardRig } from "./hard/hard_bench.ts";
import { checkFairness } from "./hard/fairness.ts";
import { checkHomecoming } from "./hard/homecoming.ts";
import { checkLeaks } from "./hard/leaks.ts";
import { checkTwoBuffers } from "./hard/two_buffers.ts";
import { type Check, checkWithGaps } from "./rig.ts";

export type HardCheck = Check<HardBench>;

/** Registers all of them for one column. `make` is called afresh for each check. */
export function checkHard(column: string, make: () => HardRig): void {
  const groups: ReadonlyArray<readonly [string, (check: HardCheck) => void]> = [
    ["finish later", checkFinishLater],
    ["leaks", checkLeaks],
    ["buffers", checkTwoBuffers],
    ["homecoming", checkHomecoming],
    ["fairness", checkFairness],
  ];
  const gaps = make().gaps ?? {};
  for (const [name, register] of groups) {
    describe(`hard: ${name} (${column})`, () => {
      register(checkWithGaps<HardBench>(gaps, async (body) => {
        const bench = new HardBench(make(), column);
        try {
          await body(bench);
        } finally {
          await bench.end();
        }
      }));
    });
  }
}
