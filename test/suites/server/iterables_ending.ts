/**
 * Checks of how iterable applications end: by their own error, with their client, by a clock; and
 * that nobody asks one whose client does not read.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { IterableHandler } from "../../../core/apps/iterable.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerCheck } from "../check_server.ts";
import { answerOf, app, leave } from "./iterable_app.ts";

export function checkIterablesEnding(check: ServerCheck): void {
  checkEnds(check);
  checkBackPressure(check);
}

/** A generator that says how it ended, and which error it saw. */
function watched(make: IterableHandler): { app: IterableHandler; ends: number; asked: number } {
  const seen = {
    ends: 0,
    asked: 0,
    app: function* (request, out) {
      const inner = (make(request, out) as Iterable<string>)[Symbol.iterator]();
      try {
        for (;;) {
          seen.asked++;
          const { done, value } = inner.next();
          if (done === true) return;
          yield value;
        }
      } finally {
        seen.ends++;
      }
    } as IterableHandler,
  };
  return seen;
}

function checkEnds(check: ServerCheck): void {
  check("an error before the head is a 500, and one behind it a reset", async (bench) => {
    const seen = watched(function* (request) {
      if (request.target === "/late") yield "part";
      throw new Error("planted");
    });
    await bench.serve(app(seen.app));
    assertEquals((await answerOf(bench, "/early")).status, 500);
    const client = bench.connect().request("GET", "/late");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
    assertEquals(seen.ends, 2);
    assertEquals(bench.logs.length, 2);
    for (const line of bench.logs) assertMatch(line, /handler "iterable" failed\nError: planted/);
  });

  for (const kind of ["paused", "blocked", "asynchronous"] as const) {
    check(`a reset ends an iterable that is ${kind}, once`, async (bench) => {
      let ends = 0;
      let waits = false;
      const requests: HttpRequest[] = [];
      const bulk = new Uint8Array(100_000);
      const ended = Promise.withResolvers<void>();
      await bench.serve(app((request, out) => {
        requests.push(request);
        request.onTerminated(() => ended.resolve());
        return kind === "asynchronous"
          ? (async function* () {
            try {
              yield out.flush("a");
              waits = true;
              await ended.promise;
              yield "never";
            } finally {
              ends++;
            }
          })()
          : (function* () {
            try {
              yield out.flush("a");
              waits = true;
              if (kind === "paused") yield out.pause();
              for (;;) yield bulk;
            } finally {
              ends++;
            }
          })();
      }));
      const client = bench.connect();
      if (kind === "blocked") client.onBytes = () => client.stopReading();
      client.keeps = false;
      client.request("GET", "/");
      await bench.settle(() => waits && client.receivedBytes > 0, "the wait");
      await leave(bench, client, requests[0]!);
      await bench.settle(() => ends > 0, "the return");
      await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
      assertEquals(ends, 1);
      assertEquals(bench.logs, []);
    });
  }

  check(
    "an application that keeps its head is answered for by the handler's clock",
    async (bench) => {
      let ends = 0;
      await bench.serve(app(function* (_request, out) {
        try {
          yield out.pause();
        } finally {
          ends++;
        }
      }, { clocks: { handlerTimeoutMs: 50 } }));
      const answer = await answerOf(bench, "/");
      assertEquals(answer.status, 503);
      await bench.settle(() => ends === 1, "the return");
    },
  );

  check("what return() throws is logged, and the answer is whole", async (bench) => {
    await bench.serve(app(() => {
      let items = 0;
      const iterator = {
        next: () => ({ done: ++items > 2, value: "a" }),
        return: () => {
          throw new Error("planted");
        },
      };
      return { [Symbol.iterator]: () => iterator };
    }));
    assertEquals((await answerOf(bench, "/")).body, "aa");
    await bench.settle(() => bench.logs.length > 0, "the log line");
    assertStringIncludes(bench.logs[0]!, "failed at its end\nError: planted");
  });
}

function checkBackPressure(check: ServerCheck): void {
  check("an iterable is not asked while its client does not read", async (bench) => {
    let made = 0;
    const item = new Uint8Array(10_000).fill(0x61);
    const total = bench.bulkBytes;
    await bench.serve(app(function* () {
      for (; made < total; made += item.length) yield item;
    }));
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    let last = -1;
    let same = 0;
    await bench.settle(() => {
      same = made === last ? same + 1 : 0;
      last = made;
      return same > 20;
    }, "the iterable to rest");
    assert(made < total, "it was asked for everything");
    client.onBytes = null;
    client.goOnReading();
    await bench.settle(() => client.receivedBytes > total, "the rest");
  });
}
