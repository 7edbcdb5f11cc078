/**
 * Checks of how iterable applications wait: pauses, suspensions of others' making, and the ambient
 * state that they come back to.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals, assertThrows } from "@std/assert";
import { iterable, type IterableHandler } from "../../../core/apps/iterable.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { Pause, PauseOptions } from "../../../core/work/pause.ts";
import { SUSPENSION, type Suspension, type Waiter } from "../../../core/work/suspension.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ServerBench } from "./bench.ts";
import { app, leave } from "./iterable_app.ts";

export function checkIterablesWaiting(check: ServerCheck): void {
  checkPauses(check);
  checkSuspensions(check);
  checkAmbient(check);
}

/** Serves an application that pauses once and then says how that ended. */
async function servePause(bench: ServerBench, options: PauseOptions = {}): Promise<Pause[]> {
  const pauses: Pause[] = [];
  await bench.serve(app(function* (_request, out) {
    const pause = out.pause(options);
    pauses.push(pause);
    const result = yield pause;
    yield `${String(result)} ${pause.result}`;
  }));
  return pauses;
}

function checkPauses(check: ServerCheck): void {
  check("resume() wakes a pause once, and is false ever after", async (bench) => {
    const pauses = await servePause(bench);
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => pauses.length === 1, "the pause");
    await bench.rest();
    assertEquals(client.received, "");
    const { resume } = pauses[0]!;
    assertEquals([resume(), resume(), resume()], [true, false, false]);
    assertEquals(client.received, "");
    assertEquals((await client.waitAnswers(1))[0]!.body, "resumed resumed");
    assertEquals(resume(), false);
  });

  check("resume() before the yield is not lost, and runs nothing inside", async (bench) => {
    const order: string[] = [];
    await bench.serve(app(function* (_request, out) {
      const pause = out.pause();
      order.push(`resumed ${pause.resume()} ${pause.resume()}`);
      yield pause;
      order.push("went on");
      yield "end";
    }));
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitAnswers(1))[0]!.body, "end");
    assertEquals(order, ["resumed true false", "went on"]);
  });

  check("resume() after the client left is false, and asks for nothing", async (bench) => {
    const requests: HttpRequest[] = [];
    const pauses: Pause[] = [];
    await bench.serve(app(function* (request, out) {
      requests.push(request);
      yield out.flush();
      pauses.push(out.pause());
      yield pauses[0]!;
      yield "never";
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => pauses[0]?.yielded === true, "the pause");
    await leave(bench, client, requests[0]!);
    assertEquals([pauses[0]!.resume(), pauses[0]!.result], [false, null]);
    await bench.settle(() => requests[0]!.over, "the end");
  });

  check("a pause that times out, or aborts, says so and throws nothing", async (bench) => {
    const controller = new AbortController();
    const options: PauseOptions[] = [
      { timeoutMs: 20 },
      { timeoutMs: 0 },
      { signal: controller.signal },
      { signal: AbortSignal.abort(), timeoutMs: 1e6 },
    ];
    const pauses: Pause[] = [];
    await bench.serve(app(function* (request, out) {
      const pause = out.pause(options[Number(request.target.slice(1))]);
      pauses.push(pause);
      yield pause;
      yield String(pause.result);
    }));
    const clients = options.map((_, i) => bench.connect().request("GET", `/${i}`));
    await bench.settle(() => pauses.length === options.length, "the pauses");
    controller.abort();
    const results: string[] = [];
    for (const client of clients) results.push((await client.waitAnswers(1))[0]!.body);
    assertEquals(results, ["timeout", "timeout", "aborted", "aborted"]);
    assertEquals(pauses.map((pause) => pause.resume()), [false, false, false, false]);
  });

  check("pause() throws when the one before was not yielded, or for no time", async (bench) => {
    const errors: string[] = [];
    await bench.serve(app(function* (_request, out) {
      errors.push(assertThrows(() => out.pause({ timeoutMs: NaN }), RangeError).message);
      const first = out.pause({ timeoutMs: 0 });
      errors.push(assertThrows(() => out.pause(), Error).message);
      yield first;
      const second = out.pause();
      second.resume();
      yield second;
      yield "end";
    }));
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitAnswers(1))[0]!.body, "end");
    assertEquals(errors, [
      "timeoutMs must be 0 or more, not NaN",
      "pause was called twice: yield the first one before",
    ]);
  });

  check("a FIN ends no pause: the answer is whole", async (bench) => {
    const pauses = await servePause(bench);
    const client = bench.connect().request("GET", "/").fin();
    await bench.settle(() => pauses[0]?.yielded === true, "the pause");
    await bench.rest();
    pauses[0]!.resume();
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.map((answer) => answer.body), ["resumed resumed"]);
  });

  check("what was sent before a pause is on its way during it", async (bench) => {
    const pauses: Pause[] = [];
    await bench.serve(app(function* (_request, out) {
      yield "before";
      pauses.push(out.pause());
      yield pauses[0]!;
      yield "behind";
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.includes("before"), "the first item");
    pauses[0]!.resume();
    assertEquals((await client.waitAnswers(1))[0]!.body, "beforebehind");
  });
}

/** A suspension that a test ends by itself. */
class Planted implements Suspension<string> {
  waiter: Waiter<string> | null = null;
  cancels = 0;

  [SUSPENSION](waiter: Waiter<string>): () => void {
    this.waiter = waiter;
    return () => void this.cancels++;
  }
}

function checkSuspensions(check: ServerCheck): void {
  check("a suspension gives its result to the yield, or throws its error there", async (bench) => {
    const planted: Planted[] = [];
    const wait = () => {
      planted.push(new Planted());
      return planted.at(-1)!;
    };
    await bench.serve(app(function* () {
      yield `${yield wait()}`;
      try {
        yield wait();
      } catch (error) {
        yield (error as Error).message;
      }
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => planted.length === 1, "the first wait");
    planted[0]!.waiter!.wake("woken ");
    planted[0]!.waiter!.wake("twice");
    await bench.settle(() => planted.length === 2, "the second wait");
    planted[1]!.waiter!.fail(new Error("failed"));
    assertEquals((await client.waitAnswers(1))[0]!.body, "woken failed");
    assertEquals(planted.map((one) => one.cancels), [0, 0]);
  });

  check("a suspension may end inside its beginning, or throw there", async (bench) => {
    await bench.serve(app(function* () {
      const at: Suspension = {
        [SUSPENSION](waiter) {
          waiter.wake("at once ");
          return () => {};
        },
      };
      yield String(yield at);
      const bad: Suspension = {
        [SUSPENSION]() {
          throw new Error("not at all");
        },
      };
      try {
        yield bad;
      } catch (error) {
        yield (error as Error).message;
      }
    }));
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitAnswers(1))[0]!.body, "at once not at all");
  });

  check("a suspension is given up once when the client leaves", async (bench) => {
    const planted = new Planted();
    const requests: HttpRequest[] = [];
    await bench.serve(app(function* (request, out) {
      requests.push(request);
      yield out.flush();
      yield planted;
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => planted.waiter !== null, "the wait");
    await leave(bench, client, requests[0]!);
    planted.waiter!.wake("late");
    await bench.settle(() => requests[0]!.over, "the end");
    assertEquals(planted.cancels, 1);
  });
}

function checkAmbient(check: ServerCheck): void {
  check("interleaved requests keep their own ambient state at every step", async (bench) => {
    const store = new AsyncLocalStorage<string>();
    const pauses: Pause[] = [];
    const requests: HttpRequest[] = [];
    const seen: string[] = [];
    const note = (id: string, where: string) =>
      void seen.push(`${where} ${id} ${store.getStore()}`);
    const sync: IterableHandler = function* (request, out) {
      const id = request.target;
      requests.push(request);
      request.onAbort(() => note(id, "abort"));
      request.signal.addEventListener("abort", () => note(id, "signal"));
      request.onCleanup(() => note(id, "cleanup"));
      try {
        note(id, "begin");
        yield "";
        note(id, "turn");
        yield new Uint8Array(300_000);
        note(id, "room");
        pauses.push(out.pause());
        yield pauses.at(-1)!;
        note(id, "resume");
        yield out.pause({ timeoutMs: 10 });
        note(id, "timer");
        yield Promise.resolve();
        note(id, "promise");
        if (id.endsWith("x")) yield out.pause();
        yield "end";
      } finally {
        note(id, "return");
      }
    };
    const asynchronous: IterableHandler = async function* (request, out) {
      const id = request.target;
      note(id, "begin");
      yield "a";
      note(id, "yield");
      await Promise.resolve();
      note(id, "await");
      pauses.push(out.pause());
      yield pauses.at(-1)!;
      note(id, "resume");
    };
    const handlers = [iterable(sync), iterable(asynchronous)];
    await bench.serve({
      handlers: [
        (request) =>
          store.run(
            request.target,
            () => handlers[request.target.startsWith("/s") ? 0 : 1]!(request),
          ),
      ],
    });
    const targets = ["/s1", "/s2", "/s3x", "/a1", "/a2"];
    const clients = targets.map((target) => bench.connect().request("GET", target));
    await bench.settle(() => pauses.length === targets.length, "the pauses");
    store.run("another's", () => pauses.forEach((pause) => pause.resume()));
    const leaving = clients[2]!;
    await bench.settle(() => seen.includes("promise /s3x /s3x"), "the last pause");
    await leave(bench, leaving, requests.find((request) => request.target === "/s3x")!);
    for (const client of clients) if (client !== leaving) await client.waitAnswers(1);
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the end");
    await bench.settle(() => seen.includes("cleanup /s3x /s3x"), "the cleanup");
    const wrong = seen.filter((line) => line.split(" ")[1] !== line.split(" ")[2]);
    assertEquals(wrong, []);
    const steps = (id: string) => seen.filter((line) => line.split(" ")[1] === id).length;
    assertEquals(targets.map(steps), [8, 8, 10, 4, 4]);
  });
}
