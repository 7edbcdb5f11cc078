/**
 * The hard tests of iterable applications: thousands of pauses with every kind of resumer, answers
 * of 304 that run no body, and chunks that arrive through compression before the next one is made.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Worker } from "node:worker_threads";
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import {
  iterable,
  type IterableHandler,
  type IterableOutput,
} from "../../../core/apps/iterable.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { SUSPENSION, type Suspension, type Waiter } from "../../../core/work/suspension.ts";
import type { HardCheck } from "../check_hard.ts";
import { leave } from "../server/iterable_app.ts";
import { decode } from "./decoding.ts";
import { Dice, type HardBench, IS_FULL } from "./hard_bench.ts";

const PAUSES_FULL = 10_000;
const PAUSES_SHORT = 1_000;
const LANES = 20;
const LEAVING_FULL = 200;
const LEAVING_SHORT = 20;
const CALLS_MAX = 3;
/** A wake that did not come after so many looks at the loop does not come at all. */
const LOOKS_MAX = 2_000;
const CONDITIONAL = 200;
const CHUNKS = 200;
const CHUNK_BYTES = 10;
/** How often an application looks whether its client has decoded, before it says no. */
const TURNS_MAX = 2_000;

/** Something that stops an iteration, and what starts it again. */
interface Stop {
  readonly suspension: Suspension;
  readonly resume: () => boolean;
}

type MakeStop = (out: IterableOutput) => Stop;

const pauses: MakeStop = (out) => {
  const pause = out.pause();
  return { suspension: pause, resume: pause.resume };
};

/** As one would write it at first: nobody hears what comes before the wait. */
const naive: MakeStop = () => {
  let waiter: Waiter | null = null;
  return {
    suspension: {
      [SUSPENSION](one) {
        waiter = one;
        return () => {};
      },
    },
    resume: () => {
      waiter?.wake(null);
      return waiter !== null;
    },
  };
};

/** One pause: how often it was resumed, answered true, and went on. */
interface Fate {
  readonly calls: number;
  called: number;
  trues: number;
  continued: number;
  looks: number;
}

export function checkPauses(check: HardCheck): void {
  check("pauses go on once each, whoever resumes them and how often", async (bench) => {
    const fates = await pauseOften(bench, pauses);
    const count = fates.length;
    const calls = fates.reduce((sum, fate) => sum + fate.called, 0);
    bench.measured("pauses", `${count} pauses, ${calls} resumes, ${count} continuations`);
  });

  check("pauses, control: a wake before the wait is lost without its mark", async (bench) => {
    const error = await assertRejects(() => pauseOften(bench, naive), Error);
    assert(/a wake was lost|answered true|did not come/.test(error.message), error.message);
  });

  check("pauses of clients that left are never gone on with", async (bench) => {
    const dice = new Dice();
    const stops: Array<{ stop: Stop; request: HttpRequest }> = [];
    let continued = 0;
    let ends = 0;
    await bench.serve({
      handlers: [iterable(function* (request, out) {
        try {
          yield out.flush();
          const stop = pauses(out);
          stops.push({ stop, request });
          yield stop.suspension;
          continued++;
        } finally {
          ends++;
        }
      })],
    });
    const count = IS_FULL ? LEAVING_FULL : LEAVING_SHORT;
    for (let i = 0; i < count; i++) {
      const client = bench.connect().request("GET", "/");
      await bench.settle(() => stops.length > i && client.received !== "", "the pause");
      const { stop, request } = stops[i]!;
      await leave(bench, client, request);
      const answers = Array.from({ length: 1 + dice.below(CALLS_MAX) }, () => stop.resume());
      assert(!answers.includes(true), "a resume behind the end answered true");
    }
    await bench.rest();
    assertEquals([continued, ends], [0, count]);
  });

  check("a 304 asks no generator for a chunk", (bench) => revalidate(bench, true));

  check("a 304, control: without a flush the body has begun", async (bench) => {
    await assertRejects(() => revalidate(bench, false), Error, "chunks");
  });

  for (const coding of ["br", "gzip", "zstd"]) {
    check(`each chunk through ${coding} is decoded before the next is made`, async (bench) => {
      await inStep(bench, coding, true);
      bench.measured(`flush through ${coding}`, `${CHUNKS} chunks of ${CHUNK_BYTES} B, in step`);
    });
  }

  check("decoded chunks, control: without a flush they are held back", async (bench) => {
    await assertRejects(() => inStep(bench, "gzip", false), Error, "held back");
  });
}

/** Resumes thousands of pauses in every way. Throws when one does not go on exactly once. */
async function pauseOften(bench: HardBench, make: MakeStop): Promise<Fate[]> {
  const dice = new Dice();
  const fates: Fate[] = [];
  const worker = bench.timeIsReal ? new EchoWorker() : null;
  const count = IS_FULL ? PAUSES_FULL : PAUSES_SHORT;
  const inLane = count / LANES;
  await bench.serve({
    handlers: [iterable(function* (_request, out) {
      for (let i = 0; i < inLane; i++) {
        const stop = make(out);
        const fate: Fate = {
          calls: 1 + dice.below(CALLS_MAX),
          called: 0,
          trues: 0,
          continued: 0,
          looks: 0,
        };
        fates.push(fate);
        const call = () => {
          fate.called++;
          if (stop.resume()) fate.trues++;
        };
        for (let k = 0; k < fate.calls; k++) resumeBy(dice, worker, call);
        yield stop.suspension;
        fate.continued++;
        yield i % 10 === 0 ? "item " : "";
      }
    })],
  });
  try {
    const clients = Array.from({ length: LANES }, () => bench.connect().request("GET", "/"));
    const isDone = () => clients.every((client) => client.answers.length > 0);
    await bench.settle(() => {
      findLost(fates);
      return isDone() && fates.every((fate) => fate.called === fate.calls);
    }, "all continuations");
  } finally {
    worker?.end();
  }
  assertEquals(fates.length, count);
  for (const [i, fate] of fates.entries()) {
    assertEquals(fate.continued, 1, `continuations of pause ${i}`);
    assertEquals(fate.trues, 1, `how often the resume of pause ${i} answered true`);
  }
  return fates;
}

/** Only the newest pauses can still wait: one for each lane. */
function findLost(fates: readonly Fate[]): void {
  for (const fate of fates.slice(-4 * LANES)) {
    if (fate.continued > 0 || fate.called < fate.calls) continue;
    if (++fate.looks > LOOKS_MAX) throw new Error("a wake was lost");
  }
}

/** Before the yield, in the same event, in the next one, or from a thread. */
function resumeBy(dice: Dice, worker: EchoWorker | null, call: () => void): void {
  const ways = [call, () => queueMicrotask(call), () => void setImmediate(call)];
  if (worker !== null) ways.push(() => worker.say(call));
  dice.of(ways)();
}

/** Calls back when a thread has answered. */
class EchoWorker {
  readonly #worker = new Worker(new URL("./echo_worker.ts", import.meta.url));
  readonly #calls: Array<() => void> = [];

  constructor() {
    this.#worker.on("message", (id: number) => this.#calls[id]!());
  }

  say(call: () => void): void {
    this.#worker.postMessage(this.#calls.push(call) - 1);
  }

  end(): void {
    void this.#worker.terminate();
  }
}

/** Asks again and again for what it has. Throws when a body was begun. */
async function revalidate(bench: HardBench, flushes: boolean): Promise<void> {
  let chunks = 0;
  let ends = 0;
  await bench.serve({
    handlers: [iterable(function* (_request, out) {
      out.head(200, { etag: '"a"' });
      try {
        if (flushes) yield out.flush();
        for (let i = 0; i < 3; i++) {
          chunks++;
          yield "chunk";
        }
      } finally {
        ends++;
      }
    })],
  });
  const client = bench.connect();
  for (let i = 0; i < CONDITIONAL; i++) client.request("GET", "/", 'If-None-Match: "a"');
  const answers = await client.waitAnswers(CONDITIONAL);
  assertEquals(new Set(answers.map((answer) => answer.status)), new Set([304]));
  assertEquals([chunks, ends], [0, CONDITIONAL], "chunks that were made, and ends");
}

/** Makes a chunk when the one before was decoded. Throws when that does not happen. */
async function inStep(bench: HardBench, coding: string, flushes: boolean): Promise<void> {
  let made = 0;
  let turns = 0;
  let fault: string | null = null;
  let decoded = () => 0;
  const app: IterableHandler = function* (_request, out) {
    out.head(200, { "content-type": "text/plain" });
    for (; made < CHUNKS && fault === null; made++) {
      const chunk = String(made).padEnd(CHUNK_BYTES, ".");
      yield flushes ? out.flush(chunk) : chunk;
      for (let i = 0; decoded() < (made + 1) * CHUNK_BYTES; i++) {
        turns++;
        if (i > TURNS_MAX) fault = `chunk ${made} was held back`;
        if (fault !== null) return;
        yield "";
      }
    }
  };
  await bench.serve({ compression: true, handlers: [iterable(app)] });
  const decoding = decode(bench, "/", coding);
  decoded = () => decoding.text.length;
  await bench.settle(() => decoding.isDone, "the answer").finally(() => decoding.close());
  if (fault !== null) throw new Error(fault);
  assertEquals([made, decoding.text.length], [CHUNKS, CHUNKS * CHUNK_BYTES]);
  assertGreater(turns, 0, "turns in which it waited");
}
