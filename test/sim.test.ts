/**
 * A smoke of the simulator: seeds that follow from the commit hold, and so does whatever once found
 * something; each planted fault is found, one that fails fails again and is made smaller; and the
 * same seed gives the same run. Long searches are `npm run sim`.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Reactor } from "../core/reactor.ts";
import { runAnomalies } from "./sim/anomalies.ts";
import { CANARIES } from "./sim/canaries.ts";
import { CREDIT_CANARY } from "./sim/canaries_work.ts";
import { seedOfCommit, seedOfHash } from "./sim/commit.ts";
import { drawPlan } from "./sim/draw.ts";
import type { RunPlan } from "./sim/plan.ts";
import { runPlan } from "./sim/run.ts";
import { KEPT } from "./sim/seeds.ts";
import { shrinkPlan, textOfPlan } from "./sim/shrink.ts";

const SEEDS = 100;
/** How many seeds a planted fault may hide from. */
const CANARY_SEEDS_MAX = 600;

/** The first seed whose run fails under a planted fault, with its plan. */
async function findFailing(name: string): Promise<{ seed: number; plan: RunPlan; text: string }> {
  for (let seed = 1; seed <= CANARY_SEEDS_MAX; seed++) {
    const plan = drawPlan(seed);
    const { violation } = await runPlan(plan, CANARIES[name]);
    if (violation !== null) return { seed, plan, text: violation };
  }
  throw new Error(`${CANARY_SEEDS_MAX} seeds did not find it`);
}

describe("simulation", () => {
  test(`${SEEDS} seeds that follow from the commit hold`, async () => {
    const first = seedOfCommit();
    let requests = 0;
    for (let seed = first; seed < first + SEEDS; seed++) {
      const { stats, violation } = await runPlan(drawPlan(seed));
      assertEquals(violation, null, `npm run sim -- --seed ${seed} --runs 1`);
      requests += stats.requests;
    }
    assert(requests > SEEDS, `${requests} requests are too few to mean anything`);
  });

  test("seedOfHash() takes the first half of a hash's words, or else a fixed seed", () => {
    assertEquals(seedOfHash("ffffffff00000000\n"), 2 ** 31 - 1);
    assertEquals(seedOfHash("00000002ffffffff\n"), 1);
    assertEquals([seedOfHash(""), seedOfHash("not a hash")], [1, 1]);
  });

  for (const { found, plan } of KEPT) {
    test(`holds what once failed: ${found}`, async () => {
      const { stats, violation } = await runPlan(plan);
      assertEquals(violation, null);
      assert(stats.requests > 0, "nothing was asked");
    });
  }

  test("a seed gives the same run again, to the byte", async () => {
    for (let seed = 1; seed < 6; seed++) {
      assertEquals(await runPlan(drawPlan(seed)), await runPlan(drawPlan(seed)));
    }
  });

  for (const name of Object.keys(CANARIES)) {
    test(`finds a planted fault: ${name}`, async () => {
      await findFailing(name);
    });
  }

  test("finds a thread that is further ahead of its client than its credit", async () => {
    const { plan, sabotage } = CREDIT_CANARY;
    assertEquals((await runPlan(plan)).violation, null);
    assertMatch((await runPlan(plan, sabotage)).violation!, /bytes ahead/);
  });

  test("what fails fails again by its seed, and its plan is made smaller", async () => {
    const name = "a release is lost";
    const { plan, seed, text } = await findFailing(name);
    assertEquals((await runPlan(drawPlan(seed), CANARIES[name])).violation, text);
    const fails = async (one: RunPlan) => (await runPlan(one, CANARIES[name])).violation !== null;
    const smaller = await shrinkPlan(plan, fails, 100);
    assertLess(JSON.stringify(smaller.plan).length, JSON.stringify(plan).length);
    const again: RunPlan = JSON.parse(textOfPlan(smaller.plan));
    assertEquals(again, smaller.plan);
    assert((await runPlan(again, CANARIES[name])).violation !== null, "the printed plan must fail");
  });

  test("each fault at each opportunity of small scenarios is survived", async () => {
    const { requests, runs, violation } = await runAnomalies();
    assertEquals(violation, null, "npm run sim -- --anomalies");
    assert(runs > 500 && requests > runs, `${runs} runs with ${requests} requests are too few`);
  });

  test("anomaly runs find a planted fault, and have the plan that shows it", async () => {
    const sabotage = (under: Reactor) => CANARIES["onWritable is lost"]!(under, 2);
    const { violation } = await runAnomalies(sabotage);
    assertEquals((await runPlan(violation!.plan, sabotage)).violation, violation!.text);
  });
});
