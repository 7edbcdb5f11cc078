/**
 * Checks of lingering: a refusal reaches a client that is still sending, and what the server reads
 * and drops for that is bounded in bytes and in time.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import type { ServerCheck } from "../check_server.ts";
import type { ColumnRig } from "../rig.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";
import { after } from "./clocks.ts";

const UPLOAD_BYTES = 10 << 20;
const CHUNK_BYTES = 64 * 1024;

export function checkLingering(check: ServerCheck, rig: ColumnRig): void {
  checkRefusedUploads(check);
  checkTimes(check);
  // A stall of the process would end what each byte must prolong.
  if (rig.timeIsReal === false) checkNextByte(check);
  checkBytes(check);
}

/** Sends what is refused, and waits until the answer and the FIN are here. */
async function refused(bench: ServerBench): Promise<RawClient> {
  const client = bench.connect().send("nonsense\r\n\r\n");
  await bench.settle(() => client.ended || client.closed !== null, "the refusal");
  assertEquals([client.answers[0]?.status, client.closed], [400, null]);
  return client;
}

function checkRefusedUploads(check: ServerCheck): void {
  check("a 413 for a declared body arrives whole in the middle of the upload", async (bench) => {
    await bench.serve({ handlers: [(request) => request.respond(200, {}, "never")] });
    const client = bench.connect();
    client.request("POST", "/", `Content-Length: ${UPLOAD_BYTES}`);
    client.send(new Uint8Array(UPLOAD_BYTES));
    const [refusal, ...more] = await client.waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection"), more], [413, "close", []]);
  });

  check("a 413 for a chunked body arrives whole in the middle of the upload", async (bench) => {
    await bench.serve({
      handlers: [async (request) => request.respond(200, {}, await request.body.bytes())],
    });
    const client = bench.connect().request("POST", "/", "Transfer-Encoding: chunked");
    for (let sent = 0; sent < UPLOAD_BYTES; sent += CHUNK_BYTES) {
      client.send(`${CHUNK_BYTES.toString(16)}\r\n`).send(new Uint8Array(CHUNK_BYTES)).send("\r\n");
    }
    const [refusal, ...more] = await client.waitClosed();
    assertEquals([refusal?.status, fieldOf(refusal!, "connection"), more], [413, "close", []]);
  });
}

function checkTimes(check: ServerCheck): void {
  check("lingerTimeoutMs is how long a lingering close waits for a next byte", async (bench) => {
    await bench.serve({ handlers: [], clocks: { lingerTimeoutMs: 300, lingerTimeMs: 60_000 } });
    const startMs = bench.server.loop.now();
    await refused(bench);
    await bench.settle(() => bench.server.inspect().connections === 0, "the end of the lingering");
    assert(bench.server.loop.now() - startMs >= 300, "it did not wait");
  });

  check("lingerTimeMs is how long a lingering close takes in all", async (bench) => {
    await bench.serve({ handlers: [], clocks: { lingerTimeoutMs: 60_000, lingerTimeMs: 400 } });
    const startMs = bench.server.loop.now();
    const client = await refused(bench);
    let pieces = 0;
    while (bench.server.inspect().connections > 0) {
      // Both clocks are on one wheel: what stalls the one stalls the other.
      assertLess(pieces++, 20, "it lingers although the time is over");
      client.send("more");
      await after(bench, 100);
    }
    assert(bench.server.loop.now() - startMs >= 400, "it did not take its time");
  });

  check("the time of an unread body counts as that of any body", async (bench) => {
    await bench.serve({
      handlers: [(request) => request.respond(200, {}, "unread")],
      clocks: { bodyTimeoutMs: 200, lingerTimeoutMs: 100 },
    });
    const client = bench.connect().request("POST", "/", "Content-Length: 9").send("part");
    const answers = await client.waitClosed();
    assertEquals(answers.map(({ status }) => status), [200]);
  });
}

function checkNextByte(check: ServerCheck): void {
  check("lingerTimeoutMs counts from the last byte", async (bench) => {
    await bench.serve({ handlers: [], clocks: { lingerTimeoutMs: 300, lingerTimeMs: 60_000 } });
    const client = await refused(bench);
    for (let i = 0; i < 3; i++) {
      await after(bench, 200);
      client.send("more");
    }
    assertEquals(bench.server.inspect().connections, 1);
    const lastMs = bench.server.loop.now();
    await bench.settle(() => bench.server.inspect().connections === 0, "the end of the lingering");
    assert(bench.server.loop.now() - lastMs >= 300, "it did not wait");
  });
}

function checkBytes(check: ServerCheck): void {
  check("lingerBytesMax bounds what a lingering close reads, by a reset", async (bench) => {
    await bench.serve({
      handlers: [],
      limits: { lingerBytesMax: 1000 },
      clocks: { lingerTimeoutMs: 60_000, lingerTimeMs: 60_000 },
    });
    const client = await refused(bench);
    // Where the refused head came in pieces, some of it counts as well.
    client.send("x".repeat(980));
    await after(bench, 100);
    assertEquals(bench.server.inspect().connections, 1);
    client.send("x".repeat(21));
    await bench.settle(() => bench.server.inspect().connections === 0, "the reset");
  });

  for (const size of [1000, 1001]) {
    const what = size > 1000 ? "gives the connection up" : "keeps the connection";
    check(`discardBytesMax: an unread rest of ${size} of 1000 bytes ${what}`, async (bench) => {
      await bench.serve({
        handlers: [(request) => request.respond(200, {}, request.target)],
        limits: { discardBytesMax: 1000 },
      });
      const chunked = bench.connect().request("POST", "/chunked", "Transfer-Encoding: chunked");
      await chunked.waitAnswers(1);
      chunked.send(`${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`);
      const declared = bench.connect().post("/declared", "x".repeat(size));
      for (const client of [chunked, declared]) {
        client.request("GET", "/next");
        const answers = size > 1000 ? await client.waitClosed() : await client.waitAnswers(2);
        assertEquals(answers.length, size > 1000 ? 1 : 2);
      }
    });
  }
}
