/**
 * Checks of request bodies: framing, back-pressure, expectations, limits, and bodies nobody reads.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, ERROR, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import { textOf } from "./bench.ts";

/** Answers the body that it got. */
async function echoBody(request: HttpRequest): Promise<ResultCode> {
  return request.respond(200, {}, await request.body.bytes());
}

/** Answers without looking at the body. */
function ignoreBody(request: HttpRequest): ResultCode {
  return request.respond(200, {}, "ignored");
}

export function checkBodies(check: ServerCheck): void {
  checkFraming(check);
  checkExpect(check);
  checkUnread(check);
  checkBroken(check);
  checkThrowing(check);
}

function checkThrowing(check: ServerCheck): void {
  for (const when of ["onBody", "onBodyEnd", "onBodyError"] as const) {
    check(`a consumer whose ${when} throws fails as its handler would`, async (bench) => {
      await bench.serve({
        handlers: [(request) => {
          if (request.target === "/next") return request.respond(200, {}, "next");
          const hold = request.hold("the body");
          const fail = (where: string) => {
            if (where !== when) return;
            hold.release();
            throw new Error("the consumer failed");
          };
          request.body.read({
            onBody: () => fail("onBody"),
            onBodyEnd: () => fail("onBodyEnd"),
            onBodyError: () => fail("onBodyError"),
          });
          return DONE;
        }],
        limits: { clientBodyMaxBytes: 6 },
      });
      const client = bench.connect();
      if (when === "onBodyError") {
        client.request("POST", "/", "Transfer-Encoding: chunked").send("7\r\nseven b\r\n");
        assertEquals((await client.waitAnswers(1))[0]?.status, 500);
      } else {
        client.post("/", "a body").request("GET", "/next");
        const answers = await client.waitAnswers(2);
        assertEquals(answers.map(({ status }) => status), [500, 200]);
      }
      assert(bench.logs.some((line) => line.includes("the consumer failed")), bench.logs.join());
    });
  }
}

function checkFraming(check: ServerCheck): void {
  check("a body of known length arrives whole, and the next request behind it", async (bench) => {
    await bench.serve({ handlers: [echoBody], limits: { clientBodyMaxBytes: 4 << 20 } });
    for (const size of [0, 1, 16_383, 16_384, 65_537, 1 << 20]) {
      const body = "0123456789abcdef".repeat(size / 16 + 1).slice(0, size);
      const client = bench.connect().post("/", body).request("GET", "/next");
      const answers = await client.waitAnswers(2);
      assertEquals(answers[0]!.body.length, size);
      assert(answers[0]!.body === body, `a body of ${size} bytes was changed`);
      assertEquals(answers[1]?.status, 200);
    }
  });

  check("a chunked body arrives whole, with its trailers", async (bench) => {
    let trailers: readonly string[] = [];
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the body");
        let text = "";
        request.body.read({
          onBody: (bytes) => text += textOf(bytes),
          onBodyEnd: (fields) => {
            trailers = fields;
            request.respond(200, {}, text);
            request.finalize();
            hold.release();
          },
          onBodyError: () => hold.release(),
        });
        return DONE;
      }],
    });
    const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
    client.send("5\r\nhello\r\n").send('A;name="v"\r\n, world 12\r\n0\r\nX-Sum: 7\r\n\r\n');
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.body, "hello, world 12");
    assertEquals(trailers, ["X-Sum", "7"]);
  });

  check("the last chunk is not the end before its final line", async (bench) => {
    await bench.serve({ handlers: [echoBody] });
    const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
    client.send("1\r\na\r\n0\r\n");
    await bench.settle(() => client.isOpen, "the connection");
    await bench.rest();
    assertEquals(client.received, "");
    client.send("\r\n");
    assertEquals((await client.waitAnswers(1))[0]?.body, "a");
  });

  check("a consumer that stops is not given more, and reading ahead is bounded", async (bench) => {
    let got = 0;
    let goOn = () => {};
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the body");
        const { body } = request;
        body.read({
          onBody: (bytes) => {
            if (got === 0) body.stop();
            got += bytes.length;
          },
          onBodyEnd: () => {
            request.respond(200, {}, String(got));
            request.finalize();
            hold.release();
          },
          onBodyError: () => hold.release(),
        });
        goOn = () => body.start();
        return DONE;
      }],
      limits: { clientBodyMaxBytes: 64 << 20 },
    });
    const size = bench.bulkBytes;
    const client = bench.connect().request("POST", "/", `Content-Length: ${size}`);
    client.send(new Uint8Array(size));
    await bench.settle(() => got > 0, "the first bytes");
    await bench.rest();
    assert(got <= 65_536, `a stopped consumer was given ${got} bytes`);
    goOn();
    assertEquals((await client.waitAnswers(1))[0]?.body, String(size));
  });
}

function checkExpect(check: ServerCheck): void {
  check("100 Continue is sent when the body is first asked for, in any case", async (bench) => {
    let ask = () => {};
    await bench.serve({
      handlers: [(request) => {
        const hold = request.hold("the test");
        ask = () => {
          request.body.bytes().then((bytes) => {
            request.respond(200, {}, bytes);
            request.finalize();
            hold.release();
          }, () => hold.release());
        };
        return DONE;
      }],
    });
    const client = bench.connect();
    client.request("POST", "/", "Content-Length: 2", "Expect: 100-CONTINUE");
    await bench.settle(() => bench.server.inspect().requests.length === 1, "the request");
    assertEquals(client.received, "");
    ask();
    assertEquals((await client.waitAnswers(1))[0]?.status, 100);
    client.send("ok");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.status), [100, 200]);
    assertEquals(answers[1]?.body, "ok");
  });

  check("without interest in the body there is no 100, and the connection ends", async (bench) => {
    await bench.serve({ handlers: [ignoreBody] });
    const client = bench.connect();
    client.request("POST", "/", "Content-Length: 5", "Expect: 100-continue");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [200]);
    assertEquals(fieldOf(answers[0]!, "connection"), "close");
  });

  check("HTTP/1.0 never gets a 100", async (bench) => {
    await bench.serve({ handlers: [echoBody] });
    const head = "POST / HTTP/1.0\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    const client = bench.connect().send(head).send("ok");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [200]);
  });
}

function checkUnread(check: ServerCheck): void {
  check("a small body that nobody reads is dropped and the connection kept", async (bench) => {
    await bench.serve({ handlers: [ignoreBody] });
    const client = bench.connect().post("/", "x".repeat(1000)).request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.status), [200, 200]);
  });

  check(
    "an answer before a large body is received whole, and the connection ends",
    async (bench) => {
      await bench.serve({ handlers: [ignoreBody], limits: { clientBodyMaxBytes: 64 << 20 } });
      const size = 10 << 20;
      const client = bench.connect().request("POST", "/", `Content-Length: ${size}`);
      client.send(new Uint8Array(size));
      const [answer] = await client.waitClosed();
      assertEquals(answer?.body, "ignored");
      assertEquals(fieldOf(answer!, "connection"), "close");
    },
  );
}

function checkBroken(check: ServerCheck): void {
  check("a declared body past the limit is refused with 413 before it is read", async (bench) => {
    let called = 0;
    await bench.serve({
      handlers: [(request) => {
        called++;
        return ignoreBody(request);
      }],
      limits: { clientBodyMaxBytes: 1000 },
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 1001");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [413]);
    assertEquals(called, 0);
  });

  check(
    "a chunked body past the limit is refused with 413 at the first excess byte",
    async (bench) => {
      await bench.serve({ handlers: [echoBody], limits: { clientBodyMaxBytes: 10 } });
      const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
      client.send("5\r\nhello\r\n6\r\nworld!\r\n");
      const answers = await client.waitClosed();
      assertEquals(answers.map((answer) => answer.status), [413]);
    },
  );

  check("a malformed chunk is refused with 400", async (bench) => {
    await bench.serve({ handlers: [echoBody] });
    const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
    client.send("5\r\nhello\r\nzz\r\n");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [400]);
  });

  check("a body that ends before its length is refused with 400", async (bench) => {
    await bench.serve({ handlers: [echoBody] });
    const client = bench.connect().request("POST", "/", "Content-Length: 10").send("abc").fin();
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [400]);
  });

  checkEndedByListener(check);
}

/** How a handler may ask for a body that it never gets. */
const ASKING: Readonly<Record<string, (request: HttpRequest) => void>> = {
  "bytes()": (request) => void request.body.bytes().catch(() => {}),
  "buffered()": (request) => void request.body.buffered().catch(() => {}),
};

/** Requests whose bodies cannot be had, and the status of each. */
const UNUSABLE: ReadonlyArray<readonly [string, string, number]> = [
  ["Transfer-Encoding: chunked", "b\r\nhello world\r\n", 413],
  ["Transfer-Encoding: chunked", "zz\r\n", 400],
  ["Content-Length: 9", "part", 408],
];

function checkEndedByListener(check: ServerCheck): void {
  const ending = (asks: (request: HttpRequest) => void) => (request: HttpRequest): ResultCode => {
    const hold = request.hold("the test");
    request.onAbort(() => {
      request.finalize(ERROR);
      hold.release();
    });
    asks(request);
    return DONE;
  };

  for (const [how, asks] of Object.entries(ASKING)) {
    check(`finalize(ERROR) in onAbort keeps the status of a bad body: ${how}`, async (bench) => {
      await bench.serve({
        handlers: [ending(asks)],
        limits: { clientBodyMaxBytes: 10 },
        clocks: { bodyTimeoutMs: 200 },
      });
      for (const [field, body, status] of UNUSABLE) {
        const client = bench.connect().request("POST", "/", field).send(body);
        assertEquals((await client.waitClosed()).map((answer) => answer.status), [status]);
      }
    });
  }

  check("respond() in onAbort of a handler that is late is the answer", async (bench) => {
    const answering = (request: HttpRequest) =>
      new Promise<ResultCode>((resolve) => {
        request.onAbort(() => resolve(request.respond(200, {}, "as far as it came")));
      });
    await bench.serve({ handlers: [answering], clocks: { handlerTimeoutMs: 200 } });
    const client = bench.connect().request("GET", "/");
    const answers = await client.waitClosed();
    assertEquals(answers.map(({ status, body }) => [status, body]), [[200, "as far as it came"]]);
    assertEquals(client.closed === "reset", false);
  });

  check("finalize(ERROR) in onAbort of a handler that is late is a 503", async (bench) => {
    await bench.serve({ handlers: [ending(() => {})], clocks: { handlerTimeoutMs: 200 } });
    const client = bench.connect().request("GET", "/");
    assertEquals((await client.waitClosed()).map((answer) => answer.status), [503]);
  });
}
