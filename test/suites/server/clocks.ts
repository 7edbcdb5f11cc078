/**
 * Checks of the clocks: what each one ends and how, what one request may set for itself, and which
 * time counts. How exact they are is a hard test, in memory. What a short clock must not end is
 * checked in memory alone: a stall of the process would end it.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { RequestClocks } from "../../../core/limits.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import { Timer } from "../../../core/timers.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ColumnRig } from "../rig.ts";
import { sendWithoutEnd } from "../send_without_end.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";

export const TEXT = { "content-type": "text/plain" };

export function checkClocks(check: ServerCheck, rig: ColumnRig): void {
  checkOutcomes(check);
  checkOfOneRequest(check);
  checkRate(check);
  checkHandlerClock(check);
  if (rig.timeIsReal === false) checkSurvivors(check);
}

/** Waits for a timer of the server's own wheel. */
export async function after(bench: ServerBench, ms: number): Promise<void> {
  const { loop } = bench.server;
  let come = false;
  loop.timers.arm(new Timer({ onTimer: () => come = true }), loop.now() + ms);
  await bench.settle(() => come, `${ms} ms`);
}

/** Sends `bytes` one by one, `everyMs`, until all are sent or the client has an answer. */
async function trickle(bench: ServerBench, client: RawClient, bytes: string, everyMs: number) {
  for (const byte of bytes) {
    if (client.received !== "" || client.closed !== null) return;
    client.send(byte);
    await after(bench, everyMs);
  }
}

export async function echo(request: HttpRequest): Promise<ResultCode> {
  return request.respond(200, TEXT, await request.body.bytes());
}

function answer(request: HttpRequest): ResultCode {
  return request.respond(200, TEXT, "answer");
}

/** Never answers; lets go when it is told. */
function isSilent(request: HttpRequest): ResultCode {
  const hold = request.hold("the test");
  request.onAbort(() => hold.release());
  return DONE;
}

/** Takes one piece of the body, and neither more nor answers. */
function asksAndIgnores(request: HttpRequest): ResultCode {
  const hold = request.hold("the test");
  request.onAbort(() => hold.release());
  request.body.read({
    onBody: () => request.body.stop(),
    onBodyEnd: () => {},
    onBodyError: () => {},
  });
  return DONE;
}

export function setting(clocks: RequestClocks, handler: (request: HttpRequest) => ResultCode) {
  return (request: HttpRequest) => {
    if (request.target === "/own") request.setClocks(clocks);
    return handler(request);
  };
}

function checkOutcomes(check: ServerCheck): void {
  check("headerTimeoutMs closes in silence without a byte, and refuses a part", async (bench) => {
    await bench.serve({ handlers: [answer], clocks: { headerTimeoutMs: 200 } });
    const silent = bench.connect();
    const partial = bench.connect().send("GET / HTTP/1.1\r\nHost: ");
    assertEquals(await silent.waitClosed(), []);
    const [refusal] = await partial.waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection")], [408, "close"]);
  });

  check("headerTimeoutMs counts from the first byte of a later request", async (bench) => {
    await bench.serve({ handlers: [answer], clocks: { headerTimeoutMs: 200 } });
    const client = bench.connect().request("GET", "/");
    await client.waitAnswers(1);
    await after(bench, 400);
    client.send("GET / HTTP/1.1\r\n");
    assertEquals((await client.waitClosed()).map(({ status }) => status), [200, 408]);
  });

  check("bodyTimeoutMs refuses a body that stops with 408", async (bench) => {
    await bench.serve({ handlers: [echo], clocks: { bodyTimeoutMs: 200 } });
    const client = bench.connect().request("POST", "/", "Content-Length: 9").send("part");
    const [refusal] = await client.waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection")], [408, "close"]);
  });

  check("handlerTimeoutMs answers 503 for a handler that is late", async (bench) => {
    await bench.serve({ handlers: [isSilent], clocks: { handlerTimeoutMs: 200 } });
    const [refusal] = await bench.connect().request("GET", "/").waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection")], [503, "close"]);
  });

  check("handlerTimeoutMs logs what holds the request", async (bench) => {
    const handler: Handler = (request) => {
      const query = request.hold("the query");
      const mail = request.hold("the mail");
      request.onAbort(() => {
        query.release();
        mail.release();
      });
      return DONE;
    };
    await bench.serve({ handlers: [handler], clocks: { handlerTimeoutMs: 200 } });
    await bench.connect().request("GET", "/slow").waitClosed();
    const words = "503, the handler is late, held by the mail, the query";
    assertEquals(bench.logs, [`warn GET /slow: ${words}`]);
  });

  check("keepAliveTimeoutMs closes an idle connection in silence", async (bench) => {
    await bench.serve({ handlers: [answer], clocks: { keepAliveTimeoutMs: 200 } });
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitClosed()).map(({ status }) => status), [200]);
  });
}

function checkOfOneRequest(check: ServerCheck): void {
  check("setClocks() of one request leaves those of others alone", async (bench) => {
    await bench.serve({
      handlers: [setting({ handlerTimeoutMs: 100 }, isSilent)],
      clocks: { handlerTimeoutMs: 60_000 },
    });
    const other = bench.connect().request("GET", "/");
    await bench.settle(() => bench.server.inspect().requests.length === 1, "the other request");
    const own = bench.connect().request("GET", "/own");
    assertEquals((await own.waitClosed()).map(({ status }) => status), [503]);
    assertEquals(other.received, "");
    other.reset();
  });

  for (const handlerTimeoutMs of [60_000, Infinity]) {
    check(`setClocks() sets a clock that runs to ${handlerTimeoutMs}`, async (bench) => {
      let late: HttpRequest | null = null;
      await bench.serve({
        handlers: [(request) => {
          late = request;
          request.hold("the test");
          // At once, but behind what the head starts.
          bench.server.loop.postCall(() => request.setClocks({ handlerTimeoutMs }));
          return DONE;
        }],
        clocks: { handlerTimeoutMs: 100 },
      });
      const client = bench.connect().request("GET", "/");
      await bench.settle(() => late !== null, "the request");
      await after(bench, 300);
      answer(late!);
      late!.finalize();
      late!.holds!.release();
      assertEquals((await client.waitAnswers(1))[0]?.status, 200);
    });
  }

  check("setClocks() sets the body clock, before the body and while it runs", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        if (request.target === "/before") request.setClocks({ bodyTimeoutMs: 100 });
        const bytes = request.body.bytes();
        if (request.target === "/while") request.setClocks({ bodyTimeoutMs: 100 });
        return request.respond(200, TEXT, await bytes);
      }],
    });
    for (const target of ["/before", "/while"]) {
      const client = bench.connect().request("POST", target, "Content-Length: 9").send("part");
      assertEquals((await client.waitClosed()).map(({ status }) => status), [408], target);
    }
  });

  check("setClocks() sets the time until the next request", async (bench) => {
    await bench.serve({
      handlers: [setting({ keepAliveTimeoutMs: 200 }, answer)],
      clocks: { keepAliveTimeoutMs: Infinity },
    });
    const other = bench.connect().request("GET", "/");
    await other.waitAnswers(1);
    const own = bench.connect().request("GET", "/own");
    const [kept] = await own.waitAnswers(1);
    assertEquals(fieldOf(kept!, "connection"), null);
    await own.waitClosed();
    assertEquals(other.ended, false);
  });

  check("keepAliveTimeoutMs: 0 ends the connection behind the answer", async (bench) => {
    await bench.serve({ handlers: [setting({ keepAliveTimeoutMs: 0 }, answer)] });
    const [last] = await bench.connect().request("GET", "/own").waitClosed();
    assertEquals(fieldOf(last!, "connection"), "close");
  });

  check("setClocks() sets the send clock of a stream", async (bench) => {
    let cause = "";
    await bench.serve({
      handlers: [(request) => {
        request.setClocks({ sendTimeoutMs: 300 });
        return sendWithoutEnd(request, (why) => cause = why);
      }],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => cause !== "", "the send clock");
    assertEquals(cause, "timeout");
  });

  check("setClocks() throws for what is no clock of a request", async (bench) => {
    const texts: string[] = [];
    await bench.serve({
      handlers: [(request) => {
        const wrong: ReadonlyArray<readonly [object, string]> = [
          [{ bodyTimeout: 1 }, 'there is no clock "bodyTimeout"'],
          [{ headerTimeoutMs: 1 }, 'a request has no clock "headerTimeoutMs"'],
          [{ sendTimeoutMs: NaN }, "clocks.sendTimeoutMs is a number of more than 0"],
        ];
        for (const [clocks, text] of wrong) {
          assertThrows(() => request.setClocks(clocks), TypeError, text);
          texts.push(text);
        }
        return answer(request);
      }],
    });
    await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(texts.length, 3);
  });

  check("env.request.setClocks() sets the clocks of a fetch application's call", async (bench) => {
    await bench.serve({
      handlers: [fetchHandler({
        fetch: (request, env) => {
          env!.request.setClocks({ handlerTimeoutMs: 100 });
          const { promise, resolve } = Promise.withResolvers<Response>();
          request.signal.addEventListener("abort", () => resolve(new Response("too late")));
          return promise;
        },
      })],
    });
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitClosed()).map(({ status }) => status), [503]);
    // Its promise never settles, and its hold with it: nobody else can let go.
    for (const request of bench.server.requests) request.holds?.release();
  });
}

/** Of one byte each 100 ms the rate is too low; the other clock of a body has time. */
const RATE_CLOCKS = {
  bodyTimeoutMs: 60_000,
  bodyBytesPerSecondMin: 100,
  bodyRateWindowMs: 300,
};

function checkRate(check: ServerCheck): void {
  const clocks = RATE_CLOCKS;

  check("bodyBytesPerSecondMin refuses a trickle that never stops with 408", async (bench) => {
    await bench.serve({ handlers: [echo], clocks });
    const client = bench.connect().request("POST", "/", "Content-Length: 20");
    await trickle(bench, client, "x".repeat(20), 100);
    const [refusal] = await client.waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection")], [408, "close"]);
  });

  check("bodyBytesPerSecondMin: 0 lets a trickle be, for one request too", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.setClocks({ bodyBytesPerSecondMin: 0 });
        return echo(request);
      }],
      clocks,
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 6");
    await trickle(bench, client, "x".repeat(6), 100);
    assertEquals((await client.waitAnswers(1))[0]?.body, "x".repeat(6));
  });
}

function checkHandlerClock(check: ServerCheck): void {
  check("handlerTimeoutMs does not count the time in which a body comes", async (bench) => {
    await bench.serve({ handlers: [echo], clocks: { handlerTimeoutMs: 200 } });
    const client = bench.connect().request("POST", "/", "Content-Length: 6");
    await trickle(bench, client, "upload", 100);
    assertEquals((await client.waitAnswers(1))[0]?.body, "upload");
  });

  check("handlerTimeoutMs goes on where it stood when the body is complete", async (bench) => {
    let completeMs = -1;
    let lateMs = -1;
    const now = () => bench.server.loop.now();
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the test");
        request.onAbort(() => {
          lateMs = now();
          hold.release();
        });
        request.body.read({
          onBody: () => {},
          onBodyEnd: () => completeMs = now(),
          onBodyError: () => {},
        });
        return DONE;
      }],
      clocks: { handlerTimeoutMs: 200 },
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 3");
    await trickle(bench, client, "abc", 100);
    const [refusal] = await client.waitClosed();
    assertEquals(refusal?.status, 503);
    assert(lateMs - completeMs >= 200, "the handler had less than its time");
  });

  check("handlerTimeoutMs runs while the handler takes no more of the body", async (bench) => {
    await bench.serve({ handlers: [asksAndIgnores], clocks: { handlerTimeoutMs: 300 } });
    const client = bench.connect().request("POST", "/", "Content-Length: 9").send("a");
    assertEquals((await client.waitClosed()).map(({ status }) => status), [503]);
  });
}

function checkSurvivors(check: ServerCheck): void {
  check("bodyBytesPerSecondMin counts no time in which nobody waits", async (bench) => {
    let goOn = () => {};
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the body");
        const { body } = request;
        let size = 0;
        body.read({
          onBody(bytes) {
            size += bytes.length;
            body.stop();
          },
          onBodyEnd() {
            request.respond(200, TEXT, String(size));
            request.finalize();
            hold.release();
          },
          onBodyError: () => hold.release(),
        });
        goOn = () => body.start();
        return DONE;
      }],
      clocks: RATE_CLOCKS,
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 4").send("a");
    for (const piece of ["b", "c", "d"]) {
      await after(bench, 600);
      client.send(piece);
      goOn();
    }
    await after(bench, 600);
    goOn();
    assertEquals((await client.waitAnswers(1))[0]?.body, "4");
  });

  check("bodyTimeoutMs counts from the last bytes", async (bench) => {
    await bench.serve({ handlers: [echo], clocks: { bodyTimeoutMs: 400 } });
    const client = bench.connect().request("POST", "/", "Content-Length: 4");
    await trickle(bench, client, "slow", 300);
    assertEquals((await client.waitAnswers(1))[0]?.body, "slow");
  });
}
