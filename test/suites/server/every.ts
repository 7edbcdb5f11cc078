/**
 * Checks of calls that repeat: their phase, what they leave out, and how they end.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { terminateRequest } from "../../../core/finalize.ts";
import { DONE, ERROR } from "../../../core/status.ts";
import { every } from "../../../core/work/every.ts";
import type { ServerCheck } from "../check_server.ts";
import { starter } from "./step_work.ts";

export function checkEvery(check: ServerCheck): void {
  check("every() calls in phase, and leaves out what a slow call covers", async (bench) => {
    const { reactor } = bench.rig;
    const calls: Array<readonly [ms: number, leftOut: number]> = [];
    const server = await bench.serve({ handlers: [(request) => request.respond(200, {}, "")] });
    let slow: (() => void) | null = null;
    const startMs = reactor.now();
    const repeating = every(100, (leftOut) => {
      calls.push([reactor.now() - startMs, leftOut]);
      if (calls.length === 2) return new Promise<void>((resolve) => slow = resolve);
    }, { server, name: "tick" });
    await bench.settle(() => slow !== null, "the second call");
    const resumeMs = reactor.now() + 250;
    await bench.settle(() => reactor.now() >= resumeMs, "some intervals");
    assertEquals(calls.length, 2, "a call came while one was under way");
    slow!();
    await bench.settle(() => calls.length === 3, "the third call");
    assertEquals(repeating.stop(), true);
    assertEquals(repeating.stop(), false);
    const [ms, leftOut] = calls[2]!;
    assert(leftOut >= 2, `${leftOut} calls were left out`);
    assert(ms >= (leftOut + 3) * 100, `the third call came after ${ms} ms`);
  });

  check("every() stops with its request, and lets it go", async (bench) => {
    let calls = 0;
    await bench.serve({
      handlers: [starter((request) => {
        const ticking = every(100, () => void calls++, { request, name: "tick", now: true });
        request.onAbort(() => {
          // Where a platform cannot reset, the client only half-closes.
          if (request.terminated) return;
          ticking.stop();
          request.finalize(ERROR, 500);
        });
      })],
    });
    const client = bench.connect().request("GET", "/step");
    await bench.settle(() => calls >= 2, "two calls");
    client.reset();
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
    // The loop's lag is sampled for a moment after the last request.
    await bench.settle(() => bench.server.loop.timers.count === 0, "the last timer");
  });

  check("every() stops and says so when a call fails", async (bench) => {
    const server = await bench.serve({ handlers: [(request) => request.respond(200, {}, "")] });
    const repeating = every(100, () => Promise.reject(new Error("a tick failed")), {
      server,
      name: "tick",
      now: true,
    });
    await bench.settle(() => repeating.isOver, "its end");
    assert(bench.logs.some((line) => line.startsWith('error every "tick" failed and stops')));
  });

  check("every() answers 500 for its request when a call fails, and lets it go", async (bench) => {
    await bench.serve({
      handlers: [function ticker(request) {
        const failing = () => Promise.reject(new Error("a tick failed"));
        every(100, failing, { request, name: "tick", now: true });
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.includes("\r\n\r\n"), "the answer");
    assertMatch(client.received, /^HTTP\/1\.1 500 /);
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
    assert(bench.logs.some((line) => line.includes('handler "ticker" failed')), `${bench.logs}`);
  });

  check("every() cuts off an answer that has begun when a call throws", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200);
        request.send("one");
        every(100, () => {
          throw new Error("a tick failed");
        }, { request, name: "tick" });
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assert(!client.received.includes("0\r\n\r\n"), "the answer looks whole");
    assertEquals(bench.server.inspect().requests.length, 0);
  });

  check(
    "every() calls in the ambient state of its beginning, and never when it is too late",
    async (
      bench,
    ) => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const server = await bench.serve({
        handlers: [(request) => {
          terminateRequest(request, "application");
          every(100, () => seen.push("too late"), { request, now: true });
          return DONE;
        }],
      });
      const calling = storage.run("ours", () =>
        every(100, () => {
          seen.push(storage.getStore());
          calling.stop();
        }, { server }));
      await bench.settle(() => seen.length > 0, "a call");
      const client = bench.connect().request("GET", "/");
      await bench.settle(() => client.closed !== null || client.ended, "the end");
      assertEquals(seen, ["ours"]);
    },
  );
}
