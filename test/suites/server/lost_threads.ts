/**
 * Checks of code that blocks its thread or takes it down: only where threads are real. Each must
 * hurt nobody else.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { terminateRequest } from "../../../core/finalize.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerCheck } from "../check_server.ts";
import { FLOOD_PIECE_BYTES } from "../threads/real_jobs.ts";
import type { ColumnRig } from "../rig.ts";
import type { RawClient, ServerBench } from "./bench.ts";
import { askInTurn, exportsOf, serveExports } from "./thread_answers.ts";
import { codeOf, JOBS, serveThreads, settled } from "./threads.ts";

const REAL_JOBS = new URL("../threads/real_jobs.ts", import.meta.url);

export function checkLostThreads(check: ServerCheck, rig: ColumnRig): void {
  if (rig.threadsAreReal === false) return;
  checkBlocking(check);
  checkFloods(check);
  checkDying(check);
  if (rig.threadLoopsEnd !== false) checkLoops(check);
  // Elsewhere it would take the process of the test with it: runtimes/README.md names the gap.
  if (rig.threadHeapsAreBounded === true) checkHeap(check);
}

function checkBlocking(check: ServerCheck): void {
  check(
    "writeSync() blocks the thread, not the loop, until the client takes bytes",
    async (bench) => {
      const blocking = exportsOf(REAL_JOBS);
      await bench.serve({
        handlers: [(request) => request.target === "/" ? request.respond(200) : blocking(request)],
      });
      const pieces = Math.ceil(2 * bench.bulkBytes / FLOOD_PIECE_BYTES);
      const slow = bench.connect();
      slow.keeps = false;
      slow.onBytes = () => slow.stopReading();
      slow.request("GET", `/flood?${pieces}`);
      await bench.settle(
        () => bench.server.threads.report().threads[0]?.waits === true,
        "the wait",
      );
      const quick = bench.connect();
      for (let i = 1; i <= 20; i++) await quick.request("GET", "/").waitAnswers(i);
      slow.onBytes = null;
      slow.goOnReading();
      const total = pieces * FLOOD_PIECE_BYTES;
      await bench.settle(() => slow.receivedBytes > total, "the whole answer");
      await bench.settle(() => bench.server.inspect().requests.length === 0, "its end");
      assertEquals(bench.server.threads.report().lost, 0);
    },
  );

  check("callFromThread() blocks a thread that calls quicker than the loop runs", async (bench) => {
    const threads = await serveThreads(bench, { threadCallsMax: 4 });
    let told = 0;
    threads.register("told", () => told++);
    assertEquals(await settled(bench, threads.callInThread(JOBS, "callBack", [1000])), "called");
    await bench.settle(() => told === 1000, "the calls");
  });

  check("a thread that computes holds nobody up; two threads compute at once", async (bench) => {
    const threads = await serveThreads(bench, { threadsMax: 2 });
    const abort = new AbortController();
    const spinning = threads.callInThread(REAL_JOBS, "spin", [], { signal: abort.signal });
    await bench.settle(() => threads.report().threads[0]?.state === "running", "the computation");
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 1])), 2);
    const client = bench.connect();
    for (let i = 1; i <= 20; i++) await client.request("GET", "/").waitAnswers(i);
    const states = threads.report().threads.map((thread) => thread.state);
    assertEquals(states, ["running", "idle"]);
    abort.abort(new Error("enough"));
    await assertRejects(() => spinning, Error, "enough");
    await bench.settle(() => threads.report().threads[0]?.state === "idle", "the end of it");
    assertEquals(threads.report().lost, 0);
  });
}

function checkFloods(check: ServerCheck): void {
  check("a thread that only flushes takes the loop from nobody", async (bench) => {
    const flooding = exportsOf(REAL_JOBS);
    await bench.serve({
      handlers: [(request) => request.target === "/" ? request.respond(200) : flooding(request)],
    });
    for (const target of ["/flushNothing?300000", "/whole/flushNothing?300000"]) {
      const flood = bench.connect().request("GET", target);
      const isRunning = () => bench.server.threads.report().threads[0]?.state === "running";
      await bench.settle(isRunning, "the flood");
      const quick = bench.connect();
      for (let i = 1; i <= 5; i++) await quick.request("GET", "/").waitAnswers(i);
      assertEquals(flood.answers.length, 0, "the others had to wait for all of it");
      await flood.waitAnswers(1);
    }
  });

  check("what a thread posts to its parent by itself is nobody's", async (bench) => {
    await serveExports(bench, REAL_JOBS);
    const client = bench.connect();
    for (let i = 1; i <= 2; i++) {
      const answers = await client.request("GET", "/talk").waitAnswers(i);
      assertEquals(answers.at(-1)!.body, "talked");
    }
    assertEquals(bench.server.threads.report().lost, 0);
  });
}

function checkDying(check: ServerCheck): void {
  check(
    "process.exit in a job is a 500, or a reset; the next job has a new thread",
    async (bench) => {
      await serveExports(bench, REAL_JOBS);
      const client = bench.connect();
      const answers = await askInTurn(client, ["GET /exit", "GET /whole/exit?late"]);
      assertEquals(answers.map((answer) => answer.status), [500, 500]);
      await checkCutOff(bench, "/exit?late");
      assertMatch(bench.logs[0]!, /the job exit lost its thread: its exit code is 7/);
      await checkServes(client, 3);
      await bench.settle(() => bench.server.threads.report().lost === 3, "the ends of threads");
    },
  );

  check("an error outside of every job ends its thread, and the job with it", async (bench) => {
    const threads = await serveThreads(bench);
    const lost = threads.callInThread(REAL_JOBS, "failOutside");
    assertEquals(await codeOf(bench, lost), "thread-died");
    assertMatch(bench.logs[0]!, /lost its thread: .*planted outside/);
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 1])), 2);
  });
}

function checkLoops(check: ServerCheck): void {
  check("an endless loop is ended at its deadline", async (bench) => {
    await serveExports(bench, REAL_JOBS, {}, { threadDeadlineMs: 300 });
    const client = bench.connect().request("GET", "/loopForEver");
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer!.status, 503);
    await checkServes(client, 2);
    await checkCutOff(bench, "/deaf");
    assertMatch(bench.logs.join("\n"), /the job deaf overran its deadline of 300 ms/);
  });

  check("a job that nobody wants ends when it looks, or is ended", async (bench) => {
    const answer = exportsOf(REAL_JOBS);
    let asked: HttpRequest | null = null;
    const handler: Handler = (request) => {
      asked = request;
      return answer(request);
    };
    await bench.serve({ handlers: [handler], clocks: { threadLeaveMs: 300 } });
    for (const [name, lost] of [["attentive", 0], ["deaf", 1]] as const) {
      const client = bench.connect().request("GET", `/${name}`);
      await bench.settle(() => client.received.includes("here"), "the first bytes");
      terminateRequest(asked!, "application");
      await bench.settle(
        () => bench.server.threads.report().threads.every((thread) => thread.state === "idle"),
        "the thread to be free",
      );
      assertEquals(bench.server.threads.report().lost, lost);
    }
    assertMatch(bench.logs.join("\n"), /the job deaf goes on though nobody wants it/);
  });
}

function checkHeap(check: ServerCheck): void {
  check("a thread that eats its memory ends alone, and is replaced", async (bench) => {
    const threads = await serveThreads(bench, { threadHeapMaxBytes: 32 << 20 });
    assertEquals(await codeOf(bench, threads.callInThread(REAL_JOBS, "eat")), "thread-died");
    assertMatch(bench.logs[0]!, /the job eat lost its thread: .*memory/);
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 1])), 2);
  });
}

async function checkCutOff(bench: ServerBench, target: string): Promise<void> {
  const cut = bench.connect().request("GET", target);
  await bench.settle(() => cut.closed !== null || cut.ended, "the end of a cut-off answer");
  assertEquals(cut.answers.length, 0, "a cut-off answer looks like a whole one");
}

async function checkServes(client: RawClient, nth: number): Promise<void> {
  const answers = await client.request("GET", "/flood?1").waitAnswers(nth);
  assertEquals(answers[nth - 1]!.body.length, FLOOD_PIECE_BYTES);
}
