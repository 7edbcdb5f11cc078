/**
 * Checks of iterable applications through a whole server: items and heads, and what is refused.
 * Conditions, ends and waits are in the files beside it.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { IterableItems } from "../../../core/apps/iterable_items.ts";
import { bufOf } from "../../../core/buf.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import { answerOf, app } from "./iterable_app.ts";

export function checkIterables(check: ServerCheck): void {
  checkItems(check);
  checkHeads(check);
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
