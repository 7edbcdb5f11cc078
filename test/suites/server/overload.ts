/**
 * Checks of overload: what becomes of requests and of connections that come while the loop is late,
 * and that all of it ends by itself.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";

const LAG_MAX_MS = 200;
/** A quarter of it counts: there is room for a stall of the process. */
const SINGLE_LAG_MS = 1_200;
/** More than a process is stalled one after the other. */
const TRIES_MAX = 10;

function ok(request: HttpRequest): ResultCode {
  return request.respond(200, { "content-type": "text/plain" }, "ok");
}

export function checkOverload(check: ServerCheck): void {
  check(
    "loopLagMaxMs: a late loop refuses requests before any handler, until it is not",
    async (bench) => {
      const { client, handled } = await overloaded(bench);
      const before = handled();
      client.request("GET", "/refused");
      const refusal = (await client.waitAnswers(2))[1]!;
      assertEquals(refusal.status, 503);
      assertEquals(fieldOf(refusal, "retry-after"), "2");
      assertEquals(handled(), before);
      assertGreater(bench.server.inspect().load.lagMs, LAG_MAX_MS / 2);
      await served(bench, client, 3);
      // A process that was stalled since then is late once more.
      if (bench.rig.timeIsReal === false) assertEquals(bench.logs.length, 2, bench.logs.join("; "));
      assertStringIncludes(bench.logs[0]!, "overloaded");
      assertStringIncludes(bench.logs[1]!, "over");
    },
  );

  check(
    "accepting stops while the loop is late, and who came meanwhile is served then",
    async (bench) => {
      await overloaded(bench);
      const late = [bench.connect(), bench.connect(), bench.connect()];
      for (const client of late) client.request("GET", "/late");
      await turns(bench, 20);
      assert(bench.server.load.isOverloaded, "the overload is over too soon to see anything");
      assertEquals(late.map((client) => client.received), ["", "", ""]);
      await bench.settle(() => !bench.server.load.isOverloaded, "the end of the overload");
      for (const client of late) await served(bench, client, 1);
    },
  );

  check("a lag that is a single one, and not long, refuses nobody", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        if (request.target === "/compute") bench.rig.compute(SINGLE_LAG_MS);
        return ok(request);
      }],
      limits: { loopLagMaxMs: SINGLE_LAG_MS - 100 },
    });
    const client = bench.connect().request("GET", "/compute").request("GET", "/");
    assertEquals((await client.waitAnswers(2)).map((answer) => answer.status), [200, 200]);
    await bench.settle(() => bench.server.load.lagMs > 0, "a sample");
    client.request("GET", "/");
    assertEquals((await client.waitAnswers(3))[2]?.status, 200);
  });
}

/** A server that has just begun to be overloaded, and a client that it has answered once. */
async function overloaded(
  bench: ServerBench,
): Promise<{ client: RawClient; handled: () => number }> {
  let handled = 0;
  await bench.serve({
    handlers: [(request) => {
      handled++;
      // The average moves by a quarter of the difference.
      if (request.target === "/compute") bench.rig.compute(LAG_MAX_MS * 8);
      return ok(request);
    }],
    limits: { loopLagMaxMs: LAG_MAX_MS },
  });
  const client = bench.connect().request("GET", "/compute");
  await client.waitAnswers(1);
  await bench.settle(() => bench.server.load.isOverloaded, "the overload");
  return { client, handled: () => handled };
}

/** Asks, from the `nth` answer on, until the overload is over and the answer 200. */
async function served(bench: ServerBench, client: RawClient, nth: number): Promise<void> {
  for (let i = nth; i < nth + TRIES_MAX; i++) {
    await bench.settle(() => !bench.server.load.isOverloaded, "the end of the overload");
    // What was sent during the overload is answered now.
    if (client.methods.length < i) client.request("GET", "/");
    const status = (await client.waitAnswers(i))[i - 1]!.status;
    if (status === 200) return;
    assertEquals([status, bench.rig.timeIsReal], [503, undefined]);
  }
  throw new Error("the overload does not end");
}

/** Some turns of the server's loop, while the clock stands. */
async function turns(bench: ServerBench, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    let isOver = false;
    bench.server.loop.postCall(() => isOver = true);
    await bench.settle(() => isOver, "a turn");
  }
}
