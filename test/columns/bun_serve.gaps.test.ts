/**
 * What `Bun.serve` (Bun 1.4) cannot promise and `checkServer` has no check for. Each is written as
 * the check that would hold if it could, and must fail; and beside it stands what holds instead.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { describe } from "node:test";
import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkWithGaps, impatient, liveRig } from "../suites/rig.ts";
import { ServerBench } from "../suites/server/bench.ts";
import { check, keep, TEXT } from "../unit/bun_serve/serve_bench.ts";

const GAPS = {
  "a connection that sends nothing is closed when the header clock runs out":
    "Bun starts no clock before the first byte",
  "a head that comes too slowly is answered with 408":
    "every byte starts Bun's one clock afresh, and it closes without an answer",
  "an idle connection is closed to the grain of the timer wheel":
    "Bun counts in whole seconds, up to 255, and looks every four",
  "a head is complete on the wire before the first byte of its body":
    "of a streamed answer Bun sends the status line, and the rest with the first byte of the body",
  "a status without a usual reason has none": "Bun says HM for it",
};

describe("bun_serve: what cannot be promised", () => {
  const gap = checkWithGaps<ServerBench>(GAPS, async (body) => {
    const bench = new ServerBench(impatient(liveRig(createBunServeReactor(), false)));
    try {
      await body(bench);
    } finally {
      await bench.end();
    }
  });

  gap("a connection that sends nothing is closed when the header clock runs out", async (bench) => {
    await bench.serve({ handlers: [], clocks: { headerTimeoutMs: 100 } });
    assertEquals(await bench.connect().waitClosed(), []);
  });

  gap("a head that comes too slowly is answered with 408", async (bench) => {
    await bench.serve({ handlers: [], clocks: { headerTimeoutMs: 100 } });
    const answers = await bench.connect().send("GET / HTTP/1.1\r\n").waitClosed();
    assertEquals(answers.map((answer) => answer.status), [408]);
  });

  gap("an idle connection is closed to the grain of the timer wheel", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, TEXT, "ok")],
      clocks: { keepAliveTimeoutMs: 100 },
    });
    const client = bench.connect().request("GET", "/");
    await client.waitAnswers(1);
    await client.waitClosed();
  });

  gap("a head is complete on the wire before the first byte of its body", async (bench) => {
    await bench.serve({
      handlers: [(request) => {
        request.sendHead(200, TEXT);
        return keep(request);
      }],
    });
    const client = bench.connect().request("GET", "/");
    await bench.settle(() => client.received.endsWith("\r\n\r\n"), "the head");
  });

  gap("a status without a usual reason has none", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(299, TEXT, "ok")] });
    const [answer] = await bench.connect().request("GET", "/").waitAnswers(1);
    assertEquals(answer?.reason, "");
  });
});

describe("bun_serve: what holds instead", () => {
  check("an idle connection is closed within seconds of keepAliveTimeoutMs", async (bench) => {
    await bench.serve({
      handlers: [async (request) => {
        // Also behind an answer that came later, for which the idle time was switched off.
        if (request.target === "/later") await Promise.resolve();
        return request.respond(200, TEXT, "ok");
      }],
      clocks: { keepAliveTimeoutMs: 100 },
    });
    const clients = ["/now", "/later"].map((target) => bench.connect().request("GET", target));
    for (const client of clients) await client.waitAnswers(1);
    for (const client of clients) await client.waitClosed();
  });
});
