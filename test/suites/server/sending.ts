/**
 * Checks of the way out: framing, back-pressure, ownership, coalescing, and answers that break off.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { type Buf, bufOf, type BufOwner } from "../../../core/buf.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { AGAIN, DONE, OK, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";

/** The byte at position `at` of every generated stream. */
function patternAt(at: number): number {
  return at % 251;
}

function fillPattern(bytes: Uint8Array, from: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = patternAt(from + i);
}

/** Checks a stream against the pattern as it comes, without keeping it. */
class PatternReader {
  seen = 0;
  wrong = 0;
  read(bytes: Uint8Array): void {
    for (const byte of bytes) if (byte !== patternAt(this.seen++)) this.wrong++;
  }
}

/** Sends `size` bytes of the pattern in pieces, each only when the one before made room. */
function streamPattern(request: HttpRequest, size: number, piece: number): ResultCode {
  const hold = request.hold("the stream");
  let sent = 0;
  request.sendHead(200, { "content-length": size });
  const more = () => {
    for (;;) {
      const bytes = new Uint8Array(Math.min(piece, size - sent));
      fillPattern(bytes, sent);
      sent += bytes.length;
      const last = sent === size;
      const code = request.send(bytes, { last });
      if (last) {
        request.finalize();
        hold.release();
      }
      if (last || code !== OK) return;
    }
  };
  request.onWritable = more;
  request.onAbort(() => hold.release());
  more();
  return DONE;
}

export function checkSending(check: ServerCheck): void {
  checkFraming(check);
  checkBackPressure(check);
  checkBrokenOff(check);
}

function checkFraming(check: ServerCheck): void {
  check("a body of unknown length is chunked, and an empty item never ends it", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, {});
        for (const item of ["one", "", "two", "", ""]) request.send(item, { flush: item === "" });
        return request.end({ "x-sum": "6" });
      }],
    });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    const [answer, next] = await client.waitAnswers(2);
    assertEquals(answer?.framing, "chunked");
    assertEquals(answer?.body, "onetwo");
    assertEquals(answer?.trailers, [["x-sum", "6"]]);
    assertEquals(next?.body, "onetwo");
  });

  check("a body of unknown length for HTTP/1.0 ends with the connection", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, {});
        request.send("one");
        return request.end();
      }],
    });
    const client = bench.connect().send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const [answer] = await client.waitClosed();
    assertEquals(answer?.framing, "close");
    assertEquals(answer?.body, "one");
    assertEquals(fieldOf(answer!, "connection"), "close");
  });

  check("a stream is not cut off behind a whole answer that is large", async (bench) => {
    const large = new Uint8Array(64 * 1024).fill(0x61);
    await bench.serve({
      limits: { outputBytesReady: 4096, outputBytesMax: 16 * 1024 },
      handlers: [
        (request) =>
          request.target === "/large"
            ? request.respond(200, {}, large)
            : streamPattern(request, 10_000, 1000),
      ],
    });
    const client = bench.connect();
    client.methods.push("GET", "GET");
    const heads = ["/large", "/stream"].map((target) =>
      `GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`
    );
    client.send(heads.join(""));
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map(({ body }) => body.length), [65_536, 10_000]);
    assertEquals(bench.logs, []);
  });

  check("bytes past Content-Length are cut and logged", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, { "content-length": "5" });
        request.send("hello, ");
        return request.send("world", { last: true });
      }],
    });
    const client = bench.connect().request("GET", "/").request("GET", "/");
    const answers = await client.waitAnswers(2);
    assertEquals(answers.map((answer) => answer.body), ["hello", "hello"]);
    assert(bench.logs.some((line) => line.includes("more than its Content-Length of 5")));
  });

  check("small items of one turn leave together", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, { "content-length": "300" });
        for (let i = 0; i < 299; i++) request.send("x");
        return request.send("y", { last: true });
      }],
    });
    const client = bench.connect();
    let pieces = 0;
    client.onBytes = () => pieces++;
    client.request("GET", "/");
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer?.body.length, 300);
    if (bench.rig.cuts !== true) assertEquals(pieces, 1);
  });

  check("a flushed item leaves before the next one is made", async (bench) => {
    let request: HttpRequest | null = null;
    await bench.serve({
      handlers: [(arrived) => {
        request = arrived;
        const hold = arrived.hold("the test");
        arrived.onCleanup(() => hold.isOpen && hold.release());
        arrived.sendHead(200, {});
        arrived.send("first", { flush: true });
        arrived.onAbort(() => hold.release());
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.includes("first"), "the first item");
    request!.end();
    request!.finalize();
    assertEquals(client.answers.length, 0);
    request!.holds!.release();
    assertEquals((await client.waitAnswers(1))[0]?.body, "first");
  });
}

function checkBackPressure(check: ServerCheck): void {
  check(
    "a large generated body arrives exactly, and its producer is made to wait",
    async (bench) => {
      const size = bench.bulkBytes;
      let again = 0;
      await bench.serve({
        handlers: [(request) => {
          const send = request.send.bind(request);
          request.send = (item, options) => {
            const code = send(item, options);
            if (code === AGAIN) again++;
            return code;
          };
          return streamPattern(request, size, 40_000);
        }],
      });
      const client = bench.connect();
      const reader = new PatternReader();
      client.keeps = false;
      const body = new BodyAfterHead((bytes) => reader.read(bytes));
      client.onBytes = (bytes) => body.take(bytes);
      client.request("GET", "/");
      await bench.settle(() => reader.seen >= size, `${size} bytes`);
      assertEquals(reader.seen, size);
      assertEquals(reader.wrong, 0);
      assertGreater(again, 5);
    },
  );

  check("a client that does not read stops the producer within the bound", async (bench) => {
    let produced = 0;
    const size = 3 * bench.bulkBytes;
    await bench.serve({
      handlers: [(request) => {
        const send = request.send.bind(request);
        request.send = (item, options) => {
          produced += (item as Uint8Array).length;
          return send(item, options);
        };
        return streamPattern(request, size, 32_768);
      }],
    });
    const client = bench.connect();
    client.keeps = false;
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => produced > 0, "the first item");
    let before = -1;
    await bench.settle(() => {
      const resting = produced === before;
      before = produced;
      return resting;
    }, "the producer to rest");
    await bench.rest();
    // What a kernel holds in both directions, and what a connection may queue.
    assert(
      produced < bench.bulkBytes,
      `${produced} bytes were produced for a client that does not read`,
    );
    client.reset();
    await bench.settle(() => bench.server.inspect().connections === 0, "the close");
  });

  check(
    "large buffers are lent and come home exactly once, also from a client that left",
    async (bench) => {
      const count = bench.bulkBytes / 40_000 | 0;
      const out = new Set<Buf>();
      let released = 0;
      const owner: BufOwner = {
        bufReleased(buf) {
          assert(out.delete(buf), "a buffer came home that was not out");
          released++;
        },
      };
      await bench.serve({
        handlers: [(request) => {
          const hold = request.hold("the stream");
          request.sendHead(200, {});
          let sent = 0;
          const more = () => {
            while (sent < count) {
              const buf = bufOf(new Uint8Array(40_000), owner);
              out.add(buf);
              sent++;
              const code = request.send(buf, { last: sent === count });
              if (sent === count) {
                request.finalize();
                hold.release();
              }
              if (code !== OK) return;
            }
          };
          request.onWritable = more;
          request.onAbort(() => hold.release());
          more();
          return DONE;
        }],
      });
      const reader = bench.connect().request("GET", "/");
      reader.keeps = false;
      await bench.settle(() => reader.receivedBytes > count * 40_000, "all of the body");
      await bench.settle(() => out.size === 0, "all buffers");
      assertEquals(released, count);
      const leaver = bench.connect();
      leaver.onBytes = () => leaver.stopReading();
      leaver.request("GET", "/");
      await bench.settle(() => leaver.receivedBytes > 0, "the first bytes");
      leaver.reset();
      await bench.settle(() => out.size === 0, "the buffers of a client that left");
    },
  );

  check("a slow client does not hold up another", async (bench) => {
    await bench.serve({
      handlers: [
        (request) =>
          request.target === "/big"
            ? streamPattern(request, bench.bulkBytes, 32_768)
            : request.respond(200, {}, "small"),
      ],
    });
    const slow = bench.connect();
    slow.onBytes = () => slow.stopReading();
    slow.request("GET", "/big");
    await bench.settle(() => slow.receivedBytes > 0, "the first bytes");
    const quick = bench.connect();
    for (let i = 1; i <= 20; i++) {
      quick.request("GET", "/small");
      assertEquals((await quick.waitAnswers(i))[i - 1]?.body, "small");
    }
    slow.reset();
    await bench.settle(() => bench.server.inspect().connections === 1, "the close");
  });

  check("a whole answer that its peer does not take is reset by the send clock", async (bench) => {
    await bench.serve({
      clocks: { sendTimeoutMs: 300, keepAliveTimeoutMs: 100, lingerTimeoutMs: 100 },
      handlers: [(request) => request.respond(200, {}, new Uint8Array(bench.bulkBytes))],
    });
    const stays = bench.connect();
    const leaves = bench.connect();
    stays.stopReading();
    leaves.stopReading();
    stays.request("GET", "/");
    leaves.request("GET", "/", "Connection: close");
    const { server } = bench;
    await bench.settle(() => server.inspect().connections === 2, "both connections");
    await bench.settle(() => server.inspect().connections === 0, "the resets");
    assertEquals(server.inspect().requests, []);
  });
}

function checkBrokenOff(check: ServerCheck): void {
  check("too few bytes for Content-Length never look like a whole answer", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, { "content-length": "10" });
        request.send("hello", { flush: true });
        return OK;
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
    assert(bench.logs.some((line) => line.includes("5 of its Content-Length of 10")));
  });

  check("ERROR after the head is a reset", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, {});
        request.send("part", { flush: true });
        return -1;
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.closed !== null || client.ended, "the end");
    assertEquals(client.answers.length, 0);
  });

  check(
    "one item above the limit is sent whole, though the end comes after AGAIN",
    async (bench) => {
      const size = 300_000;
      await bench.serve({
        handlers: [(request) => {
          request.sendHead(200, {});
          const bytes = new Uint8Array(size);
          fillPattern(bytes, 0);
          request.send(bytes);
          return OK;
        }],
        limits: { outputBytesReady: 1000, outputBytesMax: 1000 },
      });
      const client = bench.connect().request("GET", "/");
      const [answer] = await client.waitAnswers(1);
      assertEquals([answer?.status, answer?.body.length, bench.logs.length], [200, size, 0]);
    },
  );

  check("a producer that ignores AGAIN is cut off at the limit", async (bench) => {
    let codes = 0;
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, {});
        for (let i = 0; i < 2000; i++) {
          if (request.send(new Uint8Array(65_536)) === -1) break;
          codes++;
        }
        return OK;
      }],
    });
    const client = bench.connect();
    client.onBytes = () => client.stopReading();
    client.request("GET", "/");
    await bench.settle(() => bench.logs.some((line) => line.includes("AGAIN")), "the cut");
    assert(codes < 2000, "the producer was never stopped");
    client.reset();
    await bench.settle(() => bench.server.inspect().connections === 0, "the close");
  });
}

/** Passes on what comes behind the empty line of a head, wherever events cut it. */
class BodyAfterHead {
  readonly #pass: (bytes: Uint8Array) => void;
  /** How many bytes of CR LF CR LF have come in a row. */
  #seen = 0;

  constructor(pass: (bytes: Uint8Array) => void) {
    this.#pass = pass;
  }

  take(bytes: Uint8Array): void {
    let at = 0;
    for (; at < bytes.length && this.#seen < 4; at++) {
      const wanted = this.#seen % 2 === 0 ? 13 : 10;
      if (bytes[at] === wanted) this.#seen++;
      else this.#seen = bytes[at] === 13 ? 1 : 0;
    }
    if (at < bytes.length) this.#pass(bytes.subarray(at));
  }
}
