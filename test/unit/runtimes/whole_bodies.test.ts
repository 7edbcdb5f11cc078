/**
 * Units of `WholeBodies` as this runtime has it: what it takes, and what it must leave alone. Where
 * a runtime has none, that is what is said.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createReactor } from "../../../runtimes/choose.ts";

const SIZE_MAX = 100;
const reactor = await createReactor();
const { wholeBodies = null } = reactor;
const decoder = new TextDecoder();

function take(response: object): string | null {
  const body = wholeBodies!.take(response, SIZE_MAX);
  return body === null || typeof body === "string" ? body : decoder.decode(body);
}

/** A stream that gives one chunk for each pull, and counts them. */
function endless(pulls: { count: number }): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      pulls.count++;
      controller.enqueue(new Uint8Array(8));
    },
  }, { highWaterMark: 0 });
}

test("WholeBodies is there on Deno and on Bun", () => {
  const isNode = reactor.runtime.startsWith("node");
  assertEquals(wholeBodies === null, isNode);
});

const reason = wholeBodies === null ? "Node keeps the inside of a Response to itself" : false;

describe("WholeBodies.take", { skip: reason }, () => {
  test("takes strings and bytes once, and leaves the response used", async () => {
    const headers = { "x-a": "b", "x-b": "c" };
    const made = [
      () => new Response("text"),
      () => new Response("text", { status: 404, headers }),
      () => new Response(new TextEncoder().encode("text")),
      () => new Response("text").clone(),
    ];
    for (const make of made) {
      const response = make();
      assertEquals([take(response), take(response), response.bodyUsed], ["text", null, true]);
      await response.text().then(() => assert(false, "it was read again"), () => {});
    }
  });

  test("takes text of every alphabet", () => {
    for (const text of ["h\u00e9llo", "\u20ac", "\u{1f600}", "\0"]) {
      assertEquals(take(new Response(text)), text);
    }
  });

  test("leaves a clone's twin alone", async () => {
    const response = new Response("text");
    const twin = response.clone();
    assertEquals(take(response), "text");
    assertEquals([twin.bodyUsed, await twin.text()], [false, "text"]);
  });

  test("leaves streams alone, and does not pull them", () => {
    const pulls = { count: 0 };
    const long = { "x-a": "b".repeat(SIZE_MAX / 2) };
    const responses = [
      new Response(endless(pulls)),
      new Response(endless(pulls), { headers: long }),
      new Response(endless(pulls), { statusText: "a reason" }),
      Object.assign(new Response(endless(pulls)), { mark: 1, other: 2 }),
      new (class extends Response {
        mark = "of a subclass";
      })(endless(pulls)),
    ];
    for (const response of responses) {
      assertEquals([take(response), response.bodyUsed], [null, false]);
      assertEquals(response.body!.locked, false);
    }
    assertEquals(pulls.count, 0);
  });

  test("leaves alone what is empty, large, used, locked or no response", async () => {
    const used = new Response("text");
    await used.text();
    const locked = new Response("text");
    const reader = locked.body!.getReader();
    const large = new Response("x".repeat(SIZE_MAX + 1));
    const blob = new Response(new Blob(["text"]));
    for (const response of [new Response(null), used, locked, large, blob, {}, [1], new Date()]) {
      assertEquals(take(response), null);
    }
    assertEquals(decoder.decode((await reader.read()).value), "text");
    assertEquals([await large.text(), await blob.text()], ["x".repeat(SIZE_MAX + 1), "text"]);
  });

  test("leaves a subclass alone, whose body may be of its own making", () => {
    class Own extends Response {
      override get body() {
        return null;
      }
    }
    assertEquals(take(new Own("text")), null);
  });
});

describe("WholeBodies.onlyField", { skip: reason }, () => {
  test("answers the one field as `headers` has it, or null", () => {
    const changed = new Response("text", { headers: { "X-A": "b" } });
    changed.headers.delete("content-type");
    changed.headers.set("X-a", "c");
    const several = new Response("text", { headers: { "x-a": "b", "content-type": "c" } });
    for (const response of [new Response("text"), changed, several]) {
      assertEquals(take(response), "text");
      const field = wholeBodies!.onlyField(response);
      if (field !== null) assertEquals([[...field]], [...response.headers]);
      if (response === several) assertEquals(field, null);
    }
  });
});
