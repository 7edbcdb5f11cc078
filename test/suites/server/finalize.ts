/**
 * Checks of the finalize protocol: how a request ends, exactly once, and what keeps it alive.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { terminateRequest } from "../../../core/finalize.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DECLINED, DONE, ERROR, OK } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";

export function checkFinalize(check: ServerCheck): void {
  checkDone(check);
  checkMistakes(check);
  checkHandlerList(check);
  checkAbort(check);
}

/** A handler that keeps its requests, and what it kept. */
function keeper(): { handler: Handler; requests: HttpRequest[]; holds: Hold[] } {
  const requests: HttpRequest[] = [];
  const holds: Hold[] = [];
  const handler: Handler = (request) => {
    requests.push(request);
    holds.push(request.hold("kept by the test"));
    return DONE;
  };
  return { handler, requests, holds };
}

function checkDone(check: ServerCheck): void {
  check("DONE lets other requests be served, and finalize answers later", async (bench) => {
    const kept = keeper();
    await bench.serve({
      handlers: [
        (request) =>
          request.target === "/later" ? kept.handler(request) : request.respond(200, {}, "now"),
      ],
    });
    const later = bench.connect().request("GET", "/later");
    await bench.settle(() => kept.requests.length === 1, "the request");
    const [now] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(now?.body, "now");
    assertEquals(later.received, "");
    kept.requests[0]!.respond(200, {}, "later");
    assertEquals(kept.requests[0]!.finalize(), true);
    assertEquals((await later.waitAnswers(1))[0]?.body, "later");
    kept.holds[0]!.release();
    later.request("GET", "/again");
    assertEquals((await later.waitAnswers(2))[1]?.body, "now");
  });

  check("finalizeRequest() keeps the request while a hold is open", async (bench) => {
    const kept = keeper();
    await bench.serve({ handlers: [kept.handler] });
    const client = bench.connect().request("GET", "/a").request("GET", "/b");
    await bench.settle(() => kept.requests.length === 1, "the request");
    const second = kept.requests[0]!.hold("another");
    kept.requests[0]!.respond(200, {}, "a");
    kept.requests[0]!.finalize();
    await client.waitAnswers(1);
    kept.holds[0]!.release();
    await bench.rest();
    assertEquals(kept.requests[0]!.over, false);
    assertEquals(kept.requests.length, 1);
    assertEquals(bench.server.inspect().requests[0]?.holds.map((hold) => hold.reason), ["another"]);
    second.release();
    assertEquals(kept.requests[0]!.over, true);
    await bench.settle(() => kept.requests.length === 2, "the next request");
    kept.requests[1]!.respond(200, {}, "b");
    kept.requests[1]!.finalize();
    kept.holds[1]!.release();
    assertEquals((await client.waitAnswers(2))[1]?.body, "b");
  });

  check("cleanups run once, in reverse order, when the request is over", async (bench) => {
    const order: string[] = [];
    await bench.serve({
      handlers: [(request) => {
        request.onCleanup(() => order.push("first registered"));
        request.onCleanup(() => {
          throw new Error("a cleanup that fails");
        });
        request.onCleanup(() => order.push("last registered"));
        return request.respond(200, {}, "ok");
      }],
    });
    await bench.connect().request("GET", "/").waitAnswers(1);
    await bench.settle(() => order.length === 2, "the cleanups");
    assertEquals(order, ["last registered", "first registered"]);
    assertEquals(bench.logs.filter((line) => line.includes("a cleanup that fails")).length, 1);
  });
}

function checkMistakes(check: ServerCheck): void {
  check("finalizing twice is logged with a stack and answers false", async (bench) => {
    const kept = keeper();
    await bench.serve({ handlers: [kept.handler] });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => kept.requests.length === 1, "the request");
    const request = kept.requests[0]!;
    request.respond(200, {}, "once");
    assertEquals(request.finalize(), true);
    assertEquals(request.finalize(), false);
    assertEquals(kept.holds[0]!.release(), true);
    assertEquals(kept.holds[0]!.release(), false);
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.body, "once");
    assertEquals(bench.logs.length, 2);
    assertStringIncludes(bench.logs[0]!, "finalized twice");
    assertStringIncludes(bench.logs[1]!, "released twice");
    for (const line of bench.logs) assertStringIncludes(line, "\n    at ".slice(0, 1));
  });

  check("a handler that throws is a 500 without detail, and its stack is logged", async (bench) => {
    const handlers: Handler[] = [
      function breaks() {
        throw new Error("the secret detail");
      },
    ];
    await bench.serve({ handlers });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.status), [500, 500]);
    assert(!client.received.includes("secret"));
    assertStringIncludes(bench.logs[0]!, "the secret detail");
    assertStringIncludes(bench.logs[0]!, '"breaks"');
  });

  check("a promise that rejects is a 500 as well", async (bench) => {
    await bench.serve({
      handlers: [async () => {
        await null;
        throw new Error("late");
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.status, 500);
  });

  check("a throw after the head is a reset, never a clean end", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, {});
        request.send("the beginning", { flush: true });
        throw new Error("in the middle");
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
    assert(!client.received.endsWith("0\r\n\r\n"), "the body looks whole");
  });

  check("nonsense from a handler is a 500 and a log line that names it", async (bench) => {
    for (const nonsense of [undefined, null, 200, "ok", {}, new Response("x")]) {
      bench.logs.length = 0;
      const handler = () => nonsense;
      if (bench.server === undefined) {
        await bench.serve({
          handlers: [function odd(request: HttpRequest) {
            return (request.service as unknown as { odd: () => unknown }).odd();
          } as unknown as Handler],
        });
      }
      Object.assign(bench.server, { odd: handler });
      const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
      assertEquals(answer?.status, 500);
      assertEquals(bench.logs.length, 1);
      assertStringIncludes(bench.logs[0]!, '"odd"');
    }
  });

  check("OK without an answer is a 500 and a log line", async (bench) => {
    await bench.serve({ handlers: [() => OK] });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.status, 500);
    assertStringIncludes(bench.logs[0]!, "without an answer");
  });

  check("a header that cannot be sent is a 500 and sends nothing of it", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, { "x-bad": "a\r\nset-cookie: b" }, "x")],
    });
    const client = bench.connect().request("GET", "/");
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.status, 500);
    assertEquals(fieldOf(answer!, "set-cookie"), null);
  });

  check("responding twice is logged, and the client sees the first answer", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.respond(200, {}, "first");
        assertEquals(request.respond(200, {}, "second"), ERROR);
        assertEquals(request.send("more"), ERROR);
        return OK;
      }],
    });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["first", "first"]);
    assertEquals(bench.logs.length, 4);
  });
}

function checkHandlerList(check: ServerCheck): void {
  check("DECLINED passes a request on, and the last one's is a 404", async (bench) => {
    const asked: string[] = [];
    await bench.serve({
      handlers: [
        () => {
          asked.push("one");
          return DECLINED;
        },
        (request) => {
          asked.push("two");
          return request.target === "/two" ? request.respond(200, {}, "two") : DECLINED;
        },
        // deno-lint-ignore require-await
        async (request) => {
          asked.push("three");
          return request.target === "/three" ? request.respond(200, {}, "three") : DECLINED;
        },
      ],
    });
    const client = bench.connect();
    client.request("GET", "/two").request("GET", "/three").request("GET", "/four");
    const answers = await client.waitAnswers(3);
    assertEquals(answers.map((answer) => answer.status), [200, 200, 404]);
    assertEquals(asked.length, 8);
  });

  check("finalizing with a status makes a complete error answer", async (bench) => {
    const kept = keeper();
    await bench.serve({ handlers: [kept.handler] });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    await bench.settle(() => kept.requests.length === 1, "the request");
    kept.requests[0]!.finalize(ERROR, 503);
    kept.holds[0]!.release();
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.status, 503);
    await bench.settle(() => kept.requests.length === 2, "the next request");
    kept.requests[1]!.finalize(ERROR);
    kept.holds[1]!.release();
    assertEquals((await client.waitAnswers(2))[1]?.status, 500);
  });
}

function checkAbort(check: ServerCheck): void {
  check(
    "a client that resets is told once, and the request ends with its last hold",
    async (bench) => {
      const kept = keeper();
      const causes: string[] = [];
      let cleanups = 0;
      await bench.serve({
        handlers: [(request) => {
          request.onAbort((cause) => causes.push(cause));
          request.onCleanup(() => cleanups++);
          return kept.handler(request);
        }],
      });
      const client = bench.connect().request("GET", "/");
      await bench.settle(() => kept.requests.length === 1, "the request");
      const request = kept.requests[0]!;
      client.reset();
      await bench.settle(() => request.abortCause !== null, "the abort");
      await bench.settle(
        () => bench.server.inspect().connections === 0 || !request.over,
        "the close",
      );
      assertEquals(causes, ["client-gone"]);
      assertEquals(cleanups, 0);
      request.respond(200, {}, "nobody reads this");
      assertEquals(request.finalize(), true);
      assertEquals(request.over, false);
      kept.holds[0]!.release();
      await bench.settle(() => request.over, "the end of the request");
      assertEquals(cleanups, 1);
      assertEquals(causes, ["client-gone"]);
      assertEquals(bench.logs, []);
    },
  );

  check("finalizing inside the abort listener ends the request once", async (bench) => {
    const kept = keeper();
    const outcomes: boolean[] = [];
    await bench.serve({
      handlers: [(request) => {
        request.onAbort(() => {
          outcomes.push(request.finalize());
          kept.holds[0]!.release();
        });
        return kept.handler(request);
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => kept.requests.length === 1, "the request");
    client.reset();
    await bench.settle(() => kept.requests[0]!.over, "the end of the request");
    assertEquals(outcomes, [true]);
  });

  check("terminateRequest() resets, and tells the application", async (bench) => {
    const kept = keeper();
    await bench.serve({ handlers: [kept.handler] });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => kept.requests.length === 1, "the request");
    terminateRequest(kept.requests[0]!, "application");
    assertEquals(kept.requests[0]!.abortCause, "application");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.received, "");
    kept.holds[0]!.release();
    assertEquals(kept.requests[0]!.over, true);
  });

  check("onTerminated() calls each listener once, and late ones at once", async (bench) => {
    const kept = keeper();
    await bench.serve({ handlers: [kept.handler] });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => kept.requests.length === 1, "the request");
    const [request] = kept.requests;
    const called: string[] = [];
    request!.onTerminated(() => called.push("first"));
    request!.onTerminated(() => called.push("second"));
    terminateRequest(request!, "application");
    request!.onTerminated(() => called.push("late"));
    kept.holds[0]!.release();
    await client.waitClosed();
    assertEquals(called, ["first", "second", "late"]);
  });

  check("the signal does not abort after success", async (bench) => {
    const signals: AbortSignal[] = [];
    await bench.serve({
      handlers: [(request) => {
        signals.push(request.signal as AbortSignal);
        return request.respond(200, {}, "ok");
      }],
    });
    const client = bench.connect().request("GET", "/");
    await client.waitAnswers(1);
    await bench.rest();
    client.reset();
    await bench.settle(() => bench.server.inspect().connections === 0, "the close");
    assertEquals(signals.map((signal) => signal.aborted), [false]);
  });
}
