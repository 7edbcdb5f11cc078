/**
 * The conformance suite of the reactor contract: one check for each promise in `core/reactor.ts`. A
 * column runs it with ten lines. It runs twice, the second time on handles that throw when they are
 * taken for a number or a string.
 *
 * @module
 */

import { describe } from "node:test";
import type { Reactor } from "../../core/reactor.ts";
import { checkCodecs } from "./reactor/codecs.ts";
import { checkClosing } from "./reactor/closing.ts";
import { checkAmbient } from "./reactor/ambient.ts";
import { Bench } from "./reactor/bench.ts";
import { checkFiles } from "./reactor/files.ts";
import { checkGuarding } from "./reactor/guarding.ts";
import { checkOpening } from "./reactor/opening.ts";
import { checkReading } from "./reactor/reading.ts";
import { checkSending } from "./reactor/sending.ts";
import { checkThreadContract } from "./reactor/threads.ts";
import { checkTurning } from "./reactor/turning.ts";
import { guardHandles } from "./guard_handles.ts";
import { type Check, checkWithGaps, type ColumnRig, type Gaps, impatient } from "./rig.ts";

export { guardHandles } from "./guard_handles.ts";

/** Registers the suite for one column. `make` is called afresh for each check. */
export function checkReactor(name: string, make: () => ColumnRig): void {
  const gaps = make().gaps ?? {};
  describe(`reactor on ${name}`, () => {
    checkAll(gaps, make, (rig) => rig.reactor);
  });
  describe(`reactor on ${name}, with guarded handles`, () => {
    checkGuarding(checkAll(gaps, make, (rig) => guardHandles(rig.reactor)));
  });
}

/** Answers the `Check` that it used, for more of the same. */
function checkAll(
  gaps: Gaps,
  make: () => ColumnRig,
  reactorOf: (rig: ColumnRig) => Reactor,
): Check<Bench> {
  const left = new Set(Object.keys(gaps));
  const register = checkWithGaps<Bench>(gaps, async (body, isGap) => {
    const rig = isGap ? impatient(make()) : make();
    const bench = new Bench(rig, reactorOf(rig));
    await body(bench).finally(() => bench.dispose());
    await bench.assertOver();
  });
  const check: Check<Bench> = (name, body) => {
    left.delete(name);
    register(name, body);
  };
  checkOpening(check);
  checkReading(check);
  checkSending(check);
  checkClosing(check);
  checkTurning(check);
  checkCodecs(check);
  checkFiles(check);
  checkAmbient(check);
  checkThreadContract(check, make());
  if (left.size > 0) throw new Error(`no check has the name of the gap: ${[...left].join("; ")}`);
  return check;
}
