/**
 * The faults of the in-memory runtime: each by itself, exactly where it was asked for, and by seed.
 */

import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { describe, test } from "node:test";
import { bufOf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import { Loop } from "../../../core/loop.ts";
import type { Handle } from "../../../core/reactor.ts";
import { AGAIN, ERROR, OK } from "../../../core/status.ts";
import { Timer } from "../../../core/timers.ts";
import {
  createMemoryReactor,
  type FaultEvent,
  type MemoryFaults,
  type MemoryReactor,
  type MemoryReactorOptions,
} from "../../../runtimes/memory.ts";
import { FAULT_NAMES } from "../../../runtimes/memory/faults.ts";
import { ADDRESS, chainOf, Recorder } from "./recorder.ts";

describe("faults: the options", () => {
  test("refuse rates that are none and faults that do not exist", () => {
    for (const reset of [-0.1, 1.1, NaN, { at: 0 }, { at: 1.5 }]) {
      assertThrows(() => createMemoryReactor({ faults: { reset } }), RangeError, "reset must be");
    }
    for (const lateMsMax of [0, NaN, Infinity]) {
      assertThrows(() => createMemoryReactor({ faults: { lateMsMax } }), RangeError, "lateMsMax");
    }
    const misspelt = { resets: 1 } as MemoryFaults;
    assertThrows(() => createMemoryReactor({ faults: misspelt }), TypeError, '"resets"');
  });

  test("faultCounts has each fault, and nothing happens without options", () => {
    const counts = createMemoryReactor().faultCounts;
    assertEquals(Object.keys(counts), [...FAULT_NAMES]);
    assertEquals(counts.reset, { chances: 0, happened: 0 });
  });

  test("{ at: n } takes the n-th opportunity and no other", async () => {
    for (let at = 1; at <= 3; at++) {
      const faults = { partialRead: { at } };
      const { reactor, told } = await talk(faults, { segmentBytes: 4 }, "abcdefghijkl");
      assertEquals(reactor.faultCounts.partialRead.happened, 1);
      assertGreater(reactor.faultCounts.partialRead.chances, at - 1);
      assertEquals(told.map((fault) => fault.name), ["partialRead"]);
    }
  });

  test("onFault names the end of the stream", async () => {
    const { told } = await talk({ reset: { at: 1 } }, "abc");
    assertEquals(told, [{ name: "reset", subject: "127.0.0.1:49152 -> 127.0.0.1:80" }]);
  });
});

describe("faults: each by itself", () => {
  test("partialRead brings all bytes, in more pieces", async () => {
    const { server } = await talk({ partialRead: 1 }, "a".repeat(500));
    assertEquals(server.first.text, "a".repeat(500));
    assertGreater(eventsOf(server, "data"), 3);
  });

  test("partialWrite takes a part, and all bytes arrive", async () => {
    const { server, client } = await talk({ partialWrite: 1 }, "a".repeat(500));
    assertEquals(server.first.text, "a".repeat(500));
    assertGreater(eventsOf(client, "writable"), 1);
  });

  test("again answers AGAIN having taken nothing or all, and onWritable follows", async () => {
    const taken = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const reactor = createMemoryReactor({ seed, faults: { again: { at: 1 } } });
      const server = new Recorder();
      const client = new Recorder();
      await reactor.listen(ADDRESS, server);
      const handle = reactor.connect(ADDRESS, client);
      reactor.run();
      const chain = chainOf("abc");
      assertEquals(reactor.send(handle, chain), AGAIN);
      taken.add(3 - chain.size());
      reactor.run();
      assertEquals(eventsOf(client, "writable"), 1);
      if (!chain.isEmpty) assertEquals(reactor.send(handle, chain), OK);
      reactor.run();
      assertEquals([server.first.text, eventsOf(client, "writable")], ["abc", 1]);
    }
    assertEquals([...taken].sort(), [0, 3]);
  });

  test("again comes to an end for an empty chain too", async () => {
    const reactor = createMemoryReactor({ faults: { again: 1 } });
    await reactor.listen(ADDRESS, new Recorder());
    const client = new Recorder();
    const handle = reactor.connect(ADDRESS, client);
    reactor.run();
    assertEquals(reactor.send(handle, new Chain()), AGAIN);
    reactor.run();
    assertEquals(eventsOf(client, "writable"), 1);
  });

  test("lateRelease puts releases off, and onClose behind them", async () => {
    const reactor = createMemoryReactor({ faults: { lateRelease: 1, lateMsMax: 50 } });
    const client = new Recorder();
    await reactor.listen(ADDRESS, new Recorder());
    const handle = reactor.connect(ADDRESS, client);
    reactor.run();
    reactor.send(handle, chainOf("a", "b"));
    reactor.run();
    reactor.abort(handle);
    reactor.run();
    assertEquals([client.first.released.length, client.first.closed], [0, null]);
    assertEquals([reactor.pending().lentBufs, reactor.pending().postponed.length], [2, 1]);
    reactor.advance(100);
    assertEquals([client.first.released.length, client.first.closed], [2, "aborted"]);
  });

  test("stall keeps bytes for a while, and nothing is lost", async () => {
    const { reactor, server } = await talk({ stall: 1, lateMsMax: 500 }, "abc", "def");
    assertEquals(server.first.text, "abcdef");
    assertGreater(reactor.now(), 1);
  });

  test("lateOpen opens both ends late, each at its time", async () => {
    const reactor = createMemoryReactor({ faults: { lateOpen: 1, lateMsMax: 500 } });
    const [server, client] = [new Recorder(), new Recorder()];
    await reactor.listen(ADDRESS, server);
    reactor.connect(ADDRESS, client);
    reactor.run();
    assertEquals([server.met.length, client.met.length], [0, 0]);
    assertEquals(reactor.pending().postponed.length, 2);
    reactor.advance(500);
    assertEquals([server.first.trace, client.first.trace], [["open"], ["open"]]);
  });

  test("lateWake wakes after the deadline, and within lateMsMax", () => {
    const reactor = createMemoryReactor({ faults: { lateWake: 1, lateMsMax: 300 } });
    const loop = new Loop(reactor);
    let firedMs = 0;
    loop.timers.arm(new Timer({ onTimer: () => firedMs = reactor.now() }), 1000);
    reactor.advance(5000);
    assert(firedMs > 1000 && firedMs <= 1300, `fired at ${firedMs}`);
  });

  test("a wake-up that is moved while it is late comes at its new time", () => {
    const reactor = createMemoryReactor({ faults: { lateWake: { at: 1 }, lateMsMax: 300 } });
    const woken: number[] = [];
    reactor.attach({ endOfTurn: () => {}, onWake: () => woken.push(reactor.now()) });
    reactor.wakeAt(1000);
    reactor.advance(1000);
    reactor.wakeAt(4000);
    reactor.advance(9000);
    assertEquals(woken, [4000]);
  });

  test("clockJump goes past the next stop, and never past the end of a control", () => {
    const reactor = createMemoryReactor({ faults: { clockJump: 1, lateMsMax: 10_000 } });
    const loop = new Loop(reactor);
    let firedMs = 0;
    loop.timers.arm(new Timer({ onTimer: () => firedMs = reactor.now() }), 1000);
    reactor.advance(1500);
    assertEquals(reactor.now(), 1500);
    assert(firedMs > 1000 && firedMs <= 1500, `fired at ${firedMs}`);
  });

  test("wallJump sets the wall clock alone", () => {
    const reactor = createMemoryReactor({ faults: { wallJump: 1 }, wallTimeMs: 0 });
    reactor.advance(1000);
    assertEquals(reactor.now(), 1000);
    assert(reactor.wallTime() !== 1000 && Math.abs(reactor.wallTime()) < 2 * 86_401_000);
  });

  test("refuse fails a connect, though somebody listens", async () => {
    const { server, client } = await talk({ refuse: 1 }, "abc");
    assertEquals([server.met.length, client.first.trace], [0, ["close error"]]);
  });

  test("reset resets both ends, among the bytes or later", async () => {
    const times = new Set<boolean>();
    for (let seed = 1; seed <= 20; seed++) {
      const reactor = createMemoryReactor({ seed, faults: { reset: { at: 1 } } });
      const [server, client] = [new Recorder(), new Recorder()];
      await reactor.listen(ADDRESS, server);
      const handle = reactor.connect(ADDRESS, client);
      reactor.run();
      reactor.send(handle, chainOf("abc"));
      reactor.run();
      times.add(client.first.closed === null);
      reactor.advance(1000);
      assertEquals([server.first.closed, client.first.closed], ["reset", "reset"]);
    }
    assertEquals(times.size, 2);
  });

  test("sendError answers ERROR: both ends are reset, and nothing was taken", async () => {
    const reactor = createMemoryReactor({ faults: { sendError: { at: 2 } } });
    const [server, client] = [new Recorder(), new Recorder()];
    await reactor.listen(ADDRESS, server);
    const handle = reactor.connect(ADDRESS, client);
    reactor.run();
    assertEquals(reactor.send(handle, chainOf("abc")), OK);
    reactor.run();
    const chain = chainOf("def");
    assertEquals([reactor.send(handle, chain), chain.size()], [ERROR, 3]);
    assertEquals(client.first.closed, null);
    reactor.run();
    assertEquals([client.first.closed, server.first.closed], ["reset", "reset"]);
    assertEquals([server.first.text, client.first.released.length], ["abc", 1]);
  });

  test("acceptError resets the connecting end, and the listener hears nothing", async () => {
    const reactor = createMemoryReactor({ faults: { acceptError: { at: 1 } } });
    const [server, client] = [new Recorder(), new Recorder()];
    await reactor.listen(ADDRESS, server);
    reactor.connect(ADDRESS, client);
    reactor.run();
    assertEquals([server.met.length, client.first.closed], [0, "reset"]);
    reactor.connect(ADDRESS, new Recorder());
    reactor.run();
    assertEquals(server.met.length, 1);
    assertEquals(reactor.pending().open.length, 2);
  });

  test("halfClose takes the connecting end: FIN for the other, which may write on", async () => {
    const reactor = createMemoryReactor({ faults: { halfClose: { at: 1 } } });
    const [server, client] = [new Recorder(), new Recorder()];
    await reactor.listen(ADDRESS, server);
    const handle = reactor.connect(ADDRESS, client);
    reactor.run();
    reactor.send(handle, chainOf("abc"));
    reactor.run();
    assertEquals(server.first.trace, ["open", "data 3", "end"]);
    assertEquals(client.first.closed, "reset");
    assertEquals(reactor.send(server.first.handle, chainOf("late")), OK);
    reactor.run();
    assertEquals([server.first.closed, client.first.text], ["reset", ""]);
    assertEquals(reactor.pending().open, []);
  });

  test("reorder lets other events come first", async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const reactor = createMemoryReactor({ seed, faults: { reorder: 1 } });
      const order: string[] = [];
      await reactor.listen(ADDRESS, new Recorder());
      for (const name of ["a", "b", "c"]) {
        reactor.connect(ADDRESS, new Recorder((event) => event === "onOpen" && order.push(name)));
      }
      reactor.run();
      orders.add(order.join(""));
    }
    assertGreater(orders.size, 3);
  });
});

describe("faults: by seed", () => {
  const rates = FAULT_NAMES.map((name) => [name, 0.2] as const);
  const all: MemoryFaults = { ...Object.fromEntries(rates), lateMsMax: 200 };

  test("the same seed gives the same run, to the event", async () => {
    const traceOf = async (seed: number): Promise<string> => {
      const { reactor, server, client } = await talk(all, { seed }, ..."abcdefgh".split(""));
      const ends = [...server.met, ...client.met].map((met) => met.trace.join());
      return JSON.stringify([reactor.now(), reactor.wallTime(), ends, reactor.faultCounts]);
    };
    const runs = new Set<string>();
    for (let seed = 1; seed <= 30; seed++) {
      const trace = await traceOf(seed);
      assertEquals(await traceOf(seed), trace);
      runs.add(trace);
    }
    assertGreater(runs.size, 20);
  });

  test("switching one fault off changes none of the others' dice", async () => {
    const atOf = async (faults: MemoryFaults): Promise<number[]> => {
      const found: number[] = [];
      for (let seed = 1; seed <= 20; seed++) {
        const { reactor } = await talk(faults, { seed, segmentBytes: 2 }, "a".repeat(10));
        found.push(reactor.faultCounts.refuse.happened);
      }
      return found;
    };
    const alone = await atOf({ refuse: 0.5 });
    assertEquals(await atOf({ ...all, refuse: 0.5 }), alone);
    assertEquals(new Set(alone).size, 2);
  });

  test("streams end, buffers come home, and nothing is left over, whatever happens", async () => {
    const reasons = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const texts = Array.from({ length: 1 + seed % 7 }, (_, i) => String(i).repeat(seed));
      const { reactor, server, client } = await talk(all, { seed, bufferBytes: 100 }, ...texts);
      const left = reactor.pending();
      assertEquals([left.open, left.lentBufs, left.postponed], [[], 0, []], `seed ${seed}`);
      const whole = texts.join("");
      for (const met of server.met) assert(whole.startsWith(met.text), `seed ${seed}`);
      for (const { closed } of [...server.met, ...client.met]) reasons.add(String(closed));
    }
    assertEquals([...reasons].sort(), ["clean", "error", "reset"]);
  });
});

interface Talk {
  readonly reactor: MemoryReactor;
  readonly server: Recorder;
  readonly client: Recorder;
  readonly told: FaultEvent[];
}

type Text = string | MemoryReactorOptions;

/** A client says the texts to a server, one send for each, and both ends close. */
async function talk(faults: MemoryFaults, ...texts: Text[]): Promise<Talk> {
  const told: FaultEvent[] = [];
  const options = texts.find((one) => typeof one === "object") ?? {};
  const onFault = (fault: FaultEvent): void => void told.push(fault);
  const reactor = createMemoryReactor({ ...options, faults, onFault });
  const server = new Recorder((event, met) => event === "onEnd" && reactor.close(met.handle));
  const chains = texts.filter((one) => typeof one === "string").map((text) => {
    const chain = new Chain();
    chain.append(bufOf(new TextEncoder().encode(text)));
    return chain;
  });
  const say = (handle: Handle): void => {
    while (chains.length > 0) {
      const code = reactor.send(handle, chains[0]!);
      if (chains[0]!.isEmpty) chains.shift();
      if (code !== OK) return;
    }
    reactor.shutdown(handle);
  };
  const client = new Recorder((event, met) => {
    if (event === "onOpen" || event === "onWritable") say(met.handle);
  });
  await reactor.listen(ADDRESS, server);
  reactor.connect(ADDRESS, client);
  reactor.advance(1_000_000);
  return { reactor, server, client, told };
}

/** How many events of one kind the first handle has met. */
function eventsOf(recorder: Recorder, kind: string): number {
  return recorder.first.trace.filter((entry) => entry.startsWith(kind)).length;
}
