/**
 * Checks of iterable applications through a whole server: heads, items, ends, and what is refused.
 * Waiting is in `iterables_waiting.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { iterable, type IterableHandler } from "../../../core/apps/iterable.ts";
import type { IterableItems } from "../../../core/apps/iterable_items.ts";
import { bufOf } from "../../../core/buf.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerOptions } from "../../../core/server.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";

export function app(make: IterableHandler, more: Partial<ServerOptions> = {}): ServerOptions {
  return { ...more, handlers: [iterable(make)] };
}

export function checkIterables(check: ServerCheck): void {
  checkItems(check);
  checkHeads(check);
  checkConditions(check);
  checkEnds(check);
  checkBackPressure(check);
}

async function answerOf(bench: ServerBench, target: string, ...fields: string[]) {
  const [answer] = await bench.connect().request("GET", target, ...fields).waitAnswers(1);
  return answer!;
}

function checkItems(check: ServerCheck): void {
  check("iterable() sends texts, bytes and buffers in order, one chunk for each", async (bench) => {
    const bytes = new Uint8Array([0x62, 0xff]);
    const large = new Uint8Array(40_000).fill(0x78);
    const owner = { released: 0, bufReleased: () => void owner.released++ };
    await bench.serve(app(function* (_request, out) {
      out.head(201, { "x-a": "1" });
      yield "ä";
      yield bytes;
      yield bufOf(new Uint8Array([0x63]), owner);
      yield out.flush("f");
      yield large;
    }));
    const answer = await answerOf(bench, "/");
    assertEquals([answer.status, fieldOf(answer, "x-a"), answer.framing], [201, "1", "chunked"]);
    assertEquals(answer.body, `\xc3\xa4b\xffcf${"x".repeat(40_000)}`);
    await bench.settle(() => owner.released === 1, "the buffer");
  });

  check("iterable() sends what an asynchronous generator yields", async (bench) => {
    await bench.serve(app(async function* (request) {
      yield "a";
      await Promise.resolve();
      yield request.target;
      await bench.settle(() => true, "nothing");
      yield "c";
    }));
    assertEquals((await answerOf(bench, "/b")).body, "a/bc");
  });

  check("iterable() takes any iterable, and waits for a promise that is yielded", async (bench) => {
    const seen: unknown[] = [];
    await bench.serve(app((request) => {
      if (request.target === "/array") return ["a", "b"];
      return (function* () {
        seen.push(yield Promise.resolve(7));
        try {
          yield Promise.reject(new Error("planted"));
        } catch (error) {
          seen.push((error as Error).message);
        }
        yield "end";
      })();
    }));
    assertEquals((await answerOf(bench, "/array")).body, "ab");
    assertEquals((await answerOf(bench, "/")).body, "end");
    assertEquals(seen, [7, "planted"]);
  });

  check("an empty item never reaches the wire, and lets others have a turn", async (bench) => {
    const order: string[] = [];
    await bench.serve(app(function* (request) {
      for (let i = 0; i < 3; i++) {
        order.push(`${request.target}${i}`);
        yield i === 1 ? new Uint8Array(0) : "";
      }
      yield request.target;
    }));
    const clients = ["/a", "/b"].map((target) => bench.connect().request("GET", target));
    const bodies = await Promise.all(clients.map((client) => client.waitAnswers(1)));
    assertEquals(bodies.map(([one]) => one!.body), ["/a", "/b"]);
    assertEquals(order.length, 6);
  });

  check("iterable() refuses what is no chunk, and what is no iterable", async (bench) => {
    let returned = 0;
    await bench.serve(app((request) => {
      if (request.target === "/text") return "text" as unknown as IterableItems;
      return (function* () {
        try {
          yield 5 as unknown as string;
        } finally {
          returned++;
        }
      })();
    }));
    for (const target of ["/text", "/"]) {
      assertEquals((await answerOf(bench, target)).status, 500);
    }
    assertEquals(returned, 1);
    assertStringIncludes(bench.logs[0]!, 'answered string "text" instead of an iterable of chunks');
    assertStringIncludes(bench.logs[1]!, "yielded number 5 instead of a chunk");
  });
}

function checkHeads(check: ServerCheck): void {
  check("a head may be replaced until it is out, and not after", async (bench) => {
    let error: Error | null = null;
    await bench.serve(app(function* (_request, out) {
      out.head(500, { "x-first": "1", "content-length": 9 });
      yield "";
      out.head(202, { "x-second": "2" });
      assertEquals(out.headSent, false);
      yield "body";
      assertEquals(out.headSent, true);
      error = assertThrows(() => out.head(200), Error);
    }));
    const answer = await answerOf(bench, "/");
    assertEquals([answer.status, fieldOf(answer, "x-first")], [202, null]);
    assertEquals([fieldOf(answer, "x-second"), answer.body], ["2", "body"]);
    assertMatch(error!.message, /^the head is out/);
  });

  check("without a head it is a 200, and without an item it has no bytes", async (bench) => {
    await bench.serve(app(function* () {}));
    const answer = await answerOf(bench, "/");
    assertEquals([answer.status, answer.framing, answer.body], [200, "length", ""]);
  });

  check("flush() sends the head before there is a body", async (bench) => {
    let resume: (() => boolean) | null = null;
    await bench.serve(app(function* (_request, out) {
      out.head(200, { "x-early": "1" });
      yield out.flush("a");
      ({ resume } = out.pause());
      yield out.lastPause!;
      yield "b";
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => /x-early[^]*\r\n\r\n/i.test(client.received), "the head");
    assertEquals(client.answers.length, 0);
    await bench.settle(() => resume !== null, "the pause");
    resume!();
    assertEquals((await client.waitAnswers(1))[0]!.body, "ab");
  });

  check("HEAD ends at the head, and runs no body", async (bench) => {
    let asked = 0;
    await bench.serve(app(function* (request, out) {
      out.head(200, { "content-length": 5 });
      if (request.target === "/flush") yield out.flush();
      for (;;) {
        asked++;
        yield "aaaaa";
      }
    }));
    const client = bench.connect().request("HEAD", "/flush");
    const [first] = await client.waitAnswers(1);
    assertEquals([first!.status, fieldOf(first!, "content-length"), asked], [200, "5", 0]);
    client.request("HEAD", "/");
    await client.waitAnswers(2);
    assertEquals(asked, 1);
  });

  check("items past the Content-Length are cut and logged, and iteration stops", async (bench) => {
    let made = 0;
    let returned = 0;
    await bench.serve(app(function* (_request, out) {
      out.head(200, { "content-length": 6 });
      try {
        for (;; made++) yield "four";
      } finally {
        returned++;
      }
    }));
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitAnswers(1))[0]!.body, "fourfo");
    await bench.settle(() => returned === 1, "the return");
    assertEquals(made, 1);
    assertEquals(bench.logs.length, 1);
    assertStringIncludes(bench.logs[0]!, "sent more than its Content-Length of 6");
    client.request("GET", "/");
    assertEquals((await client.waitAnswers(2))[1]!.body, "fourfo");
  });

  check("items short of the Content-Length never look like a whole answer", async (bench) => {
    await bench.serve(app(function* (_request, out) {
      out.head(200, { "content-length": 9 });
      yield "four";
    }));
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
    assertStringIncludes(bench.logs[0]!, "sent 4 of its Content-Length of 9");
  });
}

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const OLDER = "Sun, 06 Nov 1994 08:49:36 GMT";

/** Fields of the application, of the request, and the status that they come to. */
const CONDITIONS: ReadonlyArray<readonly [Record<string, string>, readonly string[], number]> = [
  [{ etag: '"a"' }, [], 200],
  [{ etag: '"a"' }, ['If-None-Match: "a"'], 304],
  [{ etag: 'W/"a"' }, ['If-None-Match: "a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: W/"a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b", "c,d" , W/"a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b"', 'If-None-Match: "a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b"'], 200],
  [{ etag: '"a"' }, ["If-None-Match: a"], 200],
  [{ etag: '"a"' }, ["If-None-Match: *"], 304],
  [{ "last-modified": DATE }, [`If-Modified-Since: ${DATE}`], 304],
  [{ "last-modified": DATE }, ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], 304],
  [{ "last-modified": DATE }, ["If-Modified-Since: Sun Nov  6 08:49:37 1994"], 304],
  [{ "last-modified": DATE }, [`If-Modified-Since: ${OLDER}`], 200],
  [{ "last-modified": DATE }, ["If-Modified-Since: yesterday"], 200],
  [{ "last-modified": "never" }, [`If-Modified-Since: ${DATE}`], 200],
  // RFC 9110 §13.1.3: If-None-Match decides where both are.
  [
    { etag: '"a"', "last-modified": DATE },
    ['If-None-Match: "b"', `If-Modified-Since: ${DATE}`],
    200,
  ],
  [{ etag: '"a"' }, ['If-Match: "a"'], 200],
  [{ etag: 'W/"a"' }, ['If-Match: W/"a"'], 412],
  [{ etag: '"a"' }, ['If-Match: "b"'], 412],
  [{ etag: '"a"' }, ["If-Match: *", 'If-None-Match: "a"'], 304],
  [{ "last-modified": DATE }, [`If-Unmodified-Since: ${OLDER}`], 412],
  [{ "last-modified": DATE }, [`If-Unmodified-Since: ${DATE}`], 200],
];

function checkConditions(check: ServerCheck): void {
  for (const method of ["GET", "HEAD"]) {
    check(`conditions of ${method} are those of RFC 9110 §13`, async (bench) => {
      let fields: Record<string, string> = {};
      let asked = 0;
      await bench.serve(app(function* (_request, out) {
        out.head(200, { "content-type": "text/plain", "x-kept": "1", ...fields });
        yield out.flush();
        asked++;
        yield "body";
      }));
      for (const [said, wanted, status] of CONDITIONS) {
        fields = said;
        asked = 0;
        const client = bench.connect().request(method, "/", ...wanted);
        const [answer] = await client.waitAnswers(1);
        assertEquals([wanted, answer!.status], [wanted, status]);
        assertEquals(asked, status === 200 && method === "GET" ? 1 : 0);
        if (status === 200) continue;
        assertEquals(fieldOf(answer!, "content-type"), null);
        assertEquals(fieldOf(answer!, "x-kept"), "1");
        assertEquals(fieldOf(answer!, "etag"), said["etag"] ?? null);
        client.request("GET", "/again");
        await client.waitAnswers(2);
      }
    });
  }

  check("a condition counts for GET, HEAD and a success alone", async (bench) => {
    await bench.serve(app(function* (request, out) {
      out.head(request.target === "/404" ? 404 : 200, { etag: '"a"' });
      yield out.flush();
      yield "body";
    }));
    const client = bench.connect().request("GET", "/404", "If-None-Match: *");
    assertEquals((await client.waitAnswers(1))[0]!.status, 404);
    client.request("DELETE", "/", "If-None-Match: *");
    assertEquals((await client.waitAnswers(2))[1]!.status, 200);
  });

  check("an iterable behind a flush is closed without being asked for a chunk", async (bench) => {
    let begun = 0;
    const counts = { next: 0, return: 0 };
    await bench.serve(app((request, out) => {
      out.head(200, { etag: '"a"' });
      out.flush();
      if (request.target === "/generator") {
        return (function* () {
          begun++;
          yield "body";
        })();
      }
      const iterator = {
        next: () => ({ done: ++counts.next > 1, value: "body" }),
        return: () => ({ done: true as const, value: void counts.return++ }),
      };
      return { [Symbol.iterator]: () => iterator };
    }));
    const client = bench.connect();
    for (const [i, target] of ["/generator", "/iterator"].entries()) {
      client.request("GET", target, 'If-None-Match: "a"');
      assertEquals((await client.waitAnswers(i + 1))[i]!.status, 304);
    }
    assertEquals([begun, counts], [0, { next: 0, return: 1 }]);
    assertEquals((await answerOf(bench, "/iterator")).body, "body");
    assertEquals(counts, { next: 2, return: 2 });
  });
}

/**
 * The client leaves. Where a platform cannot reset, that is a FIN, which ends nothing: a write has
 * to meet the closed connection.
 */
export async function leave(bench: ServerBench, client: RawClient, request: HttpRequest) {
  client.reset();
  await bench.settle(() => request.abortCause !== null, "the abort");
  await bench.settle(() => {
    if (!request.terminated) request.send("x", { flush: true });
    return request.terminated;
  }, "the end of the request");
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
