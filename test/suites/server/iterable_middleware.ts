/**
 * Checks of the middleware of iterable applications through a whole server: that it nests, what it
 * gathers and reports, and that the application below it ends as it would without.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { iterable, type IterableHandler } from "../../../core/apps/iterable.ts";
import {
  buffered,
  compressed,
  timed,
  type Timing,
} from "../../../core/apps/iterable_middleware.ts";
import { isRequestLevel } from "../../../core/exchange.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerCheck } from "../check_server.ts";
import { BodyTap } from "../hard/body_tap.ts";
import { fieldOf } from "./answers.ts";
import { ask, bodyOf, PLAIN } from "./compression.ts";
import { leave } from "./iterable_app.ts";

export function checkIterableMiddleware(check: ServerCheck): void {
  check("buffered(), timed() and compressed() nest in any order", async (bench) => {
    const timings: Timing[] = [];
    const base: IterableHandler = function* (_request, out) {
      out.head(200, PLAIN);
      for (let i = 0; i < 100; i++) yield `line ${i}\n`;
      yield out.pause({ timeoutMs: 0 });
      yield out.flush("last\n");
    };
    const asynchronous: IterableHandler = async function* (request, out) {
      yield* base(request, out) as Iterable<string>;
    };
    const note = (timing: Timing) => void timings.push(timing);
    const apps: { [target: string]: IterableHandler } = {
      "/1": compressed(buffered(timed(base, note))),
      "/2": timed(buffered(compressed(base)), note),
      "/3": buffered(compressed(timed(asynchronous, note)), { bytesMax: 50 }),
      "/4": timed(compressed(asynchronous, { codings: ["gzip"], minBytes: 1 }), note),
    };
    await bench.serve({ handlers: [(request) => iterable(apps[request.target]!)(request)] });
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join("");
    for (const target of Object.keys(apps)) {
      const answer = await ask(bench, target, "Accept-Encoding: gzip");
      assertEquals([target, fieldOf(answer, "content-encoding")], [target, "gzip"]);
      assertEquals(bodyOf(answer), `${lines}last\n`);
    }
    await bench.settle(() => timings.length === 4, "the timings");
    assertEquals(timings.map((timing) => timing.items), [102, 103, 102, 102]);
    for (const timing of timings) {
      assertEquals(timing.bytes, lines.length + 5);
      assert(timing.makingMs <= timing.totalMs && timing.firstMs <= timing.totalMs);
    }
  });

  check("buffered() gathers small blocks, and lets go at a flush", async (bench) => {
    const sizes: number[] = [];
    const wanted = [60, 40, 10, 200, 3];
    await bench.serve({
      handlers: [iterable(buffered(function* (_request, out) {
        for (let i = 0; i < 10; i++) yield "ten bytes\n";
        yield out.flush();
        yield "ten bytes\n";
        yield "x".repeat(200);
        yield "end";
      }, { bytesMax: 64 }))],
    });
    const client = bench.connect();
    const tap = new BodyTap((bytes) => sizes.push(bytes.length));
    client.onBytes = (bytes) => tap.take(bytes);
    client.request("GET", "/");
    const [answer] = await client.waitAnswers(1);
    assertEquals(answer!.body, `${"ten bytes\n".repeat(11)}${"x".repeat(200)}end`);
    // Chunks that are cut on their way, and those of a runtime that frames by itself, are others.
    const isExact = bench.rig.cuts !== true && !isRequestLevel(bench.rig.reactor);
    assertEquals(isExact ? sizes : wanted, wanted);
    assertThrows(() => buffered(function* () {}, { bytesMax: 0 }), RangeError);
  });

  check("a reset below middleware ends the innermost generator, once", async (bench) => {
    let ends = 0;
    const requests: HttpRequest[] = [];
    const timings: Timing[] = [];
    const app = timed(
      buffered(compressed(function* (request, out) {
        requests.push(request);
        try {
          yield out.flush("a");
          yield out.pause();
        } finally {
          ends++;
        }
      })),
      (timing) => timings.push(timing),
    );
    await bench.serve({ handlers: [iterable(app)] });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.length > 0, "the head");
    await leave(bench, client, requests[0]!);
    await bench.settle(() => requests[0]!.over, "the end");
    assertEquals([ends, timings.length], [1, 1]);
  });
}
