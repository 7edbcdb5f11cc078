/**
 * Checks of a graceful close: what ends at once, what ends after its answer, what the report says.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE } from "../../../core/status.ts";
import type { CloseReport } from "../../../core/server.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ColumnRig } from "../rig.ts";
import { fieldOf } from "./answers.ts";
import { after } from "./clocks.ts";

export function checkClosing(check: ServerCheck, rig: ColumnRig): void {
  if (rig.timeIsReal === false) checkLeastTime(check);

  check("close() ends idle connections and stops listening", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(200, {}, "ok")] });
    const idle = bench.connect().request("GET", "/");
    await idle.waitAnswers(1);
    const report = await closed(bench.server.close(), bench.settle.bind(bench));
    assertEquals(report.clean, true);
    await idle.waitClosed();
    const late = bench.connect();
    await bench.settle(() => late.closed !== null, "the refused connect");
    assertEquals(late.isOpen, false);
  });

  check(
    "close() lets a connection be that was idle for less than its least time",
    async (bench) => {
      await bench.serve({
        handlers: [(request) => request.respond(200, {}, "ok")],
        clocks: { keepAliveMinTimeoutMs: 60_000 },
      });
      const fresh = bench.connect();
      const again = bench.connect().request("GET", "/");
      await again.waitAnswers(1);
      await bench.settle(() => fresh.isOpen, "a connection");
      const closing = bench.server.close({ deadlineMs: 600_000 });
      await bench.rest();
      assertEquals([fresh.ended, again.ended], [false, false]);
      for (const client of [fresh, again]) {
        const answers = await client.request("GET", "/last").waitClosed();
        assertEquals(fieldOf(answers.at(-1)!, "connection"), "close");
        bench.rig.reactor.close(client.handle);
      }
      assertEquals((await closed(closing, bench.settle.bind(bench))).clean, true);
    },
  );

  check("close() reports promises of waitUntil that have not settled", async (bench) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await bench.serve({
      handlers: [(request) => {
        request.service.waitUntil(promise);
        return request.respond(200, { "connection": "close" }, "ok");
      }],
    });
    const client = bench.connect().request("GET", "/");
    await client.waitClosed();
    bench.rig.reactor.close(client.handle);
    const report = await closed(
      bench.server.close({ deadlineMs: 300 }),
      bench.settle.bind(bench),
    );
    assertEquals([report.clean, report.promises, report.left.requests], [false, 1, []]);
    resolve();
  });

  check("close() ends a connection that has sent empty lines behind its request", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(200, {}, "ok")] });
    const idle = bench.connect().post("/", "body").send("\r\n");
    await idle.waitAnswers(1);
    await bench.rest();
    const report = await closed(bench.server.close(), bench.settle.bind(bench));
    assertEquals(report.clean, true);
    await idle.waitClosed();
  });

  check("close() tells a busy request, and its answer says close", async (bench) => {
    let request: HttpRequest | null = null;
    let hold: Hold | null = null;
    const causes: string[] = [];
    await bench.serve({
      handlers: [(arrived) => {
        request = arrived;
        hold = arrived.hold("the test");
        arrived.onAbort((cause) => causes.push(cause));
        return DONE;
      }],
    });
    const busy = bench.connect().request("GET", "/");
    await bench.settle(() => request !== null, "the request");
    const closing = bench.server.close();
    assertEquals(causes, ["shutdown"]);
    await bench.rest();
    request!.respond(200, {}, "still answered");
    request!.finalize();
    hold!.release();
    const [answer] = await busy.waitClosed();
    // The server lingers until its client has ended too.
    bench.rig.reactor.close(busy.handle);
    assertEquals(answer?.body, "still answered");
    assertEquals(fieldOf(answer!, "connection"), "close");
    assertEquals((await closed(closing, bench.settle.bind(bench))).clean, true);
  });

  check("close() answers what is here already, and says close only then", async (bench) => {
    let first: HttpRequest | null = null;
    let hold: Hold | null = null;
    await bench.serve({
      handlers: [(request) => {
        if (request.target === "/next") return request.respond(200, {}, "next");
        first = request;
        hold = request.hold("the test");
        request.sendHead(200, { "content-length": 5 });
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/first").request("GET", "/next");
    await bench.settle(() => client.received.includes("\r\n\r\n"), "the first head");
    const closing = bench.server.close();
    first!.send("first", { last: true });
    first!.finalize();
    hold!.release();
    const answers = await client.waitClosed();
    assertEquals(answers.map(({ body }) => body), ["first", "next"]);
    assertEquals(answers.map((answer) => fieldOf(answer, "connection")), [null, "close"]);
    bench.rig.reactor.close(client.handle);
    assertEquals((await closed(closing, bench.settle.bind(bench))).clean, true);
  });

  check("the last answer arrives although more requests are on their way", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, {}, "last")],
      limits: { requestsPerConnectionMax: 1 },
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.isOpen, "the connection");
    client.stopReading();
    for (let more = 0; more < 3; more++) {
      await bench.rest();
      client.request("GET", "/more");
    }
    await bench.rest();
    client.goOnReading();
    const answers = await client.waitClosed();
    assertEquals(answers.map(({ body }) => body), ["last"]);
  });

  check("close() resets at its deadline what is left, and reports it by hold", async (bench) => {
    let hold: Hold | null = null;
    await bench.serve({
      handlers: [(request) => {
        hold = request.hold("a query that never ends");
        return DONE;
      }],
    });
    const stuck = bench.connect().request("GET", "/stuck");
    await bench.settle(() => hold !== null, "the request");
    const report = await closed(
      bench.server.close({ deadlineMs: 300 }),
      bench.settle.bind(bench),
    );
    assertEquals(report.clean, false);
    assertEquals(report.left.requests.length, 1);
    assertEquals(report.left.requests[0]?.target, "/stuck");
    assertEquals(report.left.requests[0]?.holds[0]?.reason, "a query that never ends");
    await bench.settle(() => stuck.closed !== null || stuck.ended, "the reset");
    assertEquals(stuck.received, "");
    hold!.release();
  });
}

/** A stall of the process between two of these clocks would end the wrong connection. */
function checkLeastTime(check: ServerCheck): void {
  check("close() ends what was idle for its least time, and gives others theirs", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, {}, "ok")],
      clocks: { keepAliveMinTimeoutMs: 600 },
    });
    const old = bench.connect().request("GET", "/");
    await old.waitAnswers(1);
    await after(bench, 700);
    const fresh = bench.connect().request("GET", "/");
    await fresh.waitAnswers(1);
    const startMs = bench.server.loop.now();
    const closing = bench.server.close();
    await old.waitClosed();
    assert(bench.server.loop.now() < startMs + 300, "it was idle for long enough");
    assertEquals(fresh.ended, false);
    await fresh.waitClosed();
    assert(bench.server.loop.now() >= startMs + 500, "it had time left");
    assertEquals((await closed(closing, bench.settle.bind(bench))).clean, true);
  });

  check("close() waits for idle connections for half of its deadline at most", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, {}, "ok")],
      clocks: { keepAliveMinTimeoutMs: 60_000 },
    });
    const idle = bench.connect().request("GET", "/");
    await idle.waitAnswers(1);
    const startMs = bench.server.loop.now();
    const closing = bench.server.close({ deadlineMs: 2_000 });
    await idle.waitClosed();
    assert(bench.server.loop.now() >= startMs + 1_000, "it was not waited for");
    assertEquals((await closed(closing, bench.settle.bind(bench))).clean, true);
  });
}

/** Waits for a report by the column's own way of waiting. */
async function closed(
  closing: Promise<CloseReport>,
  settle: (condition: () => boolean, what: string) => Promise<void>,
): Promise<CloseReport> {
  let report: CloseReport | null = null;
  closing.then((value) => report = value);
  await settle(() => report !== null, "the report");
  return report!;
}
