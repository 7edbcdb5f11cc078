/**
 * Checks of answers that threads make: what an export sees of a request, streaming under the
 * client's back-pressure, and the blocking mode, where the loop sends what is whole.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { gunzipSync } from "node:zlib";
import { inThread, type InThreadOptions } from "../../../core/apps/in_thread.ts";
import type { Files } from "../../../core/capabilities/files.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { Clocks, Limits } from "../../../core/limits.ts";
import { DECLINED } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { BodyTap } from "../hard/body_tap.ts";
import { type Answer, fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";
import { JOBS } from "./threads.ts";

/** A handler for `/<export>` of `module`, and `/whole/<export>` in the blocking mode. */
export function exportsOf(module: URL, options: InThreadOptions = {}): Handler {
  return (request) => {
    const [, whole, name] = /^\/(whole\/)?(\w+)/.exec(request.target) ?? [];
    if (name === undefined) return DECLINED;
    return inThread(module, name, { ...options, buffered: whole !== undefined })(request);
  };
}

export async function serveExports(
  bench: ServerBench,
  module: URL,
  limits: Partial<Limits> = {},
  clocks: Partial<Clocks> = {},
): Promise<void> {
  await bench.serve({ handlers: [exportsOf(module)], limits, clocks });
}

export function checkThreadAnswers(check: ServerCheck): void {
  checkStreamed(check);
  checkFailures(check);
  checkClients(check);
  checkWaiting(check);
  checkWhole(check);
}

function checkStreamed(check: ServerCheck): void {
  check("inThread() shows the export a request as plain data", async (bench) => {
    await serveExports(bench, JOBS);
    const client = bench.connect().post("/reflect?a=1", "the body", "X-Name: value");
    const [answer] = await client.waitAnswers(1);
    assertEquals([answer!.status, fieldOf(answer!, "x-made-in")], [203, "a thread"]);
    const seen = JSON.parse(answer!.body) as Record<string, unknown>;
    assertEquals([seen["method"], seen["target"], seen["body"]], [
      "POST",
      "/reflect?a=1",
      "the body",
    ]);
    assertEquals(seen["url"], "http://test/reflect?a=1");
    const headers = (seen["headers"] as [string, string][]).map(([name, value]) =>
      `${name.toLowerCase()}: ${value}`
    );
    assert(headers.includes("x-name: value"), String(headers));
    assertMatch(String(seen["id"]), /-1$/);
  });

  check(
    "inThread() takes text, a generator's text, and nothing but the head for HEAD",
    async (bench) => {
      await serveExports(bench, JOBS);
      const answers = await askInTurn(bench.connect(), [
        "GET /text",
        "GET /lines?3",
        "HEAD /lines?100",
        "GET /lines?0",
      ]);
      assertEquals(answers.map((answer) => [answer.status, answer.body]), [
        [200, "you asked for /text"],
        [200, "line 0\nline 1\nline 2\n"],
        [200, ""],
        [200, ""],
      ]);
    },
  );

  check("what a thread makes is compressed like any other answer", async (bench) => {
    await bench.serve({ handlers: [exportsOf(JOBS)], compression: true });
    const client = bench.connect();
    for (const [i, target] of ["/letters?50", "/whole/letters?50", "/lines?5000"].entries()) {
      client.request("GET", target, "Accept-Encoding: gzip");
      const answer = (await client.waitAnswers(i + 1))[i]!;
      assertEquals([answer.status, fieldOf(answer, "content-encoding")], [200, "gzip"]);
      const packed = Uint8Array.from(answer.body, (character) => character.charCodeAt(0));
      const text = gunzipSync(packed).toString();
      const wanted = target === "/lines?5000"
        ? Array.from({ length: 5000 }, (_, line) => `line ${line}\n`)
        : Array.from({ length: 50 }, (_, n) => String.fromCharCode(97 + n % 26).repeat(40_000));
      assertEquals(text === wanted.join(""), true, `${target} was not decoded to what was made`);
    }
  });

  check("a job whose answer has no body is not run to its end", async (bench) => {
    await serveExports(bench, JOBS);
    const answers = await askInTurn(bench.connect(), [
      "HEAD /untilStopped",
      "GET /noContent?204",
      "GET /whole/noContent?304",
      "GET /text",
    ]);
    assertEquals(answers.map((answer) => answer.status), [200, 204, 304, 200]);
    assertEquals(answers.map((answer) => answer.body.length > 0), [false, false, false, true]);
    assertEquals(fieldOf(answers[1]!, "x-made-in"), "a thread");
    assertEquals(bench.server.threads.report().started, 1);
  });

  check("a whole result of which only the head is sent is not read again", async (bench) => {
    const { files } = bench.rig.reactor;
    let opened = 0;
    let reads = 0;
    const openTemporary: Files["openTemporary"] = async (folder) => {
      opened++;
      const file = await files.openTemporary.call(files, folder);
      const read = file.read.bind(file);
      file.read = (...args) => (reads++, read(...args));
      return file;
    };
    const counting = Object.create(files, { openTemporary: { value: openTemporary } });
    Object.defineProperty(bench.rig.reactor, "files", { value: counting });
    await serveExports(bench, JOBS, { threadResultBufferBytes: 100_000 });
    const targets = ["HEAD /whole/letters?20", "GET /whole/text"];
    const [head, next] = await askInTurn(bench.connect(), targets);
    assertEquals([head!.status, fieldOf(head!, "content-length")], [200, "800000"]);
    assertEquals([next!.status, opened, reads], [200, 1, 0]);
  });

  for (const way of ["", "whole/"]) {
    check(`every byte of /${way}pattern arrives, once and in order`, async (bench) => {
      const total = 2_000_000;
      await serveExports(bench, JOBS, {
        threadWindowBytes: 64 * 1024,
        threadResultBufferBytes: 300_000,
      });
      assertEquals(await readPattern(bench, `/${way}pattern?${total}`), total);
      assertEquals(await readPattern(bench, `/${way}carelessly`), 500_000);
    });
  }
}

/** Asks one after another, `METHOD target` each. */
export async function askInTurn(
  client: RawClient,
  lines: readonly string[],
): Promise<readonly Answer[]> {
  let answers: readonly Answer[] = [];
  for (const [i, line] of lines.entries()) {
    const [method = "", target = ""] = line.split(" ");
    answers = await client.request(method, target).waitAnswers(i + 1);
  }
  return answers;
}

/** Reads an answer whose byte i is i mod 251. Answers how many came. */
async function readPattern(bench: ServerBench, target: string): Promise<number> {
  let wrongAt = -1;
  const tap = new BodyTap((bytes) => {
    const from = tap.bodyBytes - bytes.length;
    const i = bytes.findIndex((byte, at) => byte !== (from + at) % 251);
    if (i >= 0 && wrongAt < 0) wrongAt = from + i;
  });
  const client = bench.connect();
  client.keeps = false;
  client.onBytes = (bytes) => tap.take(bytes);
  client.request("GET", target);
  await bench.settle(() => tap.isDone || client.closed !== null, `the end of ${target}`);
  assertEquals(wrongAt, -1, "the first wrong byte");
  assert(tap.isDone, `${target} was cut off at ${tap.bodyBytes}`);
  return tap.bodyBytes;
}

function checkFailures(check: ServerCheck): void {
  check("what an export throws is a 500, or a reset behind the head", async (bench) => {
    await serveExports(bench, JOBS);
    const targets = ["GET /fail", "GET /whole/halfWay?100", "GET /badHead", "GET /noExport"];
    const answers = await askInTurn(bench.connect(), targets);
    assertEquals(answers.map((answer) => answer.status), [500, 500, 500, 500]);
    assertMatch(bench.logs[0]!, /RangeError[\s\S]*jobs\.ts/);
    const cut = bench.connect().request("GET", "/halfWay?100");
    await bench.settle(() => cut.closed !== null || cut.ended, "the end of a cut-off answer");
    assertEquals(cut.answers.length, 0, "a cut-off answer looks like a whole one");
    assertStringIncludes(bench.logs.at(-1)!, "half way");
    assertEquals(bench.server.threads.report().started, 1);
  });

  check(
    "a full queue is a 503 with Retry-After; a deadline that passes is a 503",
    async (bench) => {
      await serveExports(bench, JOBS, { threadQueueMax: 0 }, { threadDeadlineMs: 300 });
      const late = bench.connect().request("GET", "/never");
      await bench.settle(() => bench.server.threads.report().threads.length === 1, "a thread");
      const refused = bench.connect().request("GET", "/text");
      const [busy] = await refused.waitAnswers(1);
      assertEquals([busy!.status, fieldOf(busy!, "retry-after")], [503, "2"]);
      assertEquals((await late.waitAnswers(1))[0]!.status, 503);
      await bench.settle(() => bench.server.threads.report().lost === 1, "the end of the thread");
      const next = bench.connect().request("GET", "/text");
      assertEquals((await next.waitAnswers(1))[0]!.status, 200);
    },
  );
}

/** The one thread has a job without end, and one more may wait. */
class FullHouse {
  readonly bench: ServerBench;
  readonly #target: string;
  #slow: RawClient | null = null;

  constructor(bench: ServerBench, target: string) {
    this.bench = bench;
    this.#target = target;
  }

  async open(): Promise<void> {
    await serveExports(this.bench, JOBS, { threadQueueMax: 1 });
    this.#slow = stalledClient(this.bench, "/untilStopped");
    const isHeld = () => this.bench.server.threads.report().threads[0]?.waits === true;
    await this.bench.settle(isHeld, "the thread to wait for its client");
  }

  ask(): RawClient {
    return this.bench.connect().request("GET", this.#target);
  }

  async queued(count: number): Promise<void> {
    const { threads } = this.bench.server;
    await this.bench.settle(() => threads.report().queued === count, `${count} waiting jobs`);
  }

  async checkIsFull(): Promise<void> {
    assertEquals((await this.ask().waitAnswers(1))[0]!.status, 503);
  }

  /** Frees the thread: `client` waited for it, and as many jobs were begun as ought to be. */
  async checkAnswers(client: RawClient): Promise<void> {
    this.#slow!.reset();
    assertEquals((await client.waitAnswers(1))[0]!.body, `you asked for ${this.#target}`);
    assertEquals(this.bench.server.threads.report().jobs, 2);
  }
}

function checkWaiting(check: ServerCheck): void {
  for (const target of ["/text", "/whole/text"]) {
    check(`a job of ${target} that waits gives up its place at a reset`, async (bench) => {
      const house = new FullHouse(bench, target);
      await house.open();
      const client = house.ask();
      await house.queued(1);
      await house.checkIsFull();
      client.reset();
      await house.queued(0);
      const next = house.ask();
      await house.queued(1);
      await house.checkAnswers(next);
    });

    check(`a job of ${target} that waits keeps its place at a FIN`, async (bench) => {
      const house = new FullHouse(bench, target);
      await house.open();
      const client = house.ask();
      await house.queued(1);
      client.fin();
      await house.checkIsFull();
      await house.queued(1);
      await house.checkAnswers(client);
    });
  }
}

function checkClients(check: ServerCheck): void {
  check("a client that leaves stops its job, and the thread takes the next", async (bench) => {
    await serveExports(bench, JOBS);
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/untilStopped");
    await bench.settle(() => client.receivedBytes > 0, "the first bytes");
    await bench.settle(() => bench.server.threads.report().threads[0]!.waits, "the thread to wait");
    client.reset();
    const next = bench.connect().request("GET", "/text");
    assertEquals((await next.waitAnswers(1))[0]!.body, "you asked for /text");
    const { started, lost } = bench.server.threads.report();
    assertEquals({ started, lost }, { started: 1, lost: 0 });
  });

  check("what a job writes behind its end never gets into another's answer", async (bench) => {
    await serveExports(bench, JOBS);
    const answers = await askInTurn(bench.connect(), ["GET /keepOutput", "GET /writeLate"]);
    assertEquals(answers.map(({ body }) => body), [
      "mine",
      "refused: the job has ended: nothing more can be written or called",
    ]);
  });

  check("flush() in a thread sends the head and what was written", async (bench) => {
    await serveExports(bench, JOBS);
    const client = bench.connect().request("GET", "/untilStopped");
    await bench.settle(() => client.received.includes("here"), "what was flushed");
    assertMatch(client.received, /^HTTP\/1\.1 200 OK\r\n/);
    client.reset();
  });

  check("a slow client holds its thread, and no other request", async (bench) => {
    const thread = exportsOf(JOBS);
    await bench.serve({
      handlers: [(request) => request.target === "/" ? request.respond(200) : thread(request)],
    });
    const slow = stalledClient(bench, `/pattern?${4 * bench.bulkBytes}`);
    await bench.settle(() => bench.server.threads.report().threads[0]?.waits === true, "the wait");
    const report = bench.server.inspect().threads!;
    assertEquals([report.threads[0]!.job, report.threads[0]!.state], ["pattern", "running"]);
    const quick = bench.connect();
    for (let i = 1; i <= 20; i++) await quick.request("GET", "/").waitAnswers(i);
    slow.reset();
  });
}

/** Asks, and reads nothing behind the first bytes. */
function stalledClient(bench: ServerBench, target: string): RawClient {
  const client = bench.connect();
  client.keeps = false;
  client.onBytes = () => client.stopReading();
  return client.request("GET", target);
}

function checkWhole(check: ServerCheck): void {
  check(
    "a whole result has its length, and a slow client does not hold the thread",
    async (bench) => {
      await serveExports(bench, JOBS, { threadResultBufferBytes: 300_000 });
      const slow = stalledClient(bench, `/whole/pattern?${bench.bulkBytes}`);
      await bench.settle(() => slow.receivedBytes > 0, "the first bytes");
      const next = bench.connect().request("GET", "/whole/lines?2");
      const [answer] = await next.waitAnswers(1);
      assertEquals([answer!.body, fieldOf(answer!, "content-length")], ["line 0\nline 1\n", "14"]);
      assertGreater(bench.bulkBytes, slow.receivedBytes);
      slow.reset();
      await bench.settle(
        () => bench.server.inspect().requests.length === 0,
        "the end of the request",
      );
    },
  );

  check("a result past its bound is a 500, and stops the job", async (bench) => {
    await serveExports(bench, JOBS, { threadResultMaxBytes: 200_000 });
    const client = bench.connect().request("GET", "/whole/pattern?10000000");
    assertEquals((await client.waitAnswers(1))[0]!.status, 500);
    assertMatch(bench.logs[0]!, /its result has more than 200000 bytes/);
    client.request("GET", "/whole/lines?1");
    assertEquals((await client.waitAnswers(2))[1]!.body, "line 0\n");
    assertEquals(bench.server.threads.report().started, 1);
  });
}
