/**
 * A smoke of the simulator: a fixed range of seeds holds, each planted fault is found, and the same
 * seed gives the same run. Long searches are `npm run sim`.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { CANARIES } from "./sim/canaries.ts";
import { drawPlan } from "./sim/draw.ts";
import { runPlan } from "./sim/run.ts";

const FIRST_SEED = 1;
const SEEDS = 100;
/** How many seeds a planted fault may hide from. */
const CANARY_SEEDS_MAX = 600;

describe("simulation", () => {
  test(`${SEEDS} seeds hold`, async () => {
    let requests = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const { stats, violation } = await runPlan(drawPlan(seed));
      assertEquals(violation, null, `npm run sim -- --seed ${seed} --runs 1`);
      requests += stats.requests;
    }
    assert(requests > SEEDS, `${requests} requests are too few to mean anything`);
  });

  test("a seed gives the same run again, to the byte", async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 5; seed++) {
      assertEquals(await runPlan(drawPlan(seed)), await runPlan(drawPlan(seed)));
    }
  });

  for (const [name, sabotage] of Object.entries(CANARIES)) {
    test(`finds a planted fault: ${name}`, async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + CANARY_SEEDS_MAX; seed++) {
        if ((await runPlan(drawPlan(seed), sabotage)).violation !== null) return;
      }
      throw new Error(`${CANARY_SEEDS_MAX} seeds did not find it`);
    });
  }
});
