/**
 * Checks of what applications do wrong, by mistake or in passing: each costs its own request an
 * error at most, says what it was, and leaves nothing open. A promise that fails unheard would end
 * the process, and fails the run.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { inThread } from "../../../core/apps/in_thread.ts";
import {
  iterable,
  type IterableHandler,
  type IterableOutput,
} from "../../../core/apps/iterable.ts";
import { timed } from "../../../core/apps/iterable_middleware.ts";
import { bufOf } from "../../../core/buf.ts";
import { Compression } from "../../../core/filters/compression.ts";
import { terminateRequest } from "../../../core/finalize.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE } from "../../../core/status.ts";
import { adopt, closeHandle, detach, POLLABLE } from "../../../core/work/adopt.ts";
import { pollableOf } from "../../../core/work/ahead_pollable.ts";
import { every } from "../../../core/work/every.ts";
import type { Pause } from "../../../core/work/pause.ts";
import { Step, step } from "../../../core/work/step.ts";
import { SUSPENSION, type Suspension } from "../../../core/work/suspension.ts";
import { readable, tryRead } from "../../../core/work/waits.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ServerBench } from "./bench.ts";
import { exportsOf, serveExports } from "./thread_answers.ts";
import { JOBS, serveThreads, settled } from "./threads.ts";

export function checkGoingWrong(check: ServerCheck): void {
  checkItems(check);
  checkEnds(check);
  checkPauses(check);
  checkSteps(check);
  checkCallsThatRepeat(check);
  checkJobs(check);
  checkSources(check);
  checkAnswers(check);
}

/** Whatever it is, the compiler shall not mind. */
// deno-lint-ignore no-explicit-any -- mistakes are what these checks are about
type Anything = any;

const NO_TEXT: unknown = Object.create(null);
const failing = (): never => {
  throw new Error("planted");
};

/** One request of `handler`, whose answer begins with `status`; then nothing of it is open. */
async function answers(bench: ServerBench, handler: Handler, status: number): Promise<void> {
  await bench.serve({ handlers: [handler] });
  await oneMore(bench, status);
}

async function oneMore(bench: ServerBench, status: number): Promise<void> {
  const client = bench.connect().request("GET", "/", "Connection: close");
  const isOver = () => client.ended || client.closed !== null;
  await bench.settle(isOver, `the end; so far: ${client.received}`);
  // A reset may take on its way what had come.
  if (client.received !== "") assertMatch(client.received, new RegExp(`^HTTP/1.1 ${status} `));
  await atRest(bench);
}

async function atRest(bench: ServerBench): Promise<void> {
  const open = () => JSON.stringify(bench.server.inspect().requests);
  await bench.settle(() => bench.server.inspect().requests.length === 0, `the end: ${open()}`);
}

/** Asks, waits for the first byte of the body, and is given up. */
async function leaves(bench: ServerBench, handler: Handler): Promise<void> {
  let asked: HttpRequest | null = null;
  await bench.serve({ handlers: [(request) => handler(asked = request)] });
  const client = bench.connect().request("GET", "/");
  await bench.settle(() => client.received.includes("here"), "the first item");
  terminateRequest(asked!, "application");
  await atRest(bench);
}

function checkItems(check: ServerCheck): void {
  const iterators: Readonly<Record<string, (this: Anything) => Anything>> = {
    "a step that is nothing": () => undefined,
    "a promise of nothing": () => Promise.resolve(undefined),
    "a promise of an item that throws": () =>
      Promise.resolve({
        done: false,
        value: {
          get bytes() {
            return failing();
          },
        },
      }),
    "a thenable that throws": () => ({ then: failing }),
    "a block of a number": function () {
      return Promise.resolve({ done: false, value: this.out.flush(5) });
    },
    "what is only shaped like a buffer": () =>
      Promise.resolve({ done: false, value: { bytes: new Uint8Array(1), pos: 0, end: 1 } }),
  };
  for (const [what, next] of Object.entries(iterators)) {
    check(`iterable() survives ${what}`, async (bench) => {
      const app = (_request: HttpRequest, out: IterableOutput): Anything => ({
        [Symbol.asyncIterator]: () => ({ out, next }),
      });
      await answers(bench, iterable(app), 500);
      assertMatch(bench.logs.join("\n"), /handler "iterable" failed/);
    });
  }

  check("iterable() survives a buffer that is yielded twice", async (bench) => {
    const buf = bufOf(new Uint8Array(100_000));
    const app: IterableHandler = async function* () {
      yield buf;
      yield buf;
      await Promise.resolve();
      yield "behind";
    };
    await bench.serve({ handlers: [iterable(app)] });
    const client = bench.connect().request("GET", "/", "Connection: close");
    await bench.settle(() => client.ended || client.closed !== null, "the end");
    await atRest(bench);
  });

  check("iterable() refuses an asynchronous function, and hears its failure", async (bench) => {
    const app: Anything = () => Promise.reject(new Error("planted"));
    await answers(bench, iterable(app), 500);
    assertMatch(bench.logs.join("\n"), /an object \(Promise\) instead of an iterable/);
  });

  check("a request survives an error that has no text", async (bench) => {
    const throwing: IterableHandler = function* () {
      yield Promise.reject(NO_TEXT);
    };
    await answers(bench, iterable(throwing), 500);
    assertMatch(bench.logs.join("\n"), /something that has no text/);
  });
}

function checkEnds(check: ServerCheck): void {
  check("iterable() ends though what is yielded in a finally block fails", async (bench) => {
    const app: IterableHandler = function* (_request, out) {
      try {
        yield "here";
        yield out.pause();
      } finally {
        yield Promise.reject(new Error("planted"));
      }
    };
    await leaves(bench, iterable(app));
  });

  check("iterable() and step() end though a wait cannot be given up", async (bench) => {
    const stubborn: Anything = { [SUSPENSION]: () => failing };
    const app: IterableHandler = function* (request) {
      step(
        function* () {
          yield stubborn;
        }(),
        { request },
      );
      yield "here";
      yield stubborn as Suspension;
    };
    await leaves(bench, iterable(app));
  });

  check("a listener may be asynchronous: that it fails is logged", async (bench) => {
    const app: IterableHandler = function* (request) {
      const failsLate: Anything = () => Promise.reject(new Error("planted"));
      request.onCleanup(failsLate);
      yield "here";
    };
    await answers(bench, iterable(timed(app, () => Promise.reject(NO_TEXT) as Anything)), 200);
    const isLogged = () => bench.logs.length === 2;
    await bench.settle(isLogged, "both log lines");
    assertMatch(bench.logs.join("\n"), /a listener failed[^]*planted/);
    assertMatch(bench.logs.join("\n"), /the report of a timing failed/);
  });
}

function checkPauses(check: ServerCheck): void {
  check("a pause of another request throws when that one is over", async (bench) => {
    let pause: Pause | null = null;
    let asked: HttpRequest | null = null;
    const seen: string[] = [];
    const app: IterableHandler = function* (request, out) {
      if (request.target === "/first") {
        asked = request;
        pause = out.pause();
        yield out.flush("here");
        yield new Promise(() => {});
      }
      try {
        yield pause!;
      } catch (error) {
        seen.push((error as Error).message);
      }
      yield "behind";
    };
    await bench.serve({ handlers: [iterable(app)] });
    const first = bench.connect().request("GET", "/first");
    await bench.settle(() => first.received.includes("here"), "the pause");
    const second = bench.connect().request("GET", "/second");
    await bench.settle(() => pause!.yielded, "the wait of the second");
    terminateRequest(asked!, "application");
    await second.waitAnswers(1);
    const third = bench.connect().request("GET", "/third");
    await third.waitAnswers(1);
    assertEquals(seen.length, 2);
    for (const message of seen) assertMatch(message, /is over/);
    await atRest(bench);
  });
}

function checkSteps(check: ServerCheck): void {
  check("step() refuses what is no generator, and holds nothing for it", async (bench) => {
    const wrong: readonly Anything[] = [
      function* () {},
      (async function* () {})(),
      undefined,
      [1, 2],
    ];
    await answers(bench, (request) => {
      for (const one of wrong) {
        const error = assertThrows(() => step(one, { request }), TypeError);
        assertMatch(error.message, /step takes a (synchronous )?generator/);
      }
      const signal: Anything = new AbortController();
      assertThrows(() => step(function* () {}(), { request, signal }), TypeError);
      return request.respond(200);
    }, 200);
  });

  check("step() fails what answers its slices by promises", async (bench) => {
    const slow: Anything = { next: () => Promise.resolve({ done: false, value: 0 }) };
    await answers(bench, async (request) => {
      const error = await assertRejects(() => step(slow, { request }).done, TypeError);
      return request.respond(200, {}, error.message);
    }, 200);
  });

  check(
    "step() lets its request go though what it returned throws when it is asked",
    async (bench) => {
      const unaskable: Anything = { then: failing };
      await answers(bench, (request) => {
        step(
          function* () {
            yield;
            return unaskable;
          }(),
          { request },
        );
        return DONE;
      }, 500);
      await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
    },
  );

  check("step() hears what fails behind its end", async (bench) => {
    await answers(bench, (request) => {
      step(
        function* () {
          yield;
          return Promise.reject(new Error("planted"));
        }(),
        { request },
      );
      return DONE;
    }, 500);
    const { server } = bench;
    const stopped = step(
      function* () {
        try {
          yield Promise.resolve();
          for (;;) yield;
        } finally {
          yield Promise.reject(new Error("planted, too"));
        }
      }(),
      { server },
    );
    stopped.done.catch(() => {});
    await bench.settle(() => stopped.usedMs > 0, "a slice");
    stopped.stop();
    await bench.rest();
  });

  check("step() and every() do nothing for a request that is over", async (bench) => {
    const over: HttpRequest[] = [];
    await answers(bench, (request) => {
      over.push(request);
      return request.respond(200);
    }, 200);
    const [request] = over as [HttpRequest];
    const endless = step(
      function* () {
        for (;;) yield;
      }(),
      { request },
    );
    assert(endless instanceof Step && endless.isOver, "it runs for nobody");
    assert(every(100, failing, { request, now: true }).isOver, "it repeats for nobody");
    await assertRejects(() => endless.done, Error, "over");
  });
}

function checkCallsThatRepeat(check: ServerCheck): void {
  check("every() refuses intervals that are none", async (bench) => {
    const server = await bench.serve({ handlers: [(request) => request.respond(200)] });
    for (const ms of [NaN, 0, -1, 5e-324, Infinity]) {
      assertThrows(() => every(ms, failing, { server }), RangeError, "an interval");
    }
  });

  check("every() ends a request that nobody else holds when it fails", async (bench) => {
    await answers(bench, (request) => {
      every(10, failing, { request });
      return DONE;
    }, 500);
    assertMatch(bench.logs[0]!, /planted/);
  });
}

function checkJobs(check: ServerCheck): void {
  check(
    "inThread() fails the job, not the thread, by a write that is not awaited",
    async (bench) => {
      await serveExports(bench, JOBS);
      for (const target of ["/writeNonsense", "/whole/writeNonsense", "/throwNoText"]) {
        const client = bench.connect().request("GET", target, "Connection: close");
        await bench.settle(() => client.ended || client.closed !== null, "the end");
        assert(!client.received.endsWith("0\r\n\r\n"), "a cut-off answer looks whole");
      }
      const [last] = await bench.connect().request("GET", "/writeUnheard").waitAnswers(1);
      assertEquals(last!.body, "in time");
      await bench.connect().request("GET", "/text").waitAnswers(1);
      const [inOrder] = await bench.connect().request("GET", "/writeUnawaited").waitAnswers(1);
      assertEquals(inOrder!.body, "0123456789");
      const { started, lost } = bench.server.threads.report();
      assertEquals({ started, lost }, { started: 1, lost: 0 });
    },
  );

  check("inThread() and callInThread() refuse deadlines that are none", async (bench) => {
    const threads = await serveThreads(bench);
    for (const deadlineMs of [NaN, -1, "100" as Anything]) {
      assertThrows(() => inThread(JOBS, "text", { deadlineMs }), TypeError, "deadlineMs");
      const call = threads.callInThread(JOBS, "add", [1, 2], { deadlineMs });
      await assertRejects(() => settled(bench, call), TypeError, "deadlineMs");
    }
    assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 2])), 3);
  });

  check(
    "callFromThread() may call what is asynchronous: that it fails is logged",
    async (bench) => {
      const threads = await serveThreads(bench);
      const calls: Anything = { told: () => Promise.reject(NO_TEXT) };
      await settled(bench, threads.callInThread(JOBS, "callBack", [2], { calls }));
      const told = () => bench.logs.filter((line) => line.includes('called "told", which failed'));
      await bench.settle(() => told().length === 2, "both log lines");
      // Arguments that cannot be copied, for a reason that has no text.
      const odd = {
        get member() {
          throw NO_TEXT;
        },
      };
      const refused = threads.callInThread(JOBS, "add", [odd]);
      await assertRejects(() => settled(bench, refused), Error, "cannot be called");
      assertEquals(await settled(bench, threads.callInThread(JOBS, "add", [1, 2])), 3);
    },
  );

  check("inThread() waits a turn behind many small entries", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        if (request.target === "/") return request.respond(200);
        return exportsOf(JOBS)(request);
      }],
    });
    for (const target of ["/flushes?5000", "/whole/flushes?5000"]) {
      const [answer] = await bench.connect().request("GET", target).waitAnswers(1);
      assertEquals(answer!.body.length, 5000);
    }
  });
}

/** What a source of the foreign door may do wrong, by the names of its calls. */
const FAILING_SOURCES: Readonly<Record<string, object>> = {
  watch: { watch: failing },
  poll: { poll: failing },
  "poll, later": {
    poll(this: Anything) {
      return this.asked === true ? failing() : (this.asked = true, "waiting");
    },
  },
  "read, behind an empty piece": pollableOf({
    read(this: Anything) {
      return this.asked === true
        ? failing()
        : (this.asked = true, Promise.resolve({ value: new Uint8Array(0) }));
    },
  }),
  "read, that answers nothing": pollableOf({ read: () => Promise.resolve(undefined as Anything) }),
};

function foreign(calls: object): object {
  const pollable = "tryRead" in calls
    ? calls
    : { poll: () => "waiting", watch() {}, unwatch() {}, tryRead: () => null, ...calls };
  return { [POLLABLE]: () => pollable };
}

function checkSources(check: ServerCheck): void {
  for (const [what, calls] of Object.entries(FAILING_SOURCES)) {
    check(`readable() tells of an error when a source fails in ${what}`, async (bench) => {
      const server = await bench.serve({ handlers: [(request) => request.respond(200)] });
      const handle = adopt(foreign(calls), server);
      const told = settled(bench, readable(handle, { timeoutMs: 20 }));
      assertEquals(await told, "error");
      assertThrows(() => tryRead(handle, 10), Error);
      closeHandle(handle);
    });
  }

  check("closeHandle() lets go of a source that does not let itself be closed", async (bench) => {
    const server = await bench.serve({ handlers: [(request) => request.respond(200)] });
    const source = foreign({ unwatch: failing, close: failing });
    for (let i = 0; i < 2; i++) {
      const handle = adopt(source, server);
      const waiting = readable(handle);
      assertThrows(() => closeHandle(handle), Error, "planted");
      assertEquals(await settled(bench, waiting), "hangup");
    }
    assertThrows(() => adopt({ [POLLABLE]: () => 5 }, server), TypeError, "not number 5");
  });

  check("closeHandle() and detach() let go of a piece that is no bytes", async (bench) => {
    const server = await bench.serve({ handlers: [(request) => request.respond(200)] });
    const objects = () =>
      new ReadableStream({ start: (controller) => controller.enqueue({ a: 1 }) });
    const closed = adopt(objects(), server);
    assertEquals(await settled(bench, readable(closed)), "ready");
    closeHandle(closed);
    const stream = objects();
    const detached = adopt(stream, server);
    assertEquals(await settled(bench, readable(detached)), "ready");
    await assertRejects(() => settled(bench, detach(detached)), TypeError, "no bytes");
    assertEquals(stream.locked, false);
  });
}

function checkAnswers(check: ServerCheck): void {
  check(
    "memory that is transferred after it was sent costs its own answer alone",
    async (bench) => {
      const sent = 300_000;
      await bench.serve({
        handlers: [(request) => {
          if (request.target === "/") return request.respond(200, {}, "whole");
          const bytes = new Uint8Array(sent).fill(120);
          request.sendHead(200, { "content-length": String(sent) });
          request.send(bytes);
          structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
          return request.end();
        }],
      });
      const client = bench.connect().request("GET", "/gone", "Connection: close");
      await bench.settle(() => client.ended || client.closed !== null, "the end");
      await atRest(bench);
      const [other] = await bench.connect().request("GET", "/").waitAnswers(1);
      assertEquals(other!.body, "whole");
    },
  );

  check("compression.deserves answers true or false, and codings are known", async (bench) => {
    const deserves: Anything = () => Promise.reject(new Error("planted"));
    await bench.serve({
      compression: { deserves },
      handlers: [
        (request) => request.respond(200, { "content-type": "text/plain" }, "x".repeat(2000)),
      ],
    });
    const client = bench.connect().request("GET", "/", "Accept-Encoding: gzip");
    assertEquals((await client.waitAnswers(1))[0]!.body, "x".repeat(2000));
    assertMatch(bench.logs[0]!, /compression.deserves failed[^]*neither true nor false/);
    const codings = ["lzma" as Anything];
    assertThrows(() => new Compression({ codings }, bench.server), TypeError, "lzma");
  });
}
