/**
 * What is the own affair of the runtime over `Bun.serve`, on the way out: how each kind of answer
 * becomes a `Response`, how streams wait, how a request is given up.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { describe } from "node:test";
import { type Buf, bufOf, type BufOwner } from "../../core/buf.ts";
import type { AbortCause } from "../../core/errors.ts";
import { terminateRequest } from "../../core/finalize.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import { AGAIN, OK, type ResultCode } from "../../core/status.ts";
import { fieldOf } from "../suites/server/answers.ts";
import { check, endless, keep, letGo, TEXT } from "../unit/bun_serve/serve_bench.ts";

describe("bun_serve: whole answers", () => {
  check("an answer has its Content-Length, whenever it comes", async (bench) => {
    const kept: HttpRequest[] = [];
    await bench.serve({
      handlers: [(request) => {
        if (request.target === "/now") return request.respond(200, TEXT, "now");
        kept.push(request);
        return keep(request);
      }],
    });
    const client = bench.connect().request("GET", "/now");
    await client.waitAnswers(1);
    client.request("GET", "/later");
    await bench.settle(() => kept.length === 1, "the request");
    kept[0]!.respond(200, TEXT, "later");
    letGo(kept[0]!);
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["now", "later"]);
    assertEquals(answers.map((answer) => answer.framing), ["length", "length"]);
    assertEquals(kept[0]!.over, true);
  });

  check("an answer without a media type gets none", async (bench) => {
    const sizes = [0, 1, 70_000, 3 << 20];
    await bench.serve({
      handlers: [
        (request) => request.respond(200, {}, new Uint8Array(Number(request.target.slice(1)))),
      ],
    });
    const client = bench.connect();
    for (const [i, size] of sizes.entries()) {
      const before = client.receivedBytes;
      client.request("GET", `/${size}`);
      await bench.settle(() => client.receivedBytes > before + size, "the answer");
      const answer = (await client.waitAnswers(i + 1))[i]!;
      assertEquals(answer.body.length, size);
      assertEquals(answer.framing, "length");
      assertEquals(fieldOf(answer, "content-type"), null);
    }
  });

  check("items of one turn become one whole answer, also of several buffers", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        request.sendHead(200, TEXT);
        request.send("a".repeat(10_000));
        request.send("b".repeat(10_000));
        await null;
        request.send(new Uint8Array(20_000).fill(99));
        return request.send("d", { last: true });
      }],
    });
    // The handler is asynchronous: Bun gets a promise first, and the answer is complete by then.
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    const expected = "a".repeat(10_000) + "b".repeat(10_000) + "c".repeat(20_000) + "d";
    assert(answer?.body === expected, "the items were changed");
    await bench.settle(() => bench.server.inspect().requests.length === 0, "the request's end");
  });

  check("texts of answers do not share memory", async (bench) => {
    const kept: HttpRequest[] = [];
    await bench.serve({
      handlers: [(request) => {
        kept.push(request);
        return keep(request);
      }],
    });
    const clients = ["/aaaa", "/bb", "/cccccc"].map((target) =>
      bench.connect().request("GET", target)
    );
    await bench.settle(() => kept.length === 3, "the requests");
    for (const request of kept) {
      request.respond(200, request.target === "/bb" ? TEXT : {}, request.target);
      letGo(request);
    }
    for (const [i, target] of ["/aaaa", "/bb", "/cccccc"].entries()) {
      assertEquals((await clients[i]!.waitAnswers(1))[0]?.body, target);
    }
  });

  check(
    "heads go out as they are: cases, repeated fields, Latin-1, a Date of its own",
    async (bench) => {
      const date = "Sat, 01 Jan 2000 00:00:00 GMT";
      const fields = [
        ["X-Mixed-Case", "\xe9"],
        ["x-list", "1"],
        ["x-list", "2"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["date", date],
      ] as const;
      await bench.serve({ handlers: [(request) => request.respond(200, fields, "x")] });
      const client = bench.connect();
      for (const method of ["GET", "HEAD"]) client.request(method, "/");
      for (const answer of await client.waitAnswers(2)) {
        assertEquals(fieldOf(answer, "x-list"), "1, 2");
        assertEquals(answer.fields.filter(([name]) => name === "set-cookie").length, 2);
        assertEquals(answer.fields.filter(([name]) => name === "date"), [["date", date]]);
      }
      assertStringIncludes(client.received, "X-Mixed-Case: \xe9\r\n");
    },
  );

  check(
    "HEAD, 204, 205 and 304 have the fields that GET would have, and no body",
    async (bench) => {
      await bench.serve({
        handlers: [(request) => {
          switch (request.target) {
            case "/unknown":
              request.sendHead(200, TEXT);
              request.send("streamed");
              return request.end();
            case "/later":
              request.sendHead(200, TEXT);
              bench.server.loop.postCall(() => bench.server.loop.postCall(() => letGo(request)));
              return keep(request);
            case "/304":
              return request.respond(304, { etag: '"x"', "content-length": "1234" });
            default:
              return request.respond(Number(request.target.slice(1)), {});
          }
        }],
      });
      const client = bench.connect();
      const asked = ["/unknown", "/later", "/304", "/204", "/205"];
      for (const [i, target] of asked.entries()) {
        client.request(i < 2 ? "HEAD" : "GET", target);
        await client.waitAnswers(i + 1);
      }
      const answers = client.answers;
      assertEquals(answers.map((answer) => answer.body), ["", "", "", "", ""]);
      for (const answer of answers) {
        assertEquals(answer.fields.filter(([name]) => name === "date").length, 1);
      }
      assertEquals(fieldOf(answers[1]!, "transfer-encoding"), "chunked");
      assertEquals(fieldOf(answers[2]!, "content-length"), "1234");
      assertEquals(fieldOf(answers[3]!, "content-length"), null);
      assertEquals(fieldOf(answers[4]!, "content-length"), "0");
    },
  );
});

/** Sends `size` bytes of a pattern in pieces, waiting whenever it has to; counts the waits. */
function streamPattern(request: HttpRequest, size: number, waits: { count: number }): ResultCode {
  const code = keep(request);
  request.sendHead(200, TEXT);
  let sent = 0;
  const more = () => {
    for (;;) {
      const bytes = new Uint8Array(Math.min(40_000, size - sent));
      for (let i = 0; i < bytes.length; i++) bytes[i] = (sent + i) % 251;
      sent += bytes.length;
      const last = sent === size;
      const code = request.send(bytes, { last });
      if (last) letGo(request);
      else if (code === AGAIN) waits.count++;
      if (last || code !== OK) return;
    }
  };
  request.onWritable = more;
  more();
  return code;
}

describe("bun_serve: streamed answers", () => {
  check("a large body arrives exactly, and its producer waits", async (bench) => {
    const size = 12 << 20;
    const waits = { count: 0 };
    await bench.serve({ handlers: [(request) => streamPattern(request, size, waits)] });
    const client = bench.connect().request("GET", "/");
    // To look for answers in megabytes at each turn would take a minute.
    await bench.settle(() => client.received.endsWith("\r\n0\r\n\r\n"), "the last chunk");
    const [answer] = client.answers;
    assertEquals([answer?.framing, answer?.body.length], ["chunked", size]);
    let wrong = 0;
    for (let i = 0; i < size; i++) if (answer!.body.charCodeAt(i) !== i % 251) wrong++;
    assertEquals(wrong, 0);
    assertGreater(waits.count, 10);
  });

  check(
    "an item leaves at the end of its turn, and a flushed one without waiting",
    async (bench) => {
      const kept: HttpRequest[] = [];
      await bench.serve({
        handlers: [(request) => {
          kept.push(request);
          request.sendHead(200, TEXT);
          request.send(request.target, { flush: request.target === "/flushed" });
          return keep(request);
        }],
      });
      for (const target of ["/flushed", "/gathered"]) {
        const client = bench.connect().request("GET", target);
        await bench.settle(() => client.received.includes(target), "the first item");
        const request = kept.pop()!;
        request.send("+second");
        await bench.settle(() => client.received.includes("+second"), "the second item");
        request.end();
        letGo(request);
        assertEquals((await client.waitAnswers(1))[0]?.body, `${target}+second`);
        assertEquals(request.over, true);
      }
    },
  );

  check("buffers come home while a client does not read, and when it leaves", async (bench) => {
    const out = new Set<Buf>();
    const owner: BufOwner = {
      bufReleased: (buf) => assert(out.delete(buf), "a buffer came home that was not out"),
    };
    const causes: AbortCause[] = [];
    let sent = 0;
    await bench.serve({
      handlers: [(request) => {
        request.onAbort((cause) => causes.push(cause));
        const more = () => {
          for (;;) {
            const buf = bufOf(new Uint8Array(100_000), owner);
            out.add(buf);
            sent++;
            if (request.send(buf) !== OK) return;
          }
        };
        const code = keep(request);
        request.sendHead(200, {});
        request.onWritable = more;
        more();
        return code;
      }],
    });
    const client = bench.connect();
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    let before = -1;
    await bench.settle(() => {
      const rests = sent > 10 && sent === before;
      before = sent;
      return rests;
    }, "the producer to rest");
    await bench.rest();
    assert(out.size <= 3, `${out.size} buffers of 100,000 bytes are held`);
    client.reset();
    await bench.settle(() => causes.length > 0, "the abort");
    assertEquals([causes, out.size], [["client-gone"], 0]);
  });

  for (const version of ["1.1", "1.0"]) {
    check(`a slow client of HTTP/${version} sees a reset when it is given up`, async (bench) => {
      const causes: AbortCause[] = [];
      let streaming: HttpRequest | null = null;
      await bench.serve({
        handlers: [(request) => {
          streaming = request;
          return endless(request, causes);
        }],
      });
      const client = bench.connect();
      client.onBytes = () => client.stopReading();
      client.send(`GET / HTTP/${version}\r\nHost: t\r\n\r\n`);
      await bench.settle(() => client.receivedBytes > 0, "the first bytes");
      terminateRequest(streaming!, "application");
      client.onBytes = null;
      client.goOnReading();
      await bench.settle(() => client.closed !== null, "the end");
      assertEquals([client.closed, client.ended, causes], ["reset", false, ["application"]]);
    });
  }

  check("terminate() before the head resets without a byte, at once and later", async (bench) => {
    const kept: HttpRequest[] = [];
    await bench.serve({
      handlers: [(request) => {
        kept.push(request);
        const code = keep(request);
        if (request.target === "/now") terminateRequest(request, "application");
        return code;
      }],
    });
    for (const target of ["/now", "/later"]) {
      const client = bench.connect().request("GET", target);
      await bench.settle(() => kept.length > 0, "the request");
      const request = kept.pop()!;
      if (target === "/later") terminateRequest(request, "application");
      await bench.settle(() => client.closed !== null, "the end");
      assertEquals([client.closed, client.received], ["reset", ""], target);
      assertEquals(request.over, true);
    }
    // Bun cannot reset instead of an answer to HEAD.
    const head = bench.connect().request("HEAD", "/now");
    assertEquals((await head.waitClosed()).map((answer) => answer.status), [500]);
  });
});
