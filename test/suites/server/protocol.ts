/**
 * Checks of HTTP/1.1 itself (RFC 9110, RFC 9112): connections, pipelines, versions, refusals.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { Handler } from "../../../core/handlers.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";

const TEXT = { "content-type": "text/plain" };

/** Answers its target, at once. */
function echoTarget(request: HttpRequest): ResultCode {
  return request.respond(200, TEXT, request.target);
}

/** Answers its target from promises of different lengths: `/3` takes longer than `/1`. */
async function echoLater(request: HttpRequest): Promise<ResultCode> {
  for (let turns = Number(request.target.slice(1)) * 5; turns > 0; turns--) await null;
  return request.respond(200, TEXT, request.target);
}

export function checkProtocol(check: ServerCheck): void {
  checkConnections(check);
  checkPipelines(check);
  checkHeads(check);
  checkRefusals(check);
}

function checkConnections(check: ServerCheck): void {
  check("HTTP/1.1 connections are kept and answered again", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().request("GET", "/a");
    assertEquals((await client.waitAnswers(1))[0]?.body, "/a");
    client.request("GET", "/b");
    const answers = await client.waitAnswers(2);
    assertEquals(answers[1]?.body, "/b");
    assertEquals(fieldOf(answers[1]!, "connection"), null);
    assertEquals(client.closed, null);
  });

  check("Connection: close is echoed and obeyed", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().request("GET", "/", "connection: Close");
    const [answer] = await client.waitClosed();
    assertEquals(answer?.status, 200);
    assertEquals(fieldOf(answer!, "connection"), "close");
  });

  check("HTTP/1.0 closes by default, and says so", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().send("GET / HTTP/1.0\r\n\r\n");
    const [answer] = await client.waitClosed();
    assertEquals(answer?.status, 200);
    assertEquals(fieldOf(answer!, "connection"), "close");
  });

  check("HTTP/1.0 with keep-alive is kept", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const request = "GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    const client = bench.connect().send(request);
    const [answer] = await client.waitAnswers(1);
    assertEquals(fieldOf(answer!, "connection"), "keep-alive");
    client.send(request);
    assertEquals((await client.waitAnswers(2)).length, 2);
  });

  check("a half-closing client is answered, and then the connection ends", async (bench) => {
    await bench.serve({ handlers: [echoLater] });
    const client = bench.connect().request("GET", "/3").request("GET", "/1").fin();
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.body), ["/3", "/1"]);
  });

  check("an idle connection that half-closes is closed", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().fin();
    assertEquals(await client.waitClosed(), []);
  });

  check("a connection past connectionsMax gets a complete 503", async (bench) => {
    await bench.serve({ handlers: [echoTarget], limits: { connectionsMax: 1 } });
    const first = bench.connect().request("GET", "/");
    await first.waitAnswers(1);
    const second = bench.connect();
    const [refusal] = await second.waitClosed();
    assertEquals(refusal?.status, 503);
    assertEquals(fieldOf(refusal!, "connection"), "close");
    first.request("GET", "/still");
    assertEquals((await first.waitAnswers(2))[1]?.body, "/still");
  });

  check("the last request of requestsPerConnectionMax says close", async (bench) => {
    await bench.serve({ handlers: [echoTarget], limits: { requestsPerConnectionMax: 2 } });
    const client = bench.connect().request("GET", "/1").request("GET", "/2").request("GET", "/3");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.body), ["/1", "/2"]);
    assertEquals(answers.map((answer) => fieldOf(answer, "connection")), [null, "close"]);
  });
}

function checkPipelines(check: ServerCheck): void {
  check("pipelined requests that compute let the others have their turn", async (bench) => {
    const order: string[] = [];
    await bench.serve({
      handlers: [(request) => {
        bench.rig.compute(2);
        order.push(request.target);
        return echoTarget(request);
      }],
    });
    const [many, one] = [bench.connect(), bench.connect()];
    await bench.settle(() => many.isOpen && one.isOpen, "two connections");
    const count = 100;
    many.methods = Array(count).fill("GET");
    many.send("GET /many HTTP/1.1\r\nHost: test\r\n\r\n".repeat(count)).fin();
    one.request("GET", "/one");
    assertEquals((await many.waitAnswers(count)).length, count);
    assertEquals((await one.waitAnswers(1)).length, 1);
    assertLess(order.indexOf("/one"), count / 2);
  });

  for (
    const [kind, handler] of [["synchronous", echoTarget], ["asynchronous", echoLater]] as const
  ) {
    check(`pipelined requests with ${kind} handlers are answered in order`, async (bench) => {
      await bench.serve({ handlers: [handler as Handler] });
      const targets = ["/3", "/1", "/2", "/0", "/5", "/1"];
      const heads = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`);
      const client = bench.connect().send(heads.join(""));
      const answers = await client.waitAnswers(targets.length);
      assertEquals(answers.map((answer) => answer.body), targets);
    });
  }

  check("pipelined requests wait until the one before is finalized", async (bench) => {
    const started: HttpRequest[] = [];
    const release: Array<() => void> = [];
    await bench.serve({
      handlers: [(request) => {
        started.push(request);
        const hold = request.hold("the test");
        release.push(() => {
          request.respond(200, TEXT, request.target);
          request.finalize();
          hold.release();
        });
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/a").request("GET", "/b");
    await bench.settle(() => started.length === 1, "the first request");
    await bench.rest();
    assertEquals(started.length, 1);
    release[0]!();
    await bench.settle(() => started.length === 2, "the second request");
    release[1]!();
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["/a", "/b"]);
  });

  check("a valid request is answered before the rubbish behind it is refused", async (bench) => {
    await bench.serve({ handlers: [echoLater] });
    const client = bench.connect().request("GET", "/2").send("\x00\x01 rubbish\r\n\r\n");
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [200, 400]);
    assertEquals(fieldOf(answers[1]!, "connection"), "close");
  });

  check("heads and bodies cut at every byte give the same answers", async (bench) => {
    await bench.serve({
      handlers: [
        (request) => request.body.bytes().then((bytes) => request.respond(200, TEXT, bytes)),
      ],
    });
    const stream = "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello" +
      "\r\nPOST /b HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n" +
      "GET /c HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    const whole = bench.connect().send(stream);
    const expected = (await whole.waitClosed()).map((answer) => [answer.status, answer.body]);
    assertEquals(expected, [[200, "hello"], [200, "abcde"], [200, ""]]);
    for (let cut = 1; cut < stream.length; cut += 3) {
      const client = bench.connect().send(stream.slice(0, cut));
      await bench.settle(() => client.isOpen, "the connection");
      await bench.rest();
      client.send(stream.slice(cut));
      const answers = (await client.waitClosed()).map((answer) => [answer.status, answer.body]);
      assertEquals(answers, expected, `cut at ${cut}`);
    }
  });
}

function checkHeads(check: ServerCheck): void {
  check("HEAD has the head of GET and no body", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().request("HEAD", "/abc").request("GET", "/abc");
    const [head, get] = await client.waitAnswers(2);
    assertEquals(fieldOf(head!, "content-length"), "4");
    assertEquals(head?.body, "");
    assertEquals(get?.body, "/abc");
  });

  check("HEAD says nothing of how a body of unknown length would end", async (bench) => {
    await bench.serve({
      handlers: [fetchHandler({
        fetch: ({ method }) => new Response(method === "HEAD" ? null : "text"),
      })],
    });
    const client = bench.connect().request("HEAD", "/").request("GET", "/");
    const [head] = await client.waitAnswers(2);
    assertEquals([head!.status, head!.body], [200, ""]);
    assertEquals(fieldOf(head!, "transfer-encoding"), null);
    assertEquals(fieldOf(head!, "content-length"), null);
  });

  check("HEAD over HTTP/1.0 keeps the connection that was asked to be kept", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200);
        return request.end();
      }],
    });
    const client = bench.connect();
    for (const count of [1, 2]) {
      client.methods.push("HEAD");
      client.send("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      const answers = await client.waitAnswers(count);
      assertEquals(answers.at(-1)?.status, 200);
    }
  });

  check("a 205 has no body, and says so", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(205, {}, "dropped")] });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => [answer.status, answer.body]), [[205, ""], [205, ""]]);
    assertEquals(fieldOf(answers[0]!, "content-length"), "0");
  });

  check("204 and 304 have no body and keep the connection", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(Number(request.target.slice(1)), {}, "")],
    });
    const client = bench.connect().request("GET", "/204").request("GET", "/304")
      .request("GET", "/200");
    const answers = await client.waitAnswers(3);
    assertEquals(answers.map((answer) => answer.status), [204, 304, 200]);
    assertEquals(fieldOf(answers[0]!, "content-length"), null);
    assertEquals(fieldOf(answers[0]!, "transfer-encoding"), null);
  });

  check("every answer has a Date", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    const date = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
    assertMatch(fieldOf(answer!, "date") ?? "", date);
  });

  check("leading empty lines, OPTIONS * and absolute targets are accepted", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, TEXT, `${request.method} ${request.url}`)],
    });
    const client = bench.connect().send("\r\n\r\nGET /a?b HTTP/1.1\r\nHost: t:81\r\n\r\n")
      .send("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n")
      .send("GET http://t/abs HTTP/1.1\r\nHost: t\r\n\r\n");
    const bodies = (await client.waitAnswers(3)).map((answer) => answer.body);
    assertEquals(bodies, ["GET http://t:81/a?b", "OPTIONS http://t", "GET http://t/abs"]);
  });

  check("fields reach the handler as sent, values without white space around", async (bench) => {
    await bench.serve({
      handlers: [
        (request) =>
          request.respond(200, TEXT, JSON.stringify([...request.head.fields()].slice(2))),
      ],
    });
    const client = bench.connect();
    client.request("GET", "/", "X-One:  a b\t", "x-one: \xe9", "Empty:");
    const [answer] = await client.waitAnswers(1);
    const text = new TextDecoder().decode(Uint8Array.from(answer!.body, (c) => c.charCodeAt(0)));
    assertEquals(JSON.parse(text), ["X-One", "a b", "x-one", "\xe9", "Empty", ""]);
  });
}

/** Requests that are refused: what is sent, and the status. */
const REFUSED: ReadonlyArray<readonly [string, string, number]> = [
  ["a field line that is folded", "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n c\r\n\r\n", 400],
  ["a bare LF", "GET / HTTP/1.1\nHost: t\n\n", 400],
  ["a bare CR in a value", "GET / HTTP/1.1\r\nHost: t\r\nA: b\rc\r\n\r\n", 400],
  ["white space before a colon", "GET / HTTP/1.1\r\nHost : t\r\n\r\n", 400],
  ["a NUL in a value", "GET / HTTP/1.1\r\nHost: t\r\nA: b\x00\r\n\r\n", 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
  ["a Host that no URL can have", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["a Host with a bad label", "GET / HTTP/1.1\r\nHost: xn--0\r\n\r\n", 400],
  ["a target that disagrees with Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400],
  [
    "a length and a coding",
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    400,
  ],
  ["white space in a length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3 4\r\n\r\n", 400],
  ["a signed length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +3\r\n\r\n", 400],
  [
    "a coding behind chunked",
    "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    400,
  ],
  ["a coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["another version", "GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["an expectation that nobody knows", "GET / HTTP/1.1\r\nHost: t\r\nExpect: tea\r\n\r\n", 417],
  ["a long target", `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: t\r\n\r\n`, 414],
  ["a large head", `GET / HTTP/1.1\r\nHost: t\r\nA: ${"a".repeat(40_000)}\r\n\r\n`, 431],
  ["many fields", `GET / HTTP/1.1\r\nHost: t\r\n${"A: b\r\n".repeat(150)}\r\n`, 431],
];

function checkRefusals(check: ServerCheck): void {
  check(
    "what is malformed is refused with a complete answer, and nothing else is disturbed",
    async (bench) => {
      await bench.serve({ handlers: [echoTarget] });
      const bystander = bench.connect().request("GET", "/before");
      await bystander.waitAnswers(1);
      for (const [what, bytes, status] of REFUSED) {
        const logged = bench.logs.length;
        const client = bench.connect().send(bytes);
        const answers = await client.waitClosed();
        assertEquals(answers.map((answer) => answer.status), [status], what);
        assertEquals(fieldOf(answers[0]!, "connection"), "close", what);
        assert(answers[0]!.body.length > 0, what);
        assertEquals(bench.logs.length, logged + 1, `one log line for ${what}`);
        assertStringIncludes(bench.logs[logged]!, String(status));
      }
      bystander.request("GET", "/after");
      assertEquals((await bystander.waitAnswers(2))[1]?.body, "/after");
    },
  );

  check("a refusal is received whole while the client still sends", async (bench) => {
    await bench.serve({ handlers: [echoTarget] });
    const client = bench.connect().send("GET / HTTP/1.1\r\nBad Name: x\r\n");
    client.send(new Uint8Array(2 * 1024 * 1024).fill(97));
    const answers = await client.waitClosed();
    assertEquals(answers.map((answer) => answer.status), [400]);
  });
}
