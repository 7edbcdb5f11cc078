/** The pool, with threads whose every word is the test's: turns, identities, and late words. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import type { Thread, ThreadEvents } from "../../../core/capabilities/threads.ts";
import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../../core/limits.ts";
import { Loop } from "../../../core/loop.ts";
import { ThreadError } from "../../../core/thread_service.ts";
import type { FromThread, ToThread } from "../../../core/work/thread_messages.ts";
import { ThreadPool } from "../../../core/work/thread_pool.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";

/** A thread that does nothing by itself. */
class Puppet implements Thread {
  readonly events: ThreadEvents;
  readonly heard: ToThread[] = [];
  terminations = 0;
  /** True exactly when it keeps the process alive. */
  holds = false;

  constructor(events: ThreadEvents) {
    this.events = events;
  }

  say(message: FromThread): void {
    this.events.onMessage(message);
  }

  /** The job that it was given last. */
  get job(): number {
    return this.heard.findLast((message) => message.kind === "job")!.job;
  }

  over(value: unknown, job: number = this.job): void {
    this.say({ kind: "over", job, value, failure: null, tookMs: 1, waitedMs: 0 });
  }

  post(message: unknown): void {
    this.heard.push(message as ToThread);
  }

  terminate(): void {
    this.terminations++;
  }

  hold(): void {
    this.holds = true;
  }

  letGo(): void {
    this.holds = false;
  }
}

function makePool() {
  const reactor = createMemoryReactor();
  const puppets: Puppet[] = [];
  const logs: string[] = [];
  const start = (_module: string, events: ThreadEvents) => {
    const puppet = new Puppet(events);
    puppets.push(puppet);
    return puppet;
  };
  const host = {
    loop: new Loop(reactor),
    limits: DEFAULT_LIMITS,
    clocks: DEFAULT_CLOCKS,
    context: reactor.context,
    log: (_level: string, text: string) => void logs.push(text),
  };
  return { reactor, puppets, logs, pool: new ThreadPool(host, { start }) };
}

test("callFromThread() runs in a turn what was queued at its start", async () => {
  const { reactor, puppets, pool } = makePool();
  const ran: string[] = [];
  const called = pool.callInThread("memory:x", "f");
  const [thread] = puppets as [Puppet];
  thread.say({ kind: "ready" });
  const call = (name: string) => thread.say({ kind: "call", job: thread.job, name, args: [] });
  pool.register("a", () => {
    ran.push("a");
    // The thread is quick: another call is here before this turn is over.
    call("c");
  });
  for (const name of ["b", "c"]) pool.register(name, () => ran.push(name));
  call("a");
  call("b");
  assertEquals(ran, [], "a call ran inside the message");
  reactor.step();
  assertEquals(ran, ["a", "b"]);
  reactor.step();
  assertEquals(ran, ["a", "b", "c"]);
  thread.over(1);
  assertEquals(await called, 1);
});

test("what comes late of a job that was given up is dropped, by its identity", async () => {
  const { reactor, puppets, pool, logs } = makePool();
  let told = 0;
  pool.register("told", () => told++);
  const abort = new AbortController();
  const given = pool.callInThread("memory:x", "f", [], { signal: abort.signal });
  const [thread] = puppets as [Puppet];
  thread.say({ kind: "ready" });
  const first = thread.job;
  thread.say({ kind: "call", job: first, name: "told", args: [] });
  abort.abort(new Error("enough"));
  await assertRejects(() => given, Error, "enough");
  thread.say({ kind: "call", job: first, name: "told", args: [] });
  thread.say({ kind: "wake", job: first });
  const second = pool.callInThread("memory:x", "g");
  assertEquals([thread.job, pool.report().queued], [first, 1], "a thread has two jobs");
  thread.over("of the first");
  assertEquals(thread.job, first + 1);
  thread.over("late", first);
  thread.say({ kind: "call", job: first, name: "told", args: [] });
  thread.over("of the second");
  assertEquals(await second, "of the second");
  reactor.run();
  assertEquals([told, logs, puppets.length], [0, [], 1]);
});

test("a thread that is ended at a deadline is heard no more, and is replaced", async () => {
  const { reactor, puppets, pool } = makePool();
  const late = pool.callInThread("memory:x", "f", [], { deadlineMs: 1000 });
  const next = pool.callInThread("memory:x", "g");
  late.catch(() => {});
  const [thread] = puppets as [Puppet];
  thread.say({ kind: "ready" });
  reactor.advance(1100);
  assertEquals((await assertRejects(() => late, ThreadError)).code, "thread-deadline");
  assertEquals([thread.terminations, puppets.length, pool.report().queued], [1, 1, 1]);
  thread.events.onExit("terminated");
  assertEquals(puppets.length, 2);
  const [, other] = puppets as [Puppet, Puppet];
  other.say({ kind: "ready" });
  other.over("of the other");
  assertEquals(await next, "of the other");
});

test("a thread that cannot start takes one job with it, not all", async () => {
  const { puppets, pool, logs } = makePool();
  const jobs = ["a", "b"].map((name) => pool.callInThread("memory:x", name));
  for (const job of jobs) job.catch(() => {});
  puppets[0]!.events.onExit("no such file");
  assertEquals((await assertRejects(() => jobs[0]!, ThreadError)).code, "thread-died");
  assertEquals(logs, ["a thread did not start: no such file"]);
  puppets[1]!.say({ kind: "ready" });
  puppets[1]!.over("well");
  assertEquals(await jobs[1], "well");
});

test("close() waits for threads so long, and says how many did not end", async () => {
  const { reactor, puppets, pool } = makePool();
  const called = pool.callInThread("memory:x", "f");
  called.catch(() => {});
  const [thread] = puppets as [Puppet];
  thread.say({ kind: "ready" });
  const closed = pool.close(1000);
  assertEquals((await assertRejects(() => called, ThreadError)).code, "thread-stopped");
  assertEquals([thread.terminations, thread.holds], [1, true]);
  reactor.advance(1100);
  assertEquals([await closed, thread.holds], [1, false]);
  thread.events.onExit("late");
  assertEquals(pool.report().threads, []);
  assertEquals(pool.report().lost, 0, "an end in order is no loss");
});

test("close() is over with the last thread", async () => {
  const { reactor, puppets, pool } = makePool();
  pool.callInThread("memory:x", "f").catch(() => {});
  const closed = pool.close(1000);
  puppets[0]!.events.onExit("terminated");
  assertEquals(await closed, 0);
  assertEquals(reactor.pending().wakeAtMs, Infinity);
});
