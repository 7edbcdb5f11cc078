/**
 * The load of a server: counts of requests, samples of the loop's lag, and the two ends of an
 * overload.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Load } from "../../../core/load.ts";
import { Loop } from "../../../core/loop.ts";
import { createMemoryReactor, type MemoryReactor } from "../../../runtimes/memory.ts";

interface Bench {
  readonly reactor: MemoryReactor;
  readonly loop: Loop;
  readonly load: Load;
  /** What the load's owner was told. */
  readonly told: boolean[];
}

function makeBench(loopLagMaxMs: number, requestsMax: number): Bench {
  const reactor = createMemoryReactor();
  const told: boolean[] = [];
  const loadChanged = (isOverloaded: boolean) => void told.push(isOverloaded);
  const loop = new Loop(reactor);
  const load = new Load(loop, { loopLagMaxMs, requestsMax }, { loadChanged });
  return { reactor, loop, load, told };
}

/** The loop does something else for `ms`. */
function block({ loop, reactor }: Bench, ms: number): void {
  loop.postCall(() => reactor.spend(ms));
  reactor.run();
}

describe("Load", () => {
  test("an idle loop is asked for no wake-up", () => {
    const { load, reactor } = makeBench(100, 10);
    assertEquals(reactor.pending().wakeAtMs, Infinity);
    load.requestBegins();
    assertEquals(reactor.pending().wakeAtMs, 100);
    load.requestEnds();
    reactor.advance(1000);
    assertEquals(reactor.pending().wakeAtMs, Infinity);
  });

  test("lagMs moves by a quarter of the difference with each sample", () => {
    const bench = makeBench(1000, 10);
    const { load, reactor } = bench;
    load.requestBegins();
    block(bench, 500);
    assertEquals(load.lagMs, 100);
    reactor.advance(100);
    assertEquals(load.lagMs, 75);
    load.requestEnds();
  });

  test("a request that is only open has a sample each second", () => {
    const { load, reactor } = makeBench(1000, 10);
    load.requestBegins();
    reactor.advance(100);
    assertEquals(reactor.pending().wakeAtMs, 200);
    reactor.advance(100);
    assertEquals(reactor.pending().wakeAtMs, 1200);
  });

  test("an overload by lag begins past the maximum and ends at half of it", () => {
    const bench = makeBench(100, 10);
    const { load, reactor, told } = bench;
    load.requestBegins();
    load.requestEnds();
    block(bench, 500);
    assertEquals([load.lagMs, load.isTooMuch, told], [100, false, []]);
    load.requestBegins();
    load.requestEnds();
    block(bench, 700);
    assertEquals([load.lagMs, load.isTooMuch, told], [225, true, [true]]);
    const lags: number[] = [];
    while (load.isOverloaded) {
      reactor.advance(100);
      lags.push(Math.round(load.lagMs));
    }
    assertEquals([lags, load.isTooMuch, told], [[169, 127, 95, 71, 53, 0], false, [true, false]]);
  });

  test("an overload by requests begins past the maximum and ends when a tenth is over", () => {
    const { load, told } = makeBench(Infinity, 10);
    for (let i = 0; i < 10; i++) load.requestBegins();
    assertEquals([load.isTooMuch, told], [false, []]);
    load.requestBegins();
    assertEquals([load.isTooMuch, told], [true, [true]]);
    load.requestEnds();
    assertEquals([load.isTooMuch, load.isOverloaded], [false, true]);
    load.requestEnds();
    assertEquals([load.requests, told], [9, [true, false]]);
  });

  test("a maximum of Infinity measures nothing", () => {
    const { load, reactor } = makeBench(Infinity, 10);
    load.requestBegins();
    assertEquals(reactor.pending().wakeAtMs, Infinity);
  });
});
