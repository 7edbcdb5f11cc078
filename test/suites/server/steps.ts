/**
 * Checks of computations in steps: how they share the loop, end and die with their request. How
 * they wait is in `steps_waiting.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type FetchEnv, fetchHandler } from "../../../core/apps/fetch.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { inspectSteps, type Step, step, StepStopped } from "../../../core/work/step.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import { counting, Endless, starter } from "./step_work.ts";

export function checkSteps(check: ServerCheck): void {
  checkRunning(check);
  checkEnding(check);
}

function checkRunning(check: ServerCheck): void {
  check("step() answers with what its generator returns, in a native handler", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        const count = await step(counting(1000), { request, name: "count" }).done;
        return request.respond(200, {}, String(count));
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.body, "1000");
  });

  check("step() works for a fetch application, by env.request", async (bench) => {
    await bench.serve({
      handlers: [fetchHandler({
        fetch: async (_request: Request, env?: FetchEnv) => {
          const { request } = env!;
          return new Response(String(await step(counting(10), { request }).done));
        },
      })],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.body, "10");
  });

  check("step() lets other requests be served between its slices", async (bench) => {
    const endless = new Endless();
    await bench.serve({ handlers: [starter((request) => endless.start(request))] });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => endless.slices > 0, "the first slice");
    const before = endless.slices;
    const [other] = await bench.connect().request("GET", "/other").waitAnswers(1);
    assertEquals(other?.body, "other");
    await bench.settle(() => endless.slices > before, "slices beside another request");
    client.reset();
    await bench.settle(() => endless.seen.length === 2, "the end of the computation");
  });

  check("pause() is counted, and resume() without it throws", async (bench) => {
    const endless = new Endless();
    await bench.serve({ handlers: [starter((request) => endless.start(request))] });
    bench.connect().request("GET", "/step");
    await bench.settle(() => endless.slices > 0, "the first slice");
    const { step } = endless;
    step!.pause();
    step!.pause();
    step!.resume();
    const { slices } = endless;
    await bench.rest();
    assertEquals(endless.slices, slices);
    assertEquals(inspectSteps(bench.server)[0]?.state, "paused");
    step!.resume();
    await bench.settle(() => endless.slices > slices, "a slice after resume()");
    assertThrows(() => step!.resume(), Error, "is not paused");
    step!.stop();
    await bench.settle(() => endless.seen.length === 2, "the end of the computation");
  });

  check("slices that are too long are logged once, by name", async (bench) => {
    const work = (request: HttpRequest, name: string, slicesMs: readonly number[]) =>
      step(
        function* () {
          for (const ms of slicesMs) {
            bench.rig.compute(ms);
            yield;
          }
        }(),
        { request, name },
      );
    await bench.serve({
      handlers: [async (request) => {
        const slow = work(request, "slow", [10, 10, 10, 10]);
        const stuck = work(request, "stuck", [110]);
        await Promise.all([slow.done, stuck.done]);
        return request.respond(200, {}, [slow.overruns, stuck.overruns].join());
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    const counts = answer!.body.split(",").map(Number);
    // Where time is real, the last slices, which do nothing, may be held up.
    if (bench.rig.timeIsReal === false) assertEquals(counts, [4, 1]);
    assert(counts[0]! >= 4 && counts[1]! >= 1, answer!.body);
    const lines = bench.logs.map((line) => /^warn step "(\w+)" took \d/.exec(line)?.[1]);
    assertEquals(lines.filter((name) => name !== undefined).sort(), ["slow", "stuck"]);
  });

  check("budgetMs bounds what one computation uses of a turn", async (bench) => {
    // Each turn has slices of 1 ms: five of them fill it, and one of the modest one.
    const used = { modest: 0, greedy: 0 };
    const { compute } = bench.rig;
    await bench.serve({
      handlers: [async (request) => {
        function* work(who: keyof typeof used): Generator<undefined, void> {
          while (used.greedy < 40) {
            compute(1);
            used[who]++;
            yield;
          }
        }
        const modest = step(work("modest"), { request, name: "modest", budgetMs: 0.5 });
        await Promise.all([modest.done, step(work("greedy"), { request, name: "greedy" }).done]);
        return request.respond(200, {}, "done");
      }],
    });
    await bench.connect().request("GET", "/").waitAnswers(1);
    assert(used.modest <= used.greedy / 2, `${used.modest} slices beside ${used.greedy}`);
  });
}

function checkEnding(check: ServerCheck): void {
  check("a computation dies with its request, and its finally blocks run", async (bench) => {
    const endless = new Endless();
    await bench.serve({ handlers: [starter((request) => endless.start(request))] });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => endless.slices > 0, "the first slice");
    client.reset();
    await bench.settle(() => endless.seen.length === 2, "the end of the computation");
    assertEquals(endless.seen, ["finally", "RequestAborted"]);
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
    assertEquals(inspectSteps(bench.server), []);
  });

  check("a computation goes on while its server closes", async (bench) => {
    let go = false;
    let started = false;
    await bench.serve({
      handlers: [async (request) => {
        started = true;
        await step(
          function* () {
            while (!go) yield;
          }(),
          { request },
        ).done;
        return request.respond(200, {}, "computed");
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => started, "the request");
    const closing = bench.server.close();
    go = true;
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.body, "computed");
    bench.rig.reactor.close(client.handle);
    let isClean: boolean | null = null;
    closing.then((report) => isClean = report.clean);
    await bench.settle(() => isClean !== null, "the close");
    assertEquals(isClean, true);
  });

  check("stop() ends it once, also from inside its own slice", async (bench) => {
    const seen: string[] = [];
    await bench.serve({
      handlers: [async (request) => {
        let running: Step<void> | null = null;
        running = step(
          function* (): Generator<undefined, void> {
            try {
              seen.push(`stop: ${running!.stop()}, again: ${running!.stop()}`);
              yield;
              seen.push("went on");
            } finally {
              seen.push("finally");
            }
          }(),
          { request, name: "suicidal" },
        );
        await assertRejects(() => running!.done, StepStopped, "suicidal was stopped");
        return request.respond(200, {}, "stopped");
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.body, "stopped");
    assertEquals(seen, ["stop: true, again: false", "finally"]);
  });

  check("what a computation throws is a 500 when nobody asked for its end", async (bench) => {
    await bench.serve({
      handlers: [starter((request) => {
        step(
          // deno-lint-ignore require-yield -- it fails before its first yield
          function* () {
            throw new Error("in a slice");
          }(),
          { request },
        );
      })],
    });
    const [answer] = await bench.connect().request("GET", "/step").waitAnswers(1);
    assertEquals(answer?.status, 500);
    assert(bench.logs.some((line) => line.includes("in a slice")), bench.logs.join());
  });

  check("what a server's computation throws is in the log", async (bench) => {
    const server = await bench.serve({ handlers: [(request) => request.respond(200, {}, "")] });
    step(
      // deno-lint-ignore require-yield -- it fails before its first yield
      function* () {
        throw new Error("for nobody");
      }(),
      { server, name: "of the server" },
    );
    await bench.settle(() => bench.logs.length > 0, "the log line");
    assertMatch(bench.logs[0]!, /step "of the server" failed[\s\S]*for nobody/);
  });

  check("past stepsLagMaxMs a new computation is a 503", async (bench) => {
    const server = await bench.serve({
      limits: { stepsLagMaxMs: 50 },
      handlers: [async (request) => {
        server.load.lagMs = request.target === "/late" ? 51 : 50;
        const count = await step(counting(3), { request }).done;
        return request.respond(200, {}, String(count));
      }],
    });
    const client = bench.connect().request("GET", "/late").request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map(({ status }) => status), [503, 200]);
    assertEquals(answers.map((answer) => fieldOf(answer, "retry-after")), ["2", null]);
  });

  check("past stepsMax a new computation is a 503", async (bench) => {
    const endless = new Endless();
    await bench.serve({
      limits: { stepsMax: 1 },
      handlers: [starter((request) => endless.start(request))],
    });
    const first = bench.connect().request("GET", "/step");
    await bench.settle(() => endless.slices > 0, "the first slice");
    const [refused] = await bench.connect().request("GET", "/step").waitAnswers(1);
    assertEquals(refused?.status, 503);
    first.reset();
    await bench.settle(() => endless.seen.length === 2, "the end of the computation");
  });
}
