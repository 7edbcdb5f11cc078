/**
 * Checks of the contract of threads: messages both ways, and that each thread ends exactly once,
 * however it ends.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Thread, ThreadEvents } from "../../../core/capabilities/threads.ts";
import { Loop } from "../../../core/loop.ts";
import type { Check, ColumnRig } from "../rig.ts";
import type { Bench } from "./bench.ts";

const SPINNING = new URL("../threads/spinning.ts", import.meta.url).href;
const ECHO = new URL("../threads/echo.ts", import.meta.url).href;

/** Keeps what it hears. */
class Recorder implements ThreadEvents {
  readonly messages: unknown[] = [];
  readonly exits: string[] = [];

  onMessage(message: unknown): void {
    assertEquals(this.exits, [], "a message came after the end");
    this.messages.push(message);
  }

  onExit(reason: string): void {
    this.exits.push(reason);
  }
}

function start(bench: Bench, module: string = ECHO): { thread: Thread; heard: Recorder } {
  new Loop(bench.reactor);
  const heard = new Recorder();
  const thread = bench.reactor.threads.start(module, heard);
  thread.hold();
  return { thread, heard };
}

async function end(bench: Bench, thread: Thread, heard: Recorder): Promise<void> {
  thread.terminate();
  await bench.settle(() => heard.exits.length > 0, "the end of a thread");
  thread.terminate();
  thread.post("to nobody");
  thread.letGo();
  await bench.settle(quiet(), "some turns");
  assertEquals(heard.exits.length, 1);
}

/** A condition that holds after some looks. */
function quiet(): () => boolean {
  let looks = 0;
  return () => ++looks > 50;
}

export function checkThreadContract(check: Check<Bench>, rig: ColumnRig): void {
  const { threadsAreReal = true, threadLoopsEnd = true } = rig;
  if (threadsAreReal && threadLoopsEnd) checkSpinning(check);

  check("start() runs a module; messages go both ways, copied and in order", async (bench) => {
    const { thread, heard } = start(bench);
    assertEquals([heard.messages, heard.exits], [[], []], "an event came inside the call");
    const sent = Array.from({ length: 100 }, (_, i) => ({ i }));
    for (const message of sent) thread.post(message);
    sent[0]!.i = -1;
    await bench.settle(() => heard.messages.length === 100, "the echoes");
    assertEquals(heard.messages, Array.from({ length: 100 }, (_, i) => ({ i })));
    await end(bench, thread, heard);
  });

  check("shared memory is shared, with whoever it is posted to", async (bench) => {
    const { thread, heard } = start(bench);
    const words = new Int32Array(new SharedArrayBuffer(8));
    thread.post(words);
    await bench.settle(() => heard.messages.length === 1, "an echo");
    assertEquals(Atomics.load(words, 0), 7);
    Atomics.store(words, 1, 9);
    assertEquals(Atomics.load(heard.messages[0] as Int32Array, 1), 9);
    await end(bench, thread, heard);
  });

  check("a thread that cannot start has its end alone", async (bench) => {
    new Loop(bench.reactor);
    for (const name of ["../threads/no_such_module.ts", "../threads/no_start.ts"]) {
      const module = new URL(name, import.meta.url).href;
      const { heard } = startAlone(bench, module);
      await bench.settle(() => heard.exits.length > 0, `the end of ${name}`);
      assertEquals([heard.messages, heard.exits.length], [[], 1]);
      assertNotEquals(heard.exits[0], "");
    }
  });

  check("terminate() before a thread has started ends it all the same", async (bench) => {
    const { thread, heard } = start(bench);
    thread.terminate();
    assertEquals(heard.exits, [], "an event came inside the call");
    await end(bench, thread, heard);
    assertMatch(heard.exits[0]!, /./);
  });
}

function checkSpinning(check: Check<Bench>): void {
  check("terminate() ends a thread in an endless loop", async (bench) => {
    const { thread, heard } = start(bench, SPINNING);
    const words = new Int32Array(new SharedArrayBuffer(4));
    thread.post(words);
    await bench.settle(() => Atomics.load(words, 0) > 0, "the loop");
    thread.terminate();
    await bench.settle(() => heard.exits.length > 0, "the end of the thread");
    const count = Atomics.load(words, 0);
    await bench.settle(quiet(), "some turns");
    assertEquals(Atomics.load(words, 0) - count, 0, "how far it went on");
  });
}

/** A reactor has one loop: further threads of a check go without. */
function startAlone(bench: Bench, module: string): { heard: Recorder } {
  const heard = new Recorder();
  bench.reactor.threads.start(module, heard).hold();
  return { heard };
}
