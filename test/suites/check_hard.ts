/**
 * The hard tests: what a toy would fail, each beside a control that must fail it. They run over a
 * whole server on every column; in short sizes with all other tests, in full ones with
 * `npm run hard`. Those of opaque handles have files of their own, for the sake of their time:
 * there the suite of the server runs once more, on handles that throw when they are taken for a
 * number or a string. The suite of the reactor does so by itself.
 *
 * @module
 */

import { describe } from "node:test";
import { checkServer } from "./check_server.ts";
import { guardHandles } from "./guard_handles.ts";
import { checkFairness } from "./hard/fairness.ts";
import { checkFinishLater } from "./hard/finish_later.ts";
import { HardBench, type HardRig } from "./hard/hard_bench.ts";
import { checkHomecoming } from "./hard/homecoming.ts";
import { checkLeaks } from "./hard/leaks.ts";
import { checkOpaque } from "./hard/opaque.ts";
import { checkSteps } from "./hard/steps.ts";
import { checkHardThreads } from "./hard/threads.ts";
import { checkBodyTrouble } from "./hard/body_trouble.ts";
import { checkRequestBodies } from "./hard/request_bodies.ts";
import { checkMemoryBound } from "./hard/memory_bound.ts";
import { checkMemoryOfBodies } from "./hard/memory_bound_bodies.ts";
import { checkPauses } from "./hard/pauses.ts";
import { checkTwoBuffers } from "./hard/two_buffers.ts";
import { type Check, checkWithGaps, impatient } from "./rig.ts";

export type HardCheck = Check<HardBench>;

type Group = readonly [name: string, register: (check: HardCheck) => void];

const GROUPS: readonly Group[] = [
  ["finish later", checkFinishLater],
  ["leaks", checkLeaks],
  ["buffers", checkTwoBuffers],
  ["homecoming", checkHomecoming],
  ["fairness", checkFairness],
  ["memory bound", checkMemoryBound],
  ["memory bound of bodies", checkMemoryOfBodies],
  ["iterables", checkPauses],
  ["threads", checkHardThreads],
  ["request bodies", checkRequestBodies],
  ["body trouble", checkBodyTrouble],
  ["steps", checkSteps],
];

/** Registers all but the last for one column. `make` is called afresh for each check. */
export function checkHard(column: string, make: () => HardRig): void {
  for (const group of GROUPS) registerGroup(column, make, group);
}

/** Registers those of opaque handles. A runtime that hands over finished requests shows none. */
export function checkHardHandles(column: string, make: () => HardRig): void {
  registerGroup(column, make, ["opaque handles", checkOpaque]);
  checkServer(`${column}, with guarded handles`, () => {
    const rig = make();
    return { ...rig, reactor: guardHandles(rig.reactor) };
  });
}

function registerGroup(column: string, make: () => HardRig, [name, register]: Group): void {
  const { gaps = {} } = make();
  describe(`hard: ${name} (${column})`, () => {
    register(checkWithGaps<HardBench>(gaps, async (body, isGap) => {
      const bench = new HardBench(isGap ? impatient(make()) : make(), column);
      try {
        await body(bench);
      } finally {
        await bench.end();
      }
    }));
  });
}
