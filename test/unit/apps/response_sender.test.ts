/** Streams as bodies: what leaves when, who is asked when for more, and who is told of the end. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fetchHandler } from "../../../core/apps/fetch.ts";
import { HttpError, RequestAborted } from "../../../core/errors.ts";
import { carry, type FakeExchange, turns } from "../../fakes/exchange.ts";

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** A stream that a test feeds by hand, in the hands of a request that answers with it. */
class Source {
  controller!: Controller;
  pulls = 0;
  readonly cancels: unknown[] = [];
  readonly stream: ReadableStream<Uint8Array> = new ReadableStream({
    start: (controller) => {
      this.controller = controller;
    },
    pull: () => {
      this.pulls++;
    },
    cancel: (reason) => {
      this.cancels.push(reason);
    },
  }, { highWaterMark: 0 });
  readonly exchange: FakeExchange;

  constructor(init: ResponseInit = {}) {
    this.exchange = carry(fetchHandler({ fetch: () => new Response(this.stream, init) }));
  }

  send(text: string): void {
    this.controller.enqueue(new TextEncoder().encode(text));
  }
}

/** An endless stream of chunks of `size` bytes, which counts how many were made. */
function endless(size: number, made: { chunks: number }): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      made.chunks++;
      controller.enqueue(new Uint8Array(size));
    },
  }, { highWaterMark: 0 });
}

describe("ResponseSender", () => {
  test("sends the head at the end of the turn when no chunk comes", async () => {
    const source = new Source({ headers: { "content-type": "text/event-stream" } });
    assertEquals(source.exchange.response, null);
    await turns(2);
    assertEquals(source.exchange.response!.contentLength, -1);
    assertEquals(source.exchange.fields, ["content-type: text/event-stream"]);
    source.send("data: 1\n\n");
    await turns();
    assertEquals(source.exchange.text, "data: 1\n\n");
    source.controller.close();
    await source.exchange.over;
    assert(source.exchange.ended && !source.exchange.reset);
  });

  test("sends a first chunk at the end of the turn when the stream goes on", async () => {
    const source = new Source();
    source.send("first");
    await turns(2);
    assertEquals([source.exchange.text, source.exchange.response!.contentLength], ["first", -1]);
    source.send(" second");
    source.controller.close();
    await source.exchange.over;
    assertEquals(source.exchange.text, "first second");
  });

  test("sends a stream that ends in its first turn whole, with its length", async () => {
    const source = new Source();
    source.send("only");
    await Promise.resolve();
    source.controller.close();
    await source.exchange.over;
    assertEquals([source.exchange.response!.contentLength, source.exchange.text], [4, "only"]);
    const empty = new Source();
    empty.controller.close();
    await empty.exchange.over;
    assertEquals([empty.exchange.response!.contentLength, empty.exchange.ended], [0, true]);
  });

  test("keeps a declared length for a stream", async () => {
    const source = new Source({ headers: { "content-length": "6" } });
    source.send("abc");
    await turns(2);
    assertEquals(source.exchange.response!.contentLength, 6);
    source.send("def");
    source.controller.close();
    await source.exchange.over;
    assertEquals([source.exchange.text, source.exchange.reset], ["abcdef", false]);
  });

  test("resets an answer that is shorter than its declared length", async () => {
    const source = new Source({ headers: { "content-length": "6" } });
    source.send("abc");
    source.controller.close();
    await source.exchange.over;
    assert(source.exchange.reset);
  });

  test("asks for the next chunk only when the last one was accepted and answered OK", async () => {
    const source = new Source();
    source.exchange.blocked = true;
    source.send("a");
    await turns(3);
    assertEquals([source.exchange.text, source.pulls], ["a", 0]);
    source.send("b");
    await turns(3);
    assertEquals([source.exchange.text, source.pulls], ["a", 0]);
    source.exchange.unblock();
    await turns();
    assertEquals([source.exchange.text, source.pulls], ["ab", 1]);
    source.controller.close();
    await source.exchange.over;
  });

  test("makes one chunk for each OK of a slow client, and no more", async () => {
    const made = { chunks: 0 };
    const exchange = carry(fetchHandler({ fetch: () => new Response(endless(1000, made)) }));
    exchange.blocked = true;
    await turns(3);
    assertEquals([exchange.writes.length, made.chunks], [1, 1]);
    for (let round = 2; round < 6; round++) {
      exchange.request.tellWritable();
      await turns(2);
      assertEquals([exchange.writes.length, made.chunks], [round, round]);
    }
    exchange.leave();
    await exchange.over;
    await turns(2);
    assertEquals(made.chunks, 5);
  });

  test("ends at once with a stream that closes while the client is slow", async () => {
    const source = new Source();
    source.exchange.blocked = true;
    source.send("a");
    await turns(2);
    source.send("b");
    source.controller.close();
    await turns(2);
    assertEquals([source.exchange.text, source.exchange.ended], ["a", false]);
    source.exchange.unblock();
    await source.exchange.over;
    assertEquals([source.exchange.text, source.exchange.ended], ["ab", true]);
  });

  test("gives the loop its turn while a stream always has a chunk", async () => {
    const made = { chunks: 0 };
    const exchange = carry(fetchHandler({ fetch: () => new Response(endless(1, made)) }));
    await turns(3);
    const soFar = made.chunks;
    assert(soFar > 1 && soFar < 1000, `${soFar} chunks`);
    await turns(3);
    assert(made.chunks > soFar);
    exchange.leave();
    await exchange.over;
  });

  test("lets the turn end after an empty chunk, which is never sent", async () => {
    let empties = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (empties++ < 5) controller.enqueue(new Uint8Array(0));
        else {
          controller.enqueue(new TextEncoder().encode("end"));
          controller.close();
        }
      },
    }, { highWaterMark: 0 });
    const exchange = carry(fetchHandler({ fetch: () => new Response(stream) }));
    await Promise.resolve();
    assertEquals(empties, 1);
    for (let turn = 1; turn < 5; turn++) {
      await turns();
      assert(empties <= turn + 2, `${empties} chunks after ${turn} turns`);
    }
    await exchange.over;
    assertEquals([exchange.text, exchange.writes.length], ["end", 1]);
  });

  test("sends chunks of any size as they are", async () => {
    const sizes = [1, 16 * 1024 - 1, 16 * 1024, 1024 * 1024, 3];
    let next = 0;
    const stream = new ReadableStream({
      pull(controller) {
        const size = sizes[next++];
        if (size === undefined) controller.close();
        else controller.enqueue(new Uint8Array(size).fill(next));
      },
    });
    const exchange = carry(fetchHandler({ fetch: () => new Response(stream) }));
    await exchange.over;
    assertEquals(exchange.writes.map((bytes) => [bytes.length, bytes[0]!]), [
      [1, 1],
      [16 * 1024 - 1, 2],
      [16 * 1024, 3],
      [1024 * 1024, 4],
      [3, 5],
    ]);
  });

  test("sends large bodies of strings and of bytes, whole and in order", async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
    for (const body of [bytes, new Blob([bytes])]) {
      const exchange = carry(fetchHandler({ fetch: () => new Response(body) }));
      await exchange.over;
      let at = 0;
      for (const write of exchange.writes) for (const byte of write) assert(byte === at++ % 251);
      assertEquals(at, 300_000);
    }
  });

  test("sends a body again that came from a request", async () => {
    const echo = fetchHandler({ fetch: (request) => new Response(request.body) });
    const exchange = carry(echo, { method: "POST", chunked: true });
    exchange.feed("one ");
    await turns(2);
    exchange.feed("two");
    await turns(2);
    assertEquals(exchange.text, "one two");
    exchange.feedEnd();
    await exchange.over;
    assert(exchange.ended && !exchange.reset);
  });
});

describe("ResponseSender when the client leaves", () => {
  test("cancels a stream that waits for its next chunk, once, with RequestAborted", async () => {
    const source = new Source();
    source.send("a");
    await turns(2);
    source.exchange.leave();
    source.exchange.leave();
    await source.exchange.over;
    await turns();
    assertEquals(source.cancels.length, 1);
    assert(source.cancels[0] instanceof RequestAborted);
    assertEquals(source.exchange.request.holds, null);
    assertEquals(source.exchange.service.lines, []);
  });

  test("cancels a stream before its first chunk, in the first turn and later", async () => {
    for (const wait of [0, 2]) {
      const source = new Source();
      await turns(wait);
      source.exchange.leave();
      await source.exchange.over;
      await turns();
      assertEquals(source.cancels.length, 1);
    }
  });

  test("cancels when a write answers ERROR", async () => {
    const source = new Source();
    await turns(2);
    source.exchange.dead = true;
    source.send("lost");
    await turns(2);
    assertEquals([source.cancels.length, source.exchange.request.holds], [1, null]);
  });

  test("cancels while the client is slow", async () => {
    const source = new Source();
    source.exchange.blocked = true;
    source.send("a");
    await turns(2);
    source.exchange.leave("timeout");
    await source.exchange.over;
    await turns();
    assertEquals((source.cancels[0] as RequestAborted).cause, "timeout");
  });

  test("keeps on sending when the client has only half-closed", async () => {
    const source = new Source();
    await turns(2);
    source.exchange.request.tellAbort("client-gone");
    source.send("still here");
    source.controller.close();
    await source.exchange.over;
    assertEquals([source.exchange.text, source.cancels.length], ["still here", 0]);
  });

  test("logs what a stream's cancel() throws, and nothing else happens", async () => {
    const stream = new ReadableStream({
      cancel() {
        throw new Error("cannot cancel");
      },
    });
    const exchange = carry(fetchHandler({ fetch: () => new Response(stream) }));
    await turns(2);
    exchange.leave();
    await exchange.over;
    await turns();
    assertEquals(exchange.service.lines.length, 1);
    assertStringIncludes(exchange.service.lines[0]!, "cannot cancel");
  });
});

describe("ResponseSender when the stream fails", () => {
  test("answers 500 when nothing was sent", async () => {
    const source = new Source();
    source.controller.error(new Error("broken"));
    await source.exchange.over;
    assertEquals([source.exchange.response!.status, source.exchange.reset], [500, false]);
    assertMatch(source.exchange.service.lines[0]!, /handler "fetch" failed\nError: broken/);
    assertEquals(source.exchange.service.lines.length, 1);
  });

  test("resets when the head is out, and logs once with the handler's name", async () => {
    const source = new Source();
    source.send("half");
    await turns(2);
    source.controller.error(new Error("broken"));
    await source.exchange.over;
    assert(source.exchange.reset);
    assertEquals([source.exchange.text, source.exchange.service.lines.length], ["half", 1]);
    assertMatch(source.exchange.service.lines[0]!, /handler "fetch" failed\nError: broken/);
  });

  test("resets when a pull throws", async () => {
    let pulls = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (pulls++ === 2) throw new Error("no more");
        controller.enqueue(new Uint8Array(3));
      },
    }, { highWaterMark: 0 });
    const exchange = carry(fetchHandler({ fetch: () => new Response(stream) }));
    await exchange.over;
    assert(exchange.reset || exchange.response!.status === 500);
    assertEquals(exchange.service.lines.length, 1);
  });

  test("passes the status of a request's body on that cannot be had", async () => {
    const echo = fetchHandler({ fetch: (request) => new Response(request.body) });
    const exchange = carry(echo, { method: "POST", contentLength: 10 });
    exchange.feedError(new HttpError(413, "body-too-large", "too large"));
    await exchange.over;
    assertEquals([exchange.response!.status, exchange.service.lines], [413, []]);
  });

  test("resets for a chunk that is no Uint8Array, cancels, and names the handler", async () => {
    for (const chunk of ["text", 7, null, new Uint16Array(2), { length: 3 }]) {
      let cancelled = 0;
      const stream = new ReadableStream({
        pull(controller) {
          controller.enqueue(chunk);
        },
        cancel() {
          cancelled++;
        },
      });
      const exchange = carry(fetchHandler({ fetch: () => new Response(stream) }));
      await exchange.over;
      await turns();
      assertEquals(exchange.response!.status, 500);
      assertEquals([cancelled, exchange.service.lines.length], [1, 1]);
      assertMatch(exchange.service.lines[0]!, /"fetch" failed\n.*instead of a Uint8Array/);
    }
  });
});
