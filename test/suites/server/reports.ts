/**
 * Checks of what `inspect()` says of a server while something waits in it. That nothing is left in
 * it afterwards is what the bench checks at the end of every check.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import { iterable } from "../../../core/apps/iterable.ts";
import type { Pollable } from "../../../core/capabilities/polls.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerReport } from "../../../core/inspect.ts";
import { adopt, closeHandle, POLLABLE } from "../../../core/work/adopt.ts";
import type { Pause } from "../../../core/work/pause.ts";
import { step } from "../../../core/work/step.ts";
import { readable } from "../../../core/work/waits.ts";
import type { ServerCheck } from "../check_server.ts";
import { leave } from "./iterable_app.ts";

/** Never ready. */
const SILENT: Pollable = {
  poll: () => "waiting",
  watch: () => {},
  unwatch: () => {},
};

/** Answers of every kind, and the bytes of their bodies before coding and framing. */
const COUNTED: { readonly [target: string]: readonly [handler: Handler, bytes: number] } = {
  "/whole": [(request) => request.respond(200, {}, "hello\n"), 6],
  "/letters": [(request) => request.respond(200, {}, "Grüße\n"), 8],
  "/large": [(request) => request.respond(200, {}, new Uint8Array(100_000)), 100_000],
  "/streamed": [(request) => {
    request.sendHead(200);
    request.send("hello, ");
    return request.send("world\n", { last: true });
  }, 13],
  "/compressed": [(request) => {
    return request.respond(200, { "content-type": "text/plain" }, "x".repeat(10_000));
  }, 10_000],
  "/fetch": [fetchHandler({ fetch: () => new Response("fetched\n") }), 8],
  "/short": [(request) => {
    request.sendHead(200, { "content-length": 10 });
    return request.send("abc", { last: true });
  }, 3],
  "/long": [(request) => {
    request.sendHead(200, { "content-length": 2 });
    return request.send("abc", { last: true });
  }, 2],
  "/nothing": [(request) => request.respond(204), 0],
  "/thrown": [() => Promise.reject(new Error("no")), "500 Internal Server Error\n".length],
};

/** Serves them, and counts when a request is over. */
function counting(counts: { [request: string]: number }): Handler {
  return (request) => {
    const name = `${request.method} ${request.target}`;
    request.onCleanup(() => counts[name] = request.bodyBytes);
    return COUNTED[request.target]![0](request);
  };
}

export function checkReports(check: ServerCheck): void {
  check("bodyBytes counts the body of every kind of answer", async (bench) => {
    const counts: { [request: string]: number } = {};
    await bench.serve({ handlers: [counting(counts)], compression: true });
    const wanted: { [request: string]: number } = {};
    for (const [target, [, bytes]] of Object.entries(COUNTED)) {
      wanted[`GET ${target}`] = bytes;
      const before = Object.keys(counts).length;
      bench.connect().request("GET", target, "Accept-Encoding: gzip");
      await bench.settle(() => Object.keys(counts).length > before, target);
    }
    wanted["HEAD /whole"] = 0;
    bench.connect().request("HEAD", "/whole");
    await bench.settle(() => "HEAD /whole" in counts, "the answer to HEAD");
    assertEquals(counts, wanted);
  });

  check("inspect() counts who is suspended, and no more when it goes on", async (bench) => {
    const pauses: Pause[] = [];
    let resolve!: (value: string) => void;
    const promise = new Promise<string>((settle) => resolve = settle);
    await bench.serve({
      handlers: [async (request) => {
        if (request.target !== "/step") return pausing(request);
        const { done } = step(waitFor(promise), { request });
        return request.respond(200, {}, await done);
      }],
    });
    const pausing = iterable(function* (_request, out) {
      const pause = out.pause();
      pauses.push(pause);
      yield pause;
      yield "paused";
    });
    const paused = bench.connect().request("GET", "/pause");
    const stepping = bench.connect().request("GET", "/step");
    const suspended = () => bench.server.inspect().waiting.suspended;
    await bench.settle(() => suspended() === 2, "both waits");
    resolve("stepped");
    assertEquals((await stepping.waitAnswers(1))[0]!.body, "stepped");
    assertEquals(suspended(), 1);
    pauses[0]!.resume();
    assertEquals((await paused.waitAnswers(1))[0]!.body, "paused");
    assertEquals(suspended(), 0);
  });

  check("inspect() forgets a suspension whose client left", async (bench) => {
    const requests: HttpRequest[] = [];
    await bench.serve({
      handlers: [iterable(function* (request, out) {
        requests.push(request);
        yield out.flush();
        yield out.pause();
      })],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => bench.server.inspect().waiting.suspended === 1, "the pause");
    await leave(bench, client, requests[0]!);
    await bench.settle(() => bench.server.inspect().waiting.suspended === 0, "the end of it");
  });

  check("inspect() counts handles and who watches them", async (bench) => {
    const waits: Promise<unknown>[] = [];
    await bench.serve({
      handlers: [(request) => {
        const handle = adopt({ [POLLABLE]: () => SILENT }, request);
        request.onCleanup(() => closeHandle(handle));
        const waited = readable(handle, { timeoutMs: 150 });
        waits.push(waited);
        return waited.then((outcome) => request.respond(200, {}, outcome));
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => waits.length === 1, "the wait");
    const { handles, watches } = bench.server.inspect().waiting;
    assertEquals({ handles, watches }, { handles: 1, watches: 1 });
    assertEquals((await client.waitAnswers(1))[0]!.body, "timeout");
  });

  check("inspect() is at hand in a fetch application, with the holds", async (bench) => {
    const reports: ServerReport[] = [];
    await bench.serve({
      handlers: [fetchHandler({
        fetch: async (_request, env) => {
          await Promise.resolve();
          reports.push(env!.request.service.inspect());
          return new Response("seen");
        },
      })],
    });
    const client = bench.connect().request("GET", "/x");
    assertEquals((await client.waitAnswers(1))[0]!.body, "seen");
    const [request] = reports[0]!.requests;
    assertEquals([request!.method, request!.target, request!.state], ["GET", "/x", "answering"]);
    assertEquals(request!.holds.length, 1);
  });
}

function* waitFor(promise: Promise<string>): Generator<unknown, string, string> {
  return yield promise;
}
