/**
 * Checks of the conditions of a request (RFC 9110 §13) against the head of an iterable application:
 * a client that has the answer gets no body, and none is made.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import { answerOf, app } from "./iterable_app.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const OLDER = "Sun, 06 Nov 1994 08:49:36 GMT";

/** Fields of the application, of the request, and the status that they come to. */
const CONDITIONS: ReadonlyArray<readonly [Record<string, string>, readonly string[], number]> = [
  [{ etag: '"a"' }, [], 200],
  [{ etag: '"a"' }, ['If-None-Match: "a"'], 304],
  [{ etag: 'W/"a"' }, ['If-None-Match: "a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: W/"a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b", "c,d" , W/"a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b"', 'If-None-Match: "a"'], 304],
  [{ etag: '"a"' }, ['If-None-Match: "b"'], 200],
  [{ etag: '"a"' }, ["If-None-Match: a"], 200],
  [{ etag: '"a"' }, ["If-None-Match: *"], 304],
  [{ "last-modified": DATE }, [`If-Modified-Since: ${DATE}`], 304],
  [{ "last-modified": DATE }, ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], 304],
  [{ "last-modified": DATE }, ["If-Modified-Since: Sun Nov  6 08:49:37 1994"], 304],
  [{ "last-modified": DATE }, [`If-Modified-Since: ${OLDER}`], 200],
  [{ "last-modified": DATE }, ["If-Modified-Since: yesterday"], 200],
  [{ "last-modified": "never" }, [`If-Modified-Since: ${DATE}`], 200],
  // RFC 9110 §13.1.3: If-None-Match decides where both are.
  [
    { etag: '"a"', "last-modified": DATE },
    ['If-None-Match: "b"', `If-Modified-Since: ${DATE}`],
    200,
  ],
  [{ etag: '"a"' }, ['If-Match: "a"'], 200],
  [{ etag: 'W/"a"' }, ['If-Match: W/"a"'], 412],
  [{ etag: '"a"' }, ['If-Match: "b"'], 412],
  [{ etag: '"a"' }, ["If-Match: *", 'If-None-Match: "a"'], 304],
  [{ "last-modified": DATE }, [`If-Unmodified-Since: ${OLDER}`], 412],
  [{ "last-modified": DATE }, [`If-Unmodified-Since: ${DATE}`], 200],
];

export function checkIterableConditions(check: ServerCheck): void {
  for (const method of ["GET", "HEAD"]) {
    check(`conditions of ${method} are those of RFC 9110 §13`, async (bench) => {
      let fields: Record<string, string> = {};
      let asked = 0;
      await bench.serve(app(function* (_request, out) {
        out.head(200, { "content-type": "text/plain", "x-kept": "1", ...fields });
        yield out.flush();
        asked++;
        yield "body";
      }));
      for (const [said, wanted, status] of CONDITIONS) {
        fields = said;
        asked = 0;
        const client = bench.connect().request(method, "/", ...wanted);
        const [answer] = await client.waitAnswers(1);
        assertEquals([wanted, answer!.status], [wanted, status]);
        assertEquals(asked, status === 200 && method === "GET" ? 1 : 0);
        if (status === 200) continue;
        assertEquals(fieldOf(answer!, "content-type"), null);
        assertEquals(fieldOf(answer!, "x-kept"), "1");
        assertEquals(fieldOf(answer!, "etag"), said["etag"] ?? null);
        client.request("GET", "/again");
        await client.waitAnswers(2);
      }
    });
  }

  check("a condition counts for GET, HEAD and a success alone", async (bench) => {
    await bench.serve(app(function* (request, out) {
      out.head(request.target === "/404" ? 404 : 200, { etag: '"a"' });
      yield out.flush();
      yield "body";
    }));
    const client = bench.connect().request("GET", "/404", "If-None-Match: *");
    assertEquals((await client.waitAnswers(1))[0]!.status, 404);
    client.request("DELETE", "/", "If-None-Match: *");
    assertEquals((await client.waitAnswers(2))[1]!.status, 200);
  });

  check("an iterable behind a flush is closed without being asked for a chunk", async (bench) => {
    let begun = 0;
    const counts = { next: 0, return: 0 };
    await bench.serve(app((request, out) => {
      out.head(200, { etag: '"a"' });
      out.flush();
      if (request.target === "/generator") {
        return (function* () {
          begun++;
          yield "body";
        })();
      }
      const iterator = {
        next: () => ({ done: ++counts.next > 1, value: "body" }),
        return: () => ({ done: true as const, value: void counts.return++ }),
      };
      return { [Symbol.iterator]: () => iterator };
    }));
    const client = bench.connect();
    for (const [i, target] of ["/generator", "/iterator"].entries()) {
      client.request("GET", target, 'If-None-Match: "a"');
      assertEquals((await client.waitAnswers(i + 1))[i]!.status, 304);
    }
    assertEquals([begun, counts], [0, { next: 0, return: 1 }]);
    assertEquals((await answerOf(bench, "/iterator")).body, "body");
    assertEquals(counts, { next: 2, return: 2 });
  });
}
