/**
 * The hard test of bodies that never become whole: the disk is full, its directory is missing, the
 * client leaves in the middle. The error reaches whoever can be reached, no temporary file is left,
 * and each was closed once. And slow uploads, very many of them: they hold as much memory as each
 * may, and no more.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import { MemoryDisk } from "../../../runtimes/memory.ts";
import { DONE, type ResultCode } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import { type HardBench, IS_FULL } from "./hard_bench.ts";
import { memoryInUse } from "./memory_gauge.ts";
import { postOf } from "./request_bodies.ts";
import { leftInDirectory, WatchedFiles } from "./watched_files.ts";

const BUFFER_BYTES = 1000;
const BODY_BYTES = 200_000;
const NO_DIRECTORY = "/no/such/directory";
/** How much of a body is here when its client leaves: around each edge of the keeper. */
const LEFT_AT = [0, 1, BUFFER_BYTES, BUFFER_BYTES + 1, 5096, 5097, 60_000, BODY_BYTES - 1];

export function checkBodyTrouble(check: HardCheck): void {
  for (const requestBody of ["stream", "buffer"] as const) {
    check(`body trouble: a full disk is a 500, and leaves no file (${requestBody})`, (bench) => {
      return withDirectory(bench, async (directory) => {
        const files = await serve(bench, requestBody, directory);
        for (const roomBytes of [0, 1, BUFFER_BYTES + 1, 20_000]) {
          files.roomBytes = roomBytes;
          await assertRefused(bench, /the body cannot be kept: the disk has no room left/);
        }
        await assertNothingLeft(bench, files, directory);
        assertEquals(files.opened, 4);
      });
    });

    check(`body trouble: a missing directory is a 500, and is named (${requestBody})`, async (
      bench,
    ) => {
      const files = await serve(bench, requestBody, NO_DIRECTORY);
      await assertRefused(bench, /the body cannot be kept: \/no\/such\/directory does not exist/);
      assertEquals([files.opened, files.closed], [0, 0]);
    });

    check(`body trouble: a client that leaves leaves no file (${requestBody})`, (bench) => {
      return withDirectory(bench, (directory) => leave(bench, requestBody, directory));
    });
  }

  check("body trouble, control: the test fails when a file is not closed", (bench) => {
    return withDirectory(bench, async (directory) => {
      const files = await serve(bench, "stream", directory);
      files.losesCloses = true;
      files.roomBytes = 20_000;
      await assertRefused(bench, /no room left/);
      await assertRejects(() => assertNothingLeft(bench, files, directory), Error, "file");
      let isClosed = false;
      files.closeAll().then(() => isClosed = true);
      await bench.settle(() => isClosed, "the lost files' end");
    });
  });

  check("body trouble: slow uploads hold what each may, and no more", async (bench) => {
    const { count, grown } = await uploadSlowly(bench, (request) => request.body.buffered());
    bench.measured(`${count} slow uploads of ${UPLOADED_BYTES >> 10} KiB`, `${grown >> 10} KiB`);
    assertLess(grown, boundOf(count));
  });

  check("body trouble, control: whole bodies in memory are found out", async (bench) => {
    const { count, grown } = await uploadSlowly(bench, (request, came) => {
      const pieces: Uint8Array[] = [];
      return takeBody(request, (bytes) => {
        pieces.push(bytes.slice());
        came(bytes);
      });
    });
    assert(grown > boundOf(count), `${grown} bytes for ${count} uploads`);
  });
}

// Trouble with the disk, and clients that leave.

async function serve(
  bench: HardBench,
  requestBody: "stream" | "buffer",
  clientBodyTempDir: string,
): Promise<WatchedFiles> {
  const handler = async (request: HttpRequest): Promise<ResultCode> => {
    const kept = await request.body.buffered();
    return request.respond(200, {}, String(kept.length));
  };
  const limits = { clientBodyBufferBytes: BUFFER_BYTES };
  const options = { handlers: [handler], limits, requestBody, clientBodyTempDir };
  return WatchedFiles.under(await bench.serve(options));
}

async function assertRefused(bench: HardBench, log: RegExp): Promise<void> {
  bench.logs.length = 0;
  const [answer] = await bench.connect().send(postOf(BODY_BYTES, "length")).waitAnswers(1);
  assertEquals(answer?.status, 500);
  assertMatch(bench.logs.join("\n"), log);
}

async function leave(
  bench: HardBench,
  requestBody: "stream" | "buffer",
  directory: string,
): Promise<void> {
  const files = await serve(bench, requestBody, directory);
  const whole = postOf(BODY_BYTES, "length");
  const headBytes = whole.length - BODY_BYTES;
  for (const at of LEFT_AT) {
    for (const leaving of ["reset", "close"] as const) {
      const client = bench.connect().send(whole.subarray(0, headBytes + at));
      await bench.settle(() => bench.server.inspect().requests.length === 1, "the request");
      if (leaving === "reset") client.reset();
      else bench.rig.reactor.close(client.handle);
      await bench.settle(() => bench.server.inspect().requests.length === 0, "its end");
    }
  }
  await assertNothingLeft(bench, files, directory);
}

async function assertNothingLeft(
  bench: HardBench,
  files: WatchedFiles,
  directory: string,
): Promise<void> {
  const disk = bench.rig.reactor.files;
  const left = () => disk instanceof MemoryDisk ? disk.openFiles : leftInDirectory(directory);
  // A disk takes its time to close what it was told to close. What is lost is not waited for.
  const isOver = () => files.lost > 0 || (files.closed === files.opened && left().length === 0);
  await bench.settle(isOver, "the files' end");
  assertEquals(left(), [], "a file is left");
  assertEquals(files.closed, files.opened, "a file was not closed once");
}

/** Runs `body` with a directory of its own; in memory there is one. */
async function withDirectory(
  bench: HardBench,
  body: (directory: string) => Promise<void>,
): Promise<void> {
  if (bench.rig.reactor.files instanceof MemoryDisk) {
    await body("/tmp");
    return;
  }
  const directory = mkdtempSync(`${tmpdir()}/bodies-`);
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

// Slow uploads.

const UPLOAD_BUFFER_BYTES = 16 * 1024;
const UPLOADED_BYTES = 6 * UPLOAD_BUFFER_BYTES;
const PIECE_BYTES = UPLOAD_BUFFER_BYTES / 2;
const UPLOADS = 300;
const UPLOADS_FULL = 1000;
/** Whatever else the engines keep while so many connections do something. */
const CONSTANT_BYTES = 12 << 20;

function boundOf(count: number): number {
  return count * UPLOAD_BUFFER_BYTES + CONSTANT_BYTES;
}

/**
 * By how much more memory grows from heads alone to bodies of which all but the end is here, than
 * where nobody keeps any of them: what a network in memory holds is not the server's.
 */
async function uploadSlowly(
  bench: HardBench,
  take: (request: HttpRequest, came: (bytes: Uint8Array) => void) => Promise<unknown>,
): Promise<{ count: number; grown: number }> {
  const count = IS_FULL && !bench.timeIsReal ? UPLOADS_FULL : UPLOADS;
  let requests = 0;
  let cameBytes = 0;
  const came = (bytes: Uint8Array) => void (cameBytes += bytes.length);
  const server = await bench.serve({
    handlers: [async (request) => {
      requests++;
      await (request.target === "/drop" ? takeBody(request, came) : take(request, came));
      return DONE;
    }],
    limits: { clientBodyBufferBytes: UPLOAD_BUFFER_BYTES },
    clocks: { bodyBytesPerSecondMin: 0 },
  });
  const files = WatchedFiles.under(server);
  files.isBottomless = true;
  const grown: number[] = [];
  for (const target of ["/drop", "/keep"]) {
    requests = cameBytes = 0;
    const clients = Array.from({ length: count }, () => {
      return bench.connect().request("POST", target, `Content-Length: ${UPLOADED_BYTES + 1}`);
    });
    await bench.settle(() => requests === count, "every head");
    const before = await weigh(bench);
    const piece = new Uint8Array(PIECE_BYTES);
    for (let sent = 0; sent < UPLOADED_BYTES; sent += PIECE_BYTES) {
      for (const client of clients) client.send(piece);
      await bench.rest();
    }
    // What is not written by now is in memory, where it is to be weighed.
    const least = count * (UPLOADED_BYTES - UPLOAD_BUFFER_BYTES);
    await bench.settle(() => cameBytes + files.written >= least, "the bodies");
    grown.push(await weigh(bench) - before);
    for (const client of clients) client.reset();
    await bench.settle(() => server.inspect().connections === 0, "the end of the connections");
  }
  return { count, grown: grown[1]! - grown[0]! };
}

function takeBody(request: HttpRequest, came: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve) => {
    const over = () => resolve();
    request.body.read({ onBody: came, onBodyEnd: over, onBodyError: over });
  });
}

/** The least of a few looks: engines free the memory of arrays some time after its collection. */
async function weigh(bench: HardBench): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    await bench.rest();
    least = Math.min(least, memoryInUse());
  }
  return least;
}
