/** The stepper: who gets how much of a turn, by a clock that only slices move. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Loop } from "../../../core/loop.ts";
import { type Sliced, Stepper } from "../../../core/work/stepper.ts";
import { createMemoryReactor, type MemoryReactor } from "../../../runtimes/memory.ts";

const BUDGET_MS = 5;

class Work implements Sliced {
  usedMs = 0;
  creditMs = 0;
  turn = 0;
  turnMs = 0;
  ring: Stepper | null = null;
  nextSliced: Sliced | null = null;
  previousSliced: Sliced | null = null;
  readonly budgetMs: number;
  slices = 0;
  readonly overruns: number[] = [];
  readonly #run: (work: Work) => void;

  constructor(run: (work: Work) => void, budgetMs = Infinity) {
    this.#run = run;
    this.budgetMs = budgetMs;
  }

  runSlice(): void {
    this.slices++;
    this.#run(this);
  }

  overran(tookMs: number): void {
    this.overruns.push(tookMs);
  }
}

function make(): { reactor: MemoryReactor; loop: Loop; stepper: Stepper } {
  const reactor = createMemoryReactor();
  const loop = new Loop(reactor);
  return { reactor, loop, stepper: new Stepper(loop, BUDGET_MS) };
}

/** Runs events for `ms` of the reactor's clock. */
function runFor(reactor: MemoryReactor, ms: number): void {
  const untilMs = reactor.now() + ms;
  while (reactor.now() < untilMs) assert(reactor.step(), "nothing is left to run");
}

describe("Stepper", () => {
  test("one turn is never longer than the budget and one slice", () => {
    const { reactor, stepper } = make();
    for (let i = 0; i < 3; i++) stepper.add(new Work(() => reactor.spend(2)));
    for (let turn = 0; turn < 10; turn++) {
      const startMs = reactor.now();
      reactor.step();
      assert(reactor.now() - startMs <= BUDGET_MS + 2, `${reactor.now() - startMs} ms in one turn`);
    }
  });

  test("a slice that no clock can see ends the turn too", () => {
    const { reactor, stepper } = make();
    const work = new Work(() => {});
    stepper.add(work);
    reactor.step();
    assertEquals(work.slices, BUDGET_MS / 0.001);
  });

  test("turns that bring connections have no slices, for as long as a budget", () => {
    const { reactor, loop, stepper } = make();
    const work = new Work(() => reactor.spend(BUDGET_MS));
    stepper.add(work);
    const slices: number[] = [];
    for (let turn = 0; turn < 14; turn++) {
      loop.postCall(() => {
        // Each turn takes a millisecond, and brings a connection until they are all here.
        reactor.spend(1);
        if (turn < 9) loop.arrivals++;
      });
      reactor.step();
      slices.push(work.slices);
    }
    assertEquals(slices, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 4, 5, 6]);
  });

  test("connections without end stop no computation, even where no clock moves", () => {
    const { reactor, loop, stepper } = make();
    const work = new Work(() => reactor.spend(BUDGET_MS));
    stepper.add(work);
    for (let turn = 0; turn < 1000; turn++) {
      loop.arrivals++;
      reactor.step();
    }
    assertEquals(work.slices, 1 + Math.floor(999 / 65));
  });

  test("shares by time, not by slices", () => {
    const { reactor, stepper } = make();
    const long = new Work(() => reactor.spend(1));
    const short = new Work(() => reactor.spend(0.05));
    stepper.add(long);
    stepper.add(short);
    runFor(reactor, 1000);
    const ratio = long.usedMs / short.usedMs;
    assert(ratio > 0.95 && ratio < 1.05, `the one with long slices got ${ratio} of the other`);
  });

  test("a slice past the budget is reported, and costs its owner its next visits", () => {
    const { reactor, stepper } = make();
    const slow = new Work((work) => reactor.spend(work.slices === 1 ? 50 : 1));
    const other = new Work(() => reactor.spend(1));
    stepper.add(slow);
    stepper.add(other);
    reactor.step();
    assertEquals(slow.overruns, [50]);
    runFor(reactor, 5);
    assertEquals([slow.slices, other.slices >= 3], [1, true]);
    runFor(reactor, 100);
    assert(slow.slices > 30, "it is passed over for longer than a turn");
  });

  test("budgetMs bounds one of them in each turn, and the turn ends when all are sated", () => {
    const { reactor, stepper } = make();
    const modest = new Work(() => reactor.spend(0.5), 1);
    stepper.add(modest);
    reactor.step();
    assertEquals([modest.slices, reactor.now()], [2, 1]);
    reactor.step();
    assertEquals(modest.slices, 4);
  });

  test("remove() inside a slice ends the visit; add() from one waits for its turn", () => {
    const { reactor, stepper } = make();
    const late = new Work((work) => {
      reactor.spend(1);
      stepper.remove(work);
    });
    const once = new Work((work) => {
      stepper.remove(work);
      stepper.add(late);
    });
    stepper.add(once);
    reactor.run();
    assertEquals([once.slices, late.slices, stepper.runnable], [1, 1, 0]);
    assertEquals([once.ring, once.nextSliced, once.previousSliced], [null, null, null]);
  });

  test("a slice that throws does not take the turns of the others", () => {
    const { reactor, stepper } = make();
    stepper.add(
      new Work((work) => {
        stepper.remove(work);
        throw new Error("in a slice");
      }),
    );
    const other = new Work((work) => stepper.remove(work));
    stepper.add(other);
    assertThrows(() => reactor.run(), Error, "in a slice");
    reactor.run();
    assertEquals(other.slices, 1);
  });
});
