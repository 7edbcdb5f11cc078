/**
 * Checks of who is slow and who is not: a client that takes too little of its answer is, one whose
 * bytes wait for a loop that is held up is not.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { RequestClocks } from "../../../core/limits.ts";
import { DONE } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import type { ColumnRig } from "../rig.ts";
import { sendWithoutEnd } from "../send_without_end.ts";
import type { RawClient, ServerBench } from "./bench.ts";
import { after, echo, setting, TEXT } from "./clocks.ts";

export function checkSlowPeers(check: ServerCheck, rig: ColumnRig): void {
  checkSendRate(check, rig);
  // Where the network itself is late, what was sent in time need not come in time.
  if (rig.cuts !== true) checkHeldUp(check);
}

/** Sends as much as anybody takes, with `clocks` where the target is `/own`; `causes` hears why. */
function streaming(clocks: RequestClocks, causes: string[]) {
  return setting(
    clocks,
    (request) => sendWithoutEnd(request, (why) => causes.push(`${request.target} ${why}`)),
  );
}

function reader(bench: ServerBench, target: string): RawClient {
  const client = bench.connect();
  client.keeps = false;
  return client.request("GET", target);
}

const SEND_RATE = { sendBytesPerSecondMin: 1000, sendRateWindowMs: 300 };

function checkSendRate(check: ServerCheck, rig: ColumnRig): void {
  check("sendBytesPerSecondMin resets one that takes too little", async (bench) => {
    const causes: string[] = [];
    await bench.serve({ handlers: [streaming({}, causes)], clocks: SEND_RATE });
    const client = reader(bench, "/");
    client.onBytes = () => client.stopReading();
    await bench.settle(() => causes.length === 1, "the send clock");
    assertEquals(causes, ["/ timeout"]);
  });

  check("setClocks() sets the rate of a stream, and off", async (bench) => {
    const causes: string[] = [];
    await bench.serve({
      handlers: [streaming(SEND_RATE, causes)],
      clocks: { sendBytesPerSecondMin: 0 },
    });
    const others = ["/", "/own"].map((target) => {
      const client = reader(bench, target);
      client.onBytes = () => client.stopReading();
      return client;
    });
    await bench.settle(() => causes.length === 1, "the send clock");
    await after(bench, 1000);
    assertEquals(causes, ["/own timeout"]);
    others[0]!.reset();
  });

  if (rig.timeIsReal !== false) return;
  check("sendBytesPerSecondMin counts no time in which nothing waits", async (bench) => {
    const hold: { release(): void }[] = [];
    let causes = 0;
    let send = () => {};
    await bench.serve({
      handlers: [(request) => {
        hold.push(request.hold("the events"));
        request.onAbort(() => causes++);
        request.sendHead(200, TEXT);
        send = () => void request.send("event\n", { flush: true });
        send();
        return DONE;
      }],
      clocks: SEND_RATE,
    });
    const client = bench.connect().request("GET", "/");
    for (let i = 0; i < 50; i++) {
      await after(bench, 100);
      send();
    }
    await bench.settle(() => client.received.split("event").length > 50, "all events");
    assertEquals([causes, client.closed], [0, null]);
    client.reset();
    await bench.settle(() => causes === 1, "the end");
    hold[0]!.release();
  });
}

/** The loop is held up for longer than a clock allows, while bytes that came in time wait. */
function checkHeldUp(check: ServerCheck): void {
  const clocks = { headerTimeoutMs: 300, bodyTimeoutMs: 300 };
  const head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n";
  const parts: ReadonlyArray<readonly [string, string, string]> = [
    ["head", head, "\r\nbody"],
    ["body", `${head}\r\nbo`, "dy"],
  ];
  for (const [what, first, rest] of parts) {
    check(
      `the rest of a ${what} that came while the loop was held up is in time`,
      async (bench) => {
        await bench.serve({ handlers: [echo], clocks });
        const { loop, connections, load } = bench.server;
        const client = bench.connect().send(first);
        client.methods.push("POST");
        const hasCome = () =>
          what === "body"
            ? load.requests === 1
            : [...connections].some((one) => one.inputBytes > 0);
        await bench.settle(hasCome, "the first part");
        loop.postCall(() => {
          client.send(rest);
          bench.rig.compute(1000);
        });
        const [answer] = await client.waitAnswers(1);
        assertEquals([answer?.status, answer?.body], [200, "body"]);
      },
    );
  }

  check("one that sends nothing is late, however long the loop was held up", async (bench) => {
    await bench.serve({ handlers: [echo], clocks });
    const client = bench.connect().send(`${head}\r\nbo`);
    client.methods.push("POST");
    await bench.settle(() => bench.server.load.requests === 1, "the request");
    bench.server.loop.postCall(() => bench.rig.compute(1000));
    assertEquals((await client.waitClosed()).map(({ status }) => status), [408]);
  });
}
