/**
 * Checks of what an application gives that is not what was asked for: it is refused at once, by a
 * name and in words, and its client sees a complete answer or a cut, never half of one.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { inThread } from "../../../core/apps/in_thread.ts";
import { iterable } from "../../../core/apps/iterable.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { OK } from "../../../core/status.ts";
import { adopt, closeHandle, openPipe } from "../../../core/work/adopt.ts";
import { every } from "../../../core/work/every.ts";
import { Poller } from "../../../core/work/poller.ts";
import { step } from "../../../core/work/step.ts";
import { tryWrite } from "../../../core/work/waits.ts";
import type { ServerCheck } from "../check_server.ts";

/** What is no body, and how it is called. `never`: the compiler would refuse all of it. */
const NO_BODIES: ReadonlyArray<readonly [body: never, name: string]> = [
  [{ hello: "world" } as never, "an object (Object)"],
  [[1, 2] as never, "an object (Array)"],
  [5 as never, "number 5"],
  [true as never, "boolean true"],
  [new ArrayBuffer(3) as never, "an object (ArrayBuffer)"],
  [new Uint16Array(2) as never, "an object (Uint16Array)"],
  [new DataView(new ArrayBuffer(3)) as never, "an object (DataView)"],
  [(() => "late") as never, "a function"],
];

export function checkMistakes(check: ServerCheck): void {
  check("respond() with what is no body is a 500 that names it", async (bench) => {
    let body: never;
    await bench.serve({ handlers: [(request) => request.respond(200, { "x-odd": "1" }, body)] });
    for (const [odd, name] of NO_BODIES) {
      body = odd;
      bench.logs.length = 0;
      const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
      assertEquals([answer?.status, answer?.body], [500, "500 Internal Server Error\n"]);
      assertEquals(bench.logs.length, 1);
      assertStringIncludes(bench.logs[0]!, `TypeError: respond takes text or bytes, not ${name}`);
    }
  });

  check("send() refuses what is no bytes, and takes nothing of it", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200);
        for (const [odd, name] of NO_BODIES) {
          const message = `send takes text, bytes or a Buf, not ${name}`;
          assertEquals(assertThrows(() => request.send(odd), TypeError).message, message);
        }
        request.send("whole");
        return request.end();
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals([answer?.status, answer?.body], [200, "whole"]);
    assertEquals(bench.logs, []);
  });

  check("text that is no result code takes one short line of the log", async (bench) => {
    const page = `<!doctype html>\n${"<p>long</p>\n".repeat(1000)}`;
    await bench.serve({ handlers: [(() => page) as never] });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.status, 500);
    assertEquals(bench.logs.length, 1);
    assertStringIncludes(bench.logs[0]!, 'answered string "<!doctype html>\\n<p>long</p>');
    assertEquals([bench.logs[0]!.includes("\n"), bench.logs[0]!.length < 200], [false, true]);
  });

  check("what waits, computes or repeats says what it needs", async (bench) => {
    let said: string[] = [];
    await bench.serve({
      handlers: [async (request) => {
        said = await mistakesOf(request);
        return request.respond(200);
      }],
    });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.status, 200);
    assertEquals(said, [
      "step takes a generator, not function numbers",
      "step takes a generator, not number 5",
      "step takes a synchronous generator: what it waits for is yielded",
      "a computation in steps belongs to a request or a server: name one",
      "a call that repeats belongs to a request or a server: name one",
      "every takes a function, not nothing",
      "whose reactor is to wait? It takes a request or a server, not nothing",
      "whose reactor is to wait? It takes a request or a server, not an object (Object)",
      "whose reactor is to wait? It takes a request or a server, not nothing",
      "whose reactor is to wait? It takes a request or a server, not nothing",
      "a module is named by its URL, not by function numbers: closures do not cross into a thread",
      "an export is named by a text, not by nothing",
      '"./numbers.ts" is relative to nobody: new URL("./numbers.ts", import.meta.url) is absolute',
      "deadlineMs is a number of more than 0, or Infinity, not NaN",
      'deadlineMs is a number of more than 0, or Infinity, not "5"',
      "deadlineMs is a number of more than 0, or Infinity, not 0",
      'register takes a function for "x", not nothing',
      'budgetMs is a number of more than 0, not string "5"',
    ]);
    assertEquals(bench.server.inspect().requests, []);
  });

  check("what is given to a handle or a poller is refused by name", async (bench) => {
    const said: string[] = [];
    await bench.serve({
      handlers: [(request) => {
        const handle = adopt(new ReadableStream(), request);
        const poller = new Poller(request);
        const calls: ReadonlyArray<() => unknown> = [
          () => tryWrite(handle, "text" as never),
          () => poller.register(handle, "reading" as never),
          () => poller.register(handle, "read", 5 as never),
        ];
        for (const call of calls) said.push(assertThrows(call, TypeError).message);
        assertEquals(poller.size, 0);
        closeHandle(handle);
        return request.respond(200);
      }],
    });
    await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(said, [
      'tryWrite takes bytes, not string "text"',
      'a poller waits for "read", "write" or "both", not for string "reading"',
      "a poller calls a function, not number 5",
    ]);
  });

  check("what makes a handler refuses what none can be made of", async (bench) => {
    const refused = (make: () => unknown) => assertThrows(make, TypeError).message;
    assertEquals(refused(() => iterable(5 as never)), "iterable takes a function, not number 5");
    assertEquals(
      refused(() => inThread(numbers as never, "x")),
      "a module is named by its URL, not by function numbers: closures do not cross into a thread",
    );
    assertEquals(
      refused(() => inThread(undefined as never, "x")),
      "a module is named by its URL, not by nothing: closures do not cross into a thread",
    );
    assertEquals(
      refused(() => inThread(new URL("file:///x.ts"), undefined as never)),
      "an export is named by a text, not by nothing",
    );
    assertEquals(
      refused(() => inThread("file:///x.ts", "x", { deadlineMs: NaN })),
      "deadlineMs is a number of more than 0, or Infinity, not NaN",
    );
    await bench.serve({ handlers: [() => OK] });
  });
}

/** What each of them says, in their order. */
async function mistakesOf(request: HttpRequest): Promise<string[]> {
  const threads = request.service.threads;
  const nothing = undefined as never;
  const calls: ReadonlyArray<() => unknown> = [
    () => step(numbers as never, { request }),
    () => step(5 as never, { request }),
    () => step(lateNumbers() as never, { request }),
    () => step(numbers(), nothing),
    () => every(100, () => {}, nothing),
    () => every(100, nothing, { request }),
    () => adopt({}, nothing),
    () => adopt({}, {} as never),
    () => openPipe("/nowhere", nothing),
    () => new Poller(nothing),
    () => threads.callInThread(numbers as never, "x"),
    () => threads.callInThread("file:///x.ts", nothing),
    () => threads.callInThread("./numbers.ts", "x"),
    () => threads.callInThread("file:///x.ts", "x", [], { deadlineMs: NaN }),
    () => threads.callInThread("file:///x.ts", "x", [], { deadlineMs: "5" as never }),
    () => threads.callInThread("file:///x.ts", "x", [], { deadlineMs: 0 }),
    () => threads.register("x", nothing),
    () => step(numbers(), { request, budgetMs: "5" as never }),
  ];
  const said: string[] = [];
  for (const call of calls) {
    const mistake = () => new Promise((resolve) => resolve(call()));
    said.push((await assertRejects(mistake, TypeError)).message);
  }
  return said;
}

function* numbers() {
  yield 1;
}

async function* lateNumbers() {
  yield await Promise.resolve(1);
}
