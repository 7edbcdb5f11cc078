/**
 * Checks of how computations in steps wait: for promises, for suspensions of others' making, in the
 * ambient state that they began in; and what is left of a wait when it is over.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals } from "@std/assert";
import { ERROR } from "../../../core/status.ts";
import { every } from "../../../core/work/every.ts";
import { inspectSteps, step } from "../../../core/work/step.ts";
import { SUSPENSION, type Suspension, type Waiter } from "../../../core/work/suspension.ts";
import type { ServerCheck } from "../check_server.ts";
import { counting, starter } from "./step_work.ts";
import { JOBS } from "./threads.ts";

export function checkStepsWaiting(check: ServerCheck): void {
  check("a yielded promise is awaited, and its value comes out of the yield", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        const texts = await step(
          function* (): Generator<unknown, string[]> {
            const first = (yield Promise.resolve("value")) as string;
            try {
              yield Promise.reject(new Error("reason"));
              return [first];
            } catch (error) {
              return [first, (error as Error).message];
            }
          }(),
          { request },
        ).done;
        return request.respond(200, {}, texts.join());
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.body, "value,reason");
  });

  check("a yielded suspension is waited for, and given up with its computation", async (bench) => {
    const seen: string[] = [];
    let waiter: Waiter | null = null;
    const suspension: Suspension = {
      [SUSPENSION]: (who) => {
        waiter = who;
        return () => seen.push("given up");
      },
    };
    await bench.serve({
      handlers: [starter((request) => {
        const running = step(
          function* () {
            seen.push(`got ${yield suspension}`);
            yield suspension;
          }(),
          { request, name: "waits" },
        );
        running.done.catch((error) => {
          seen.push(error.name);
          if (!request.finalized) request.finalize(ERROR, 500);
        });
      })],
    });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => waiter !== null, "the wait");
    waiter!.wake("a result");
    waiter!.wake("another");
    await bench.settle(() => seen.length === 1, "the result");
    await bench.settle(() => inspectSteps(bench.server)[0]?.state === "waiting", "the next wait");
    client.reset();
    await bench.settle(() => seen.length === 3, "the end of the computation");
    assertEquals(seen, ["got a result", "given up", "RequestAborted"]);
  });

  check("a suspension that tells twice, or throws, is no other's end", async (bench) => {
    const seen: string[] = [];
    let first: Waiter | null = null;
    const told: Suspension = {
      [SUSPENSION](waiter) {
        first = waiter;
        return () => {};
      },
    };
    const wrong: Suspension = {
      [SUSPENSION]() {
        throw new Error("cannot begin");
      },
    };
    await bench.serve({
      handlers: [starter((request) => {
        step(
          function* (): Generator<unknown, void> {
            try {
              seen.push(String(yield told));
              seen.push(String(yield new Promise(() => {})));
            } finally {
              seen.push("finally");
            }
          }(),
          { request, name: "waits twice" },
        ).done.catch(() => {});
        step(
          function* (): Generator<unknown, void> {
            try {
              yield wrong;
            } catch (error) {
              seen.push((error as Error).message);
            }
          }(),
          { request, name: "cannot wait" },
        );
      })],
    });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => first !== null && seen.length === 1, "the wait");
    first!.wake("one");
    first!.wake("two");
    await bench.settle(() => seen.length === 2, "the first wait's end");
    first!.wake("three");
    await bench.rest();
    assertEquals(seen, ["cannot begin", "one"]);
    client.reset();
    await bench.settle(() => seen.length === 3, "the end");
  });

  check("each computation keeps the ambient state that it began in", async (bench) => {
    const storage = new AsyncLocalStorage<string>();
    await bench.serve({
      handlers: [(request) =>
        storage.run(request.target, async () => {
          const seen = await step(
            function* (): Generator<unknown, Set<string>> {
              const all = new Set<string>();
              for (let i = 0; i < 50; i++) {
                all.add(String(storage.getStore()));
                yield i % 10 === 0 ? Promise.resolve() : undefined;
              }
              return all;
            }(),
            { request },
          ).done;
          return request.respond(200, {}, [...seen].join());
        })],
    });
    const clients = ["/a", "/b", "/c"].map((target) => bench.connect().request("GET", target));
    const bodies = await Promise.all(clients.map((client) => client.waitAnswers(1)));
    assertEquals(bodies.map(([answer]) => answer?.body), ["/a", "/b", "/c"]);
  });

  check("what is over leaves no listener with its request", async (bench) => {
    const listening = new Set<unknown>();
    await bench.serve({
      handlers: [async (request) => {
        request.onTerminated = request.onAbort = request.onCleanup = (one: unknown) => {
          listening.add(one);
        };
        request.forget = (...gone) => gone.forEach((one) => listening.delete(one));
        for (let i = 0; i < 3; i++) await step(counting(2), { request }).done;
        every(100, () => {}, { request }).stop();
        await request.service.threads.callInThread(JOBS, "add", [1, 2], { request });
        return request.respond(200, {}, String(listening.size));
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.body, "0");
  });

  check("a computation that waits is stopped at once when its request dies", async (bench) => {
    const seen: string[] = [];
    await bench.serve({
      handlers: [starter((request) => {
        step(
          function* () {
            try {
              yield new Promise(() => {});
            } finally {
              seen.push("finally");
            }
          }(),
          { request, name: "waits for ever" },
        ).done.catch((error) => seen.push(error.name, error.cause));
      })],
    });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => inspectSteps(bench.server)[0]?.state === "waiting", "the wait");
    client.reset();
    await bench.settle(() => seen.length === 3, "the end of the computation");
    assertEquals(seen, ["finally", "RequestAborted", "client-gone"]);
  });
}
