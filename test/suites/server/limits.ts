/**
 * Checks of the limits: each by its name, at the limit and one past it. What a head may have is in
 * the wire cases, with the same names.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HttpError } from "../../../core/errors.ts";
import type { Handler } from "../../../core/handlers.ts";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DEFAULT_LIMITS, READ_BYTES_MAX } from "../../../core/limits.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";

const TEXT = { "content-type": "text/plain" };

function ok(request: HttpRequest): ResultCode {
  return request.respond(200, TEXT, "ok");
}

function echoBody(request: HttpRequest): Promise<ResultCode> {
  return request.body.bytes().then((bytes) => request.respond(200, TEXT, bytes));
}

export function checkLimits(check: ServerCheck): void {
  checkHeadLimits(check);
  checkBodyLimits(check);
  checkInput(check);
  checkPipelined(check);
  checkConnections(check);
  checkRequests(check);
}

/** The status of the answer to `head`, on a connection of its own. */
async function statusOf(bench: ServerBench, head: string): Promise<number | undefined> {
  const [answer] = await bench.connect().send(head).waitAnswers(1);
  return answer?.status;
}

function checkHeadLimits(check: ServerCheck): void {
  check("headBytesMax: a head of so many bytes is taken, one more is 431", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { headBytesMax: 200 } });
    const head = (size: number) => {
      const start = "GET / HTTP/1.1\r\nHost: t\r\nA: ";
      return `${start}${"a".repeat(size - start.length - 4)}\r\n\r\n`;
    };
    assertEquals(await statusOf(bench, head(200)), 200);
    assertEquals(await statusOf(bench, head(201)), 431);
  });

  check("headerCountMax: so many fields are taken, one more is 431", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { headerCountMax: 5 } });
    const head = (count: number) => {
      return `GET / HTTP/1.1\r\nHost: t\r\n${"A: b\r\n".repeat(count - 1)}\r\n`;
    };
    assertEquals(await statusOf(bench, head(5)), 200);
    assertEquals(await statusOf(bench, head(6)), 431);
  });

  check("targetBytesMax: a target of so many bytes is taken, one more is 414", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { targetBytesMax: 20 } });
    const head = (size: number) => {
      return `GET /${"a".repeat(size - 1)} HTTP/1.1\r\nHost: t\r\n\r\n`;
    };
    assertEquals(await statusOf(bench, head(20)), 200);
    assertEquals(await statusOf(bench, head(21)), 414);
  });
}

function checkBodyLimits(check: ServerCheck): void {
  check("clientBodyMaxBytes: a body of so many bytes is taken, one more is 413", async (bench) => {
    await bench.serve({ handlers: [echoBody], limits: { clientBodyMaxBytes: 10 } });
    const declared = (size: number) => {
      const client = bench.connect().request("POST", "/", `Content-Length: ${size}`);
      return client.send("x".repeat(size)).waitAnswers(1);
    };
    const chunked = (size: number) => {
      const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
      return client.send(`${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`).waitAnswers(1);
    };
    for (const send of [declared, chunked]) {
      assertEquals((await send(10))[0]?.body, "xxxxxxxxxx");
      assertEquals((await send(11))[0]?.status, 413);
    }
  });

  check("chunkFramingBytesMax: extensions count up to it, one more is 400", async (bench) => {
    await bench.serve({ handlers: [echoBody], limits: { chunkFramingBytesMax: 100 } });
    const status = async (extension: number) => {
      const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
      client.send(`1;${"x".repeat(extension)}\r\na\r\n0\r\n\r\n`);
      return (await client.waitAnswers(1))[0]?.status;
    };
    let most = 0;
    while (most <= 100 && await status(most + 1) === 200) most++;
    assert(most > 80 && most <= 100, `${most} bytes of extension were taken`);
    assertEquals(await status(most + 1), 400);
  });

  check("chunkFramingBytesMax: trailers count up to it, one more is 400", async (bench) => {
    await bench.serve({ handlers: [echoBody], limits: { chunkFramingBytesMax: 100 } });
    const status = async (size: number) => {
      const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
      client.send(`1\r\na\r\n0\r\nT: ${"x".repeat(size)}\r\n\r\n`);
      return (await client.waitAnswers(1))[0]?.status;
    };
    let most = 0;
    while (most <= 100 && await status(most + 1) === 200) most++;
    assert(most > 80 && most <= 100, `${most} bytes of trailer were taken`);
    assertEquals(await status(most + 1), 400);
  });
}

/** A handler that waits with its answer until it is told, and reads no body. */
function waiter(): { handler: Handler; answer(): void; readonly waits: boolean } {
  let request: HttpRequest | null = null;
  let hold: Hold | null = null;
  return {
    handler(arrived) {
      request = arrived;
      hold = arrived.hold("the test");
      return DONE;
    },
    get waits() {
      return request !== null;
    },
    answer() {
      request!.respond(200, TEXT, "ok");
      request!.finalize();
      hold!.release();
    },
  };
}

function checkInput(check: ServerCheck): void {
  check(
    "inputBytesMax: more than so many bytes that nobody takes stop the reading",
    async (bench) => {
      const waiting = waiter();
      const limits = { headBytesMax: 1000, inputBytesMax: 100_000, clientBodyMaxBytes: Infinity };
      await bench.serve({ handlers: [waiting.handler], limits });
      const client = bench.connect();
      client.request("POST", "/", `Content-Length: ${bench.bulkBytes}`);
      await bench.settle(() => waiting.waits, "the request");
      const read = () => bench.server.inspect().bytes.input;
      client.send(new Uint8Array(100_000));
      await bench.settle(() => read() >= 100_000, "what may be read ahead");
      client.send(new Uint8Array(bench.bulkBytes - 100_000));
      await bench.settle(() => read() > 100_000, "what goes past it");
      for (let i = 0; i < 3; i++) await bench.rest();
      assert(read() <= 100_000 + 2 * READ_BYTES_MAX + 1000, `${read()} bytes were kept`);
      client.reset();
      waiting.answer();
      await bench.settle(() => bench.server.inspect().requests.length === 0, "the end");
    },
  );

  check("inputBytesMax: a head that is larger comes in whole", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { inputBytesMax: 10 } });
    const client = bench.connect().send("GET / HTTP/1.1\r\nHost: t\r\n");
    await bench.settle(() => client.isOpen, "the connection");
    for (let i = 0; i < 5; i++) {
      await bench.rest();
      client.send(`Field-${i}: ${"x".repeat(100)}\r\n`);
    }
    client.send("\r\n");
    assertEquals((await client.waitAnswers(1))[0]?.status, 200);
  });
}

function checkPipelined(check: ServerCheck): void {
  check(
    "pipelinedRequestsMax: no more than so many wait for their answers to leave",
    async (bench) => {
      const open: number[] = [];
      await bench.serve({
        handlers: [(request) => {
          open.push(bench.server.load.requests);
          return ok(request);
        }],
        limits: { pipelinedRequestsMax: 3 },
      });
      const count = 20;
      const client = bench.connect();
      client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n".repeat(count));
      assertEquals((await client.waitAnswers(count)).length, count);
      // Three whose answers have not left, and the one that begins.
      const most = Math.max(...open);
      assert(most <= 4, `${most} requests were open`);
      if (bench.rig.cuts !== true && bench.rig.bulkBytes === undefined) assertEquals(most, 4);
    },
  );
}

function checkConnections(check: ServerCheck): void {
  check("connectionsMax: so many are served, one more gets 503 and is closed", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { connectionsMax: 2 } });
    await checkFull(bench, "too many connections");
  });

  check(
    "connectionsPerAddressMax: one more of an address gets 503 and is closed",
    async (bench) => {
      await bench.serve({ handlers: [ok], limits: { connectionsPerAddressMax: 2 } });
      await checkFull(bench, "too many connections from one address");
    },
  );

  for (const limit of ["connectionsMax", "connectionsPerAddressMax"]) {
    check(
      `refusedConnectionsMax: they take no place that ${limit} gives, and are bounded`,
      (bench) => checkRefused(bench, limit),
    );
  }

  check("connectionsPerAddressMax: Unix sockets have no address", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { connectionsPerAddressMax: 1 } });
    const listener = await bench.server.listen(bench.rig.unixAddress);
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      const client = bench.connect(listener.address).request("GET", "/");
      assertEquals((await client.waitAnswers(1))[0]?.status, 200);
      clients.push(client);
    }
    assertEquals(clients.map((client) => client.closed), [null, null, null]);
  });

  check("requestsPerConnectionMax: the last one says close", async (bench) => {
    await bench.serve({ handlers: [ok], limits: { requestsPerConnectionMax: 2 } });
    const client = bench.connect().request("GET", "/").request("GET", "/").request("GET", "/");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => fieldOf(answer, "connection")), [null, "close"]);
  });
}

/** Two are served; a third is not, until one of them has left. */
async function checkFull(bench: ServerBench, why: string): Promise<void> {
  const first = bench.connect().request("GET", "/");
  await first.waitAnswers(1);
  const second = bench.connect().request("GET", "/");
  await second.waitAnswers(1);
  const third = bench.connect();
  const [refusal] = await third.waitClosed();
  assertEquals(refusal?.status, 503);
  assertEquals(refusal?.body, `503 Service Unavailable: ${why}\n`);
  assertEquals(fieldOf(refusal!, "connection"), "close");
  const seconds = Math.ceil(DEFAULT_LIMITS.retryAfterMs / 1000);
  assertEquals(fieldOf(refusal!, "retry-after"), String(seconds));
  second.request("GET", "/");
  await second.waitAnswers(2);
  for (const client of [first, third]) bench.rig.reactor.close(client.handle);
  await bench.settle(() => bench.server.inspect().connections === 1, "the ends of two connections");
  const fourth = bench.connect().request("GET", "/");
  assertEquals((await fourth.waitAnswers(1))[0]?.status, 200);
}

/** One is served, and some that were refused linger for as long as they can. */
async function checkRefused(bench: ServerBench, limit: string): Promise<void> {
  await bench.serve({
    handlers: [ok],
    limits: { [limit]: 1, refusedConnectionsMax: 3 },
    clocks: { lingerTimeoutMs: 60_000, lingerTimeMs: 60_000 },
  });
  const served = bench.connect().request("GET", "/");
  await served.waitAnswers(1);
  for (let i = 0; i < 3; i++) {
    const refused = bench.connect();
    await bench.settle(() => refused.ended, "a refusal");
    assertEquals([refused.answers[0]?.status, refused.closed], [503, null]);
  }
  const tooMany = bench.connect();
  await bench.settle(() => tooMany.ended || tooMany.closed !== null, "the end of the next one");
  assertEquals(tooMany.received, "");
  assertEquals(bench.logs.length, 3);
  bench.rig.reactor.close(served.handle);
  await bench.settle(() => bench.server.inspect().connections === 3, "the end of the served one");
  const next = bench.connect().request("GET", "/");
  assertEquals((await next.waitAnswers(1))[0]?.status, 200);
}

function checkRequests(check: ServerCheck): void {
  check(
    "requestsMax: one more gets 503 with Retry-After, and no handler sees it",
    async (bench) => {
      const waiting = waiter();
      const targets: string[] = [];
      await bench.serve({
        handlers: [(request) => {
          targets.push(request.target);
          return request.target === "/wait" ? waiting.handler(request) : ok(request);
        }],
        limits: { requestsMax: 1, retryAfterMs: 1500 },
      });
      const other = bench.connect().request("GET", "/before");
      await other.waitAnswers(1);
      const first = bench.connect().request("GET", "/wait");
      await bench.settle(() => waiting.waits, "the first request");
      other.request("GET", "/refused");
      const [, refusal] = await other.waitAnswers(2);
      assertEquals(refusal?.status, 503);
      assertEquals(fieldOf(refusal!, "retry-after"), "2");
      assertEquals(fieldOf(refusal!, "connection"), null);
      waiting.answer();
      await first.waitAnswers(1);
      other.request("GET", "/after");
      assertEquals((await other.waitAnswers(3))[2]?.status, 200);
      assertEquals(targets, ["/before", "/wait", "/after"]);
      assertEquals(bench.logs.length, 2, bench.logs.join("; "));
    },
  );

  for (const [retryAfterMs, field] of RETRY_TIMES) {
    check(`retryAfterMs: ${retryAfterMs} is sent as ${field}`, async (bench) => {
      const busy: Handler = () => {
        throw new HttpError(503, "not-now", "not now", "server");
      };
      await bench.serve({ handlers: [busy], limits: { retryAfterMs } });
      const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
      assertEquals([answer?.status, fieldOf(answer!, "retry-after")], [503, field]);
    });
  }
}

/** Whole seconds, rounded up, and no field where nobody can say when to come again. */
const RETRY_TIMES = [[0, "0"], [1, "1"], [1000, "1"], [1001, "2"], [Infinity, null]] as const;
