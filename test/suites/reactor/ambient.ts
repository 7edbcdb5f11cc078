/**
 * Checks of ambient state: what `capture` remembers is there again in the events of others.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals, assertThrows } from "@std/assert";
import { Loop } from "../../../core/loop.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";

export function checkAmbient(check: Check<Bench>): void {
  check("capture() remembers the state of its caller, however often it is used", (bench) => {
    const store = new AsyncLocalStorage<string>();
    const { context } = bench.reactor;
    const none = context.capture();
    const [a, b] = ["a", "b"].map((name) => store.run(name, () => context.capture()));
    const look = (before: string) => `${before}${store.getStore()}`;
    for (let round = 0; round < 2; round++) {
      assertEquals([a!(look, "1"), b!(look, "2"), none(look, "3")], ["1a", "2b", "3undefined"]);
    }
    assertEquals(b!(() => a!(look, "") + look(""), null), "ab");
    assertEquals(store.getStore(), undefined);
    return Promise.resolve();
  });

  check("capture() gives the state back that was there, also when the call throws", (bench) => {
    const store = new AsyncLocalStorage<number>();
    const ambient = store.run(1, () => bench.reactor.context.capture());
    store.run(2, () => {
      assertThrows(() => {
        ambient(() => {
          throw new Error("planted");
        }, null);
      });
      assertEquals(store.getStore(), 2);
    });
    return Promise.resolve();
  });

  check("capture() holds in a posted call, and behind what is awaited there", async (bench) => {
    const store = new AsyncLocalStorage<number>();
    const loop = new Loop(bench.reactor);
    const seen: Array<readonly [number, number | undefined]> = [];
    const wanted: Array<readonly [number, number]> = [];
    const note = async (id: number) => {
      seen.push([id, store.getStore()]);
      await Promise.resolve();
      seen.push([id, store.getStore()]);
    };
    for (let id = 0; id < 5; id++) {
      const ambient = store.run(id, () => bench.reactor.context.capture());
      loop.postCall(() => void ambient(note, id));
      wanted.push([id, id], [id, id]);
    }
    await bench.settle(() => seen.length === wanted.length, "the posted calls");
    assertEquals(seen.sort((one, other) => one[0] - other[0]), wanted);
  });
}
