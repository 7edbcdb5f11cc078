/**
 * Checks of calls in threads: what crosses and what does not, calls back to the loop, the queue and
 * its bound, and the ends that a job can have.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { terminateRequest } from "../../../core/finalize.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { Limits } from "../../../core/limits.ts";
import type { ThreadsReport } from "../../../core/thread_service.ts";
import { ThreadError } from "../../../core/thread_service.ts";
import { OK } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ServerBench } from "./bench.ts";

export const JOBS = new URL("../threads/jobs.ts", import.meta.url);

/** A server whose requests are of no interest. */
export async function serveThreads(bench: ServerBench, limits: Partial<Limits> = {}) {
  const server = await bench.serve({ handlers: [(request) => request.respond(200)], limits });
  return server.threads;
}

/** Waits for a promise in the column's time, and answers as it does. */
export async function settled<T>(bench: ServerBench, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const over = (): void => void (isSettled = true);
  promise.then(over, over);
  await bench.settle(() => isSettled, "the end of a job");
  return await promise;
}

/** The code of the `ThreadError` that `promise` rejects with. */
export async function codeOf(bench: ServerBench, promise: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => settled(bench, promise), ThreadError);
  return error.code;
}

export function checkThreads(check: ServerCheck): void {
  checkCalls(check);
  checkCallsBack(check);
  checkAmbientCalls(check);
  checkQueue(check);
  checkEnds(check);
}

function checkCalls(check: ServerCheck): void {
  check("callInThread() answers what the export answers", async (bench) => {
    const threads = await serveThreads(bench);
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [3, 4])), 7);
    const more = [1, 2, 3].map((n) => threads.callInThread(JOBS.href, "add", [n, 10]));
    assertEquals(await settled(bench, Promise.all(more)), [11, 12, 13]);
    const { started, jobs, lost, queued } = threads.report();
    assertEquals({ started, jobs, lost, queued }, { started: 1, jobs: 4, lost: 0, queued: 0 });
  });

  check("callInThread() rejects with what the export threw, and goes on", async (bench) => {
    const threads = await serveThreads(bench);
    const failing = threads.callInThread(JOBS, "fail", ["planted"]);
    const error = await assertRejects(() => settled(bench, failing), ThreadError, "planted");
    assertEquals([error.code, error.status], ["thread-failed", 500]);
    assertInstanceOf(error.cause, Error);
    assertEquals([error.cause.name, error.cause.message], ["RangeError", "planted"]);
    assertMatch(error.cause.stack ?? "", /jobs\.ts/);
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 1])), 2);
    assertEquals(threads.report().started, 1);
  });

  check("callInThread() says what cannot be called, or cannot cross", async (bench) => {
    const threads = await serveThreads(bench);
    const missing = new URL("./no_such_module.ts", JOBS);
    const wrong: readonly Promise<unknown>[] = [
      threads.callInThread(JOBS, "add", [() => 1]),
      threads.callInThread(JOBS, "answerFunction"),
      threads.callInThread(JOBS, "notAFunction"),
      threads.callInThread(JOBS, "noSuchExport"),
      threads.callInThread(missing, "add"),
    ];
    for (const promise of wrong) promise.catch(() => {});
    for (const promise of wrong) assertEquals(await codeOf(bench, promise), "thread-failed");
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 1])), 2);
  });
}

function checkCallsBack(check: ServerCheck): void {
  check(
    "callFromThread() runs what was registered, in order, in turns of the loop",
    async (bench) => {
      const threads = await serveThreads(bench);
      const told: unknown[] = [];
      threads.register("told", (i: number, text: string) => told.push([i, text]));
      assertEquals(await settled(bench, threads.callInThread(JOBS, "callBack", [300])), "called");
      await bench.settle(() => told.length === 300, "the calls");
      assertEquals(told, Array.from({ length: 300 }, (_, i) => [i, `call ${i}`]));
    },
  );

  check(
    "callFromThread() prefers the job's own functions; unknown names are logged",
    async (bench) => {
      const threads = await serveThreads(bench);
      threads.register("told", () => {
        throw new Error("planted");
      });
      let own = 0;
      const calls = { told: () => void own++ };
      await settled(bench, threads.callInThread(JOBS, "callBack", [3], { calls }));
      await bench.settle(() => own === 3, "the calls");
      await settled(bench, threads.callInThread(JOBS, "callBack", [1]));
      await bench.settle(() => bench.logs.length === 1, "a line of the log");
      assertMatch(
        bench.logs[0]!,
        /^error the job callBack called "told", which failed\nError: planted/,
      );
      await settled(bench, threads.callInThread(JOBS, "callUnknown"));
      await bench.settle(() => bench.logs.length === 2, "a line of the log");
      assertMatch(bench.logs[1]!, /called "never registered", which nobody registered$/);
    },
  );
}

function checkAmbientCalls(check: ServerCheck): void {
  check(
    "callFromThread() runs in the ambient state in which its job was asked for",
    async (bench) => {
      const threads = await serveThreads(bench);
      const store = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      threads.register("told", () => seen.push(store.getStore()));
      const jobs = ["a", "b"].map((name) =>
        store.run(name, () => threads.callInThread(JOBS, "callBack", [2]))
      );
      await settled(bench, Promise.all(jobs));
      await bench.settle(() => seen.length === 4, "the calls");
      assertEquals(seen, ["a", "a", "b", "b"]);
    },
  );
}

function checkQueue(check: ServerCheck): void {
  check("the queue is bounded: one more is refused with 503", async (bench) => {
    const threads = await serveThreads(bench, { threadsMax: 2, threadQueueMax: 3 });
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = Array.from(
      { length: 5 },
      () => threads.callInThread(JOBS, "never", [], { signal }),
    );
    const refused = threads.callInThread(JOBS, "add", [1, 1]);
    const error = await assertRejects(() => refused, ThreadError);
    assertEquals([error.code, error.status], ["thread-queue-full", 503]);
    await bench.settle(() => isRunning(threads.report(), 2), "two running jobs");
    assertEquals(threads.report().queued, 3);
    abort.abort(new Error("enough"));
    for (const promise of waiting) await assertRejects(() => promise, Error, "enough");
    assertEquals(threads.report().queued, 0);
  });

  check("jobs run in the order in which they came, one after another", async (bench) => {
    const threads = await serveThreads(bench);
    const order: number[] = [];
    const jobs = Array.from({ length: 20 }, async (_, i) => {
      await threads.callInThread(JOBS, "add", [i, 0]);
      order.push(i);
    });
    await settled(bench, Promise.all(jobs));
    assertEquals(order, Array.from({ length: 20 }, (_, i) => i));
  });
}

function isRunning(report: ThreadsReport, count: number): boolean {
  return report.threads.filter((thread) => thread.state === "running").length === count;
}

function checkEnds(check: ServerCheck): void {
  check("a signal ends a call, in the queue and in the thread", async (bench) => {
    const threads = await serveThreads(bench, { threadsMax: 1 });
    const abort = new AbortController();
    const running = threads.callInThread(JOBS, "never", [], { signal: abort.signal });
    const queued = threads.callInThread(JOBS, "add", [1, 1], { signal: abort.signal });
    await bench.settle(() => isRunning(threads.report(), 1), "a running job");
    abort.abort(new Error("enough"));
    await assertRejects(() => running, Error, "enough");
    await assertRejects(() => queued, Error, "enough");
    await assertRejects(
      () => threads.callInThread(JOBS, "add", [1, 1], { signal: abort.signal }),
      Error,
      "enough",
    );
    assertEquals(threads.report().threads[0]?.state, "leaving");
  });

  check("a call ends with its request", async (bench) => {
    const ends: string[] = [];
    let asked: HttpRequest | null = null;
    const server = await bench.serve({
      handlers: [async (request) => {
        asked = request;
        try {
          await request.service.threads.callInThread(JOBS, "never", [], { request });
        } catch (error) {
          ends.push((error as Error).name);
        }
        return OK;
      }],
    });
    bench.connect().request("GET", "/");
    await bench.settle(() => isRunning(server.threads.report(), 1), "a running job");
    terminateRequest(asked!, "application");
    await bench.settle(() => ends.length === 1, "the end of the call");
    assertEquals(ends, ["RequestAborted"]);
  });

  check("a job past its deadline is given up, and its thread replaced", async (bench) => {
    const threads = await serveThreads(bench);
    const late = threads.callInThread(JOBS, "never", [], { deadlineMs: 200 });
    assertEquals(await codeOf(bench, late), "thread-deadline");
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [2, 2])), 4);
    await bench.settle(() => threads.report().lost === 1, "the end of the thread");
    assertEquals(threads.report().started, 2);
    assertMatch(bench.logs[0]!, /the job never overran its deadline of 200 ms/);
  });

  check("close() ends a thread that starts, and nothing is wrong with that", async (bench) => {
    const threads = await serveThreads(bench);
    const job = threads.callInThread(JOBS, "add", [1, 1]);
    job.catch(() => {});
    await settled(bench, bench.server.close({ deadlineMs: 0 }));
    await bench.settle(() => threads.report().threads.length === 0, "the end of the thread");
    assertEquals(bench.logs, []);
  });

  check("close() ends threads, running jobs and those that wait", async (bench) => {
    const threads = await serveThreads(bench);
    const jobs = ["never", "add"].map((name) => threads.callInThread(JOBS, name, [1, 1]));
    for (const job of jobs) job.catch(() => {});
    await bench.settle(() => isRunning(threads.report(), 1), "a running job");
    await settled(bench, bench.server.close({ deadlineMs: 1000 }));
    for (const job of jobs) assertEquals(await codeOf(bench, job), "thread-stopped");
    assertEquals(threads.report().threads, []);
    assertEquals(await codeOf(bench, threads.callInThread(JOBS, "add")), "thread-queue-full");
  });
}
