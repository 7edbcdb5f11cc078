/**
 * The demo, entry by entry, and its start page.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type ProcessColumn, type Serving, startServing, whileServing } from "../commands.ts";
import { assertDeclares } from "./length.ts";
import { readPattern } from "./pattern.ts";

/** Of the noise behind `/seed.mp3`, the same on every machine. */
const SEED_SHA256 = "15382db32c27c85794deb8ce070fab447ac52e5b0e9e9a167b1a8419f77d3d05";

export function checkDemo(column: ProcessColumn): void {
  const demo = (name: string, body: (serving: Serving) => Promise<void>) =>
    test(name, () => whileServing(column, "examples/demo.ts", body));

  demo("demo.ts has a start page whose links are all there", async ({ url }) => {
    const page = await fetch(url);
    assertEquals(page.headers.get("content-type"), "text/html; charset=UTF-8");
    const text = await page.text();
    const links = [...text.matchAll(/<a href="([^"]+)"/g)].map((match) => match[1]!);
    assertGreater(links.length, 5);
    for (const link of links) {
      const response = await fetch(url + link.replaceAll("&amp;", "&"));
      assertEquals([link, response.status], [link, 200]);
      await response.body?.cancel();
    }
    assertStringIncludes(text, `curl --data-binary @file ${url}/upload`);
    assertStringIncludes(text, '<form method="POST" action="/upload"');
  });

  demo("/hello, /deferred and /reflect answer as the page says", async ({ url }) => {
    assertEquals(await (await fetch(`${url}/hello`)).text(), "Hello from Sluice\n");
    await checkDeferred(url);
    await checkReflect(url);
  });

  demo("/wait/pipe and /wait/program say what came of a wait", async ({ url }) => {
    const textOf = async (path: string) => await (await fetch(url + path)).text();
    assertEquals(await textOf("/wait/pipe?timeout=50"), "timeout \n");
    assertEquals(await textOf("/wait/program?timeout=0"), "timeout \n");
    const line = "ready this comes from another program\n";
    assertEquals(await textOf("/wait/program?timeout=30000"), line);
    await checkRefused(
      `${url}/wait/pipe?timeout=long`,
      /^timeout must be a whole number from 0 to /,
    );
    const leaving = new AbortController();
    const left = fetch(`${url}/wait/pipe?timeout=30000`, { signal: leaving.signal });
    leaving.abort();
    assertEquals(await left.then(() => "answered", () => "left"), "left");
  });

  demo("/wait/pipe has so many programs at once and no more", async ({ url }) => {
    const leaving = new AbortController();
    const asked = Array.from(
      { length: 17 },
      () => fetch(`${url}/wait/pipe?timeout=30000`, { signal: leaving.signal }),
    );
    const refused = await Promise.race(asked);
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    leaving.abort();
    await Promise.allSettled(asked);
    // The server hears of the leavers in events of their own, perhaps behind the next request.
    let next = await fetch(`${url}/wait/program?timeout=0`);
    for (let i = 0; i < 1000 && next.status === 503; i++) {
      await next.text();
      next = await fetch(`${url}/wait/program?timeout=0`);
    }
    assertEquals(await next.text(), "timeout \n");
  });

  demo("/stream and /seed.mp3 send the bytes that they promise", async ({ url }) => {
    assertEquals(await readPattern(await fetch(`${url}/stream?bytes=10000000`)), 10_000_000);
    assertEquals(await readPattern(await fetch(`${url}/stream?bytes=0`)), 0);
    await checkRefused(`${url}/stream?bytes=1e3`, /^bytes must be a whole number from 0 to /);
    const seed = await fetch(`${url}/seed.mp3`);
    assertEquals(seed.headers.get("content-type"), "audio/mpeg");
    assertDeclares(column, seed, 3_831_150);
    assertEquals(sha256Of(new Uint8Array(await seed.arrayBuffer())), SEED_SHA256);
  });

  demo("/steps/primes counts them while others are served", async ({ url }) => {
    const order: string[] = [];
    const slow = fetch(`${url}/steps/primes?upto=1000000`).then((response) => {
      order.push("primes");
      return response.text();
    });
    for (let i = 0; i < 3; i++) await (await fetch(`${url}/hello`)).text();
    order.push("hello");
    assertEquals(await slow, "78498\n");
    assertEquals(order, ["hello", "primes"]);
    assertEquals(await (await fetch(`${url}/steps/primes?upto=2`)).text(), "1\n");
    await checkRefused(`${url}/steps/primes?upto=-1`, /^upto must be a whole number from 0 to /);
  });

  demo("/thread/report streams its rows, and stops for a client that leaves", async ({ url }) => {
    const text = await (await fetch(`${url}/thread/report?rows=25000`)).text();
    const rows = text.trimEnd().split("\n");
    assertEquals([rows.length, rows[0], rows[24_999]], [
      25_000,
      "row 1: 1.000000",
      "row 25000: 158.113883",
    ]);
    for (let i = 0; i < 6; i++) {
      const reader = (await fetch(`${url}/thread/report?rows=1000000000`)).body!.getReader();
      await reader.read();
      await reader.cancel();
    }
    await checkRefused(`${url}/thread/report?rows=many`, /^rows must be a whole number from 0 to /);
  });

  demo("/thread/sql counts in a thread while others are served", async ({ url }) => {
    const order: string[] = [];
    const slow = fetch(`${url}/thread/sql?n=3000000`).then((response) => {
      order.push("sql");
      return response.text();
    });
    await (await fetch(`${url}/hello`)).text();
    order.push("hello");
    assertEquals(await slow, "3000000\n");
    assertEquals(order, ["hello", "sql"]);
    await checkRefused(`${url}/thread/sql?n=0`, /^a whole number from 1 to /);
  });

  demo("/pause waits for /resume, and /conditional runs no body in vain", async ({ url }) => {
    const paused = await Promise.all(["a", "a", "b"].map((id) => fetch(`${url}/pause?id=${id}`)));
    const resumed = async (id: string) => await (await fetch(`${url}/resume?id=${id}`)).text();
    assertEquals(await resumed("a"), "resumed: 2\n");
    for (const response of paused.slice(0, 2)) {
      assertEquals(await response.text(), "waits for /resume?id=a\nresumed\n");
    }
    assertEquals([await resumed("a"), await resumed("b")], ["resumed: 0\n", "resumed: 1\n"]);
    await paused[2]!.body!.cancel();
    const first = await fetch(`${url}/conditional`);
    const etag = first.headers.get("etag")!;
    assertEquals([first.status, first.headers.get("x-generated")], [200, "0"]);
    await first.text();
    for (let i = 0; i < 3; i++) {
      const again = await fetch(`${url}/conditional`, { headers: { "if-none-match": etag } });
      assertEquals([again.status, again.headers.get("x-generated")], [304, "1"]);
      await again.body?.cancel();
    }
  });

  demo("/upload hashes a body and the form's wrapping of a file", async ({ url }) => {
    const body = new Uint8Array(6_000_000).map((_, i) => i * 31);
    const answer = await fetch(`${url}/upload`, { method: "POST", body });
    assertEquals(await answer.json(), { size: body.length, sha256: sha256Of(body) });
    const empty = await fetch(`${url}/upload`, { method: "POST" });
    assertEquals(await empty.json(), { size: 0, sha256: sha256Of(new Uint8Array(0)) });
    const form = new FormData();
    form.append("file", new Blob([body]), "file");
    const wrapped = await fetch(`${url}/upload`, { method: "POST", body: form });
    assertGreater((await wrapped.json() as { size: number }).size, body.length);
  });

  demo("/clock ticks once a second until its client leaves", async ({ url }) => {
    const response = await fetch(`${url}/clock`);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    assertMatch((await reader.read()).value!, /^event: tick\ndata: tick 1 at \S+Z\n\n$/);
    const startMs = performance.now();
    assertMatch((await reader.read()).value!, /^event: tick\ndata: tick 2 at \S+Z\n\n$/);
    const elapsedMs = performance.now() - startMs;
    assert(elapsedMs > 500 && elapsedMs < 5000, `the second tick came after ${elapsedMs} ms`);
    await reader.cancel();
  });

  test("/clock ends in order when the server closes", async () => {
    const { url, program } = await startServing(column, ["examples/demo.ts", "--port", "0"]);
    const reader = (await fetch(`${url}/clock`)).body!.getReader();
    await reader.read();
    const ending = program.stop("SIGINT");
    let last = await reader.read();
    while (!last.done) last = await reader.read();
    const { code, stdout, stderr } = await ending;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /SIGINT: closing with 1 open request; again to end now\n$/);
  });
}

async function checkDeferred(url: string): Promise<void> {
  const order: string[] = [];
  const late = fetch(`${url}/deferred?ms=500`).then((response) => {
    order.push("deferred");
    return response.text();
  });
  await (await fetch(`${url}/hello`)).text();
  order.push("hello");
  assertEquals(await late, "DONE");
  assertEquals(order, ["hello", "deferred"]);
  assertEquals(await (await fetch(`${url}/deferred`)).text(), "DONE");
  for (const ms of ["soon", "-1", "99999999", ""]) {
    await checkRefused(`${url}/deferred?ms=${ms}`, /^ms must be a whole number from 0 to 30000\n$/);
  }
}

async function checkReflect(url: string): Promise<void> {
  const target = `${url}/reflect?a=1&b=%20`;
  for (const method of ["GET", "DELETE", "OPTIONS"]) {
    const seen = await reflected(target, { method, headers: { "X-Name": "value" } });
    assertEquals([seen.method, seen.url, seen.body], [method, target, ""]);
    assertEquals(valueOf(seen, "x-name"), "value");
  }
  const body = "bytes: \0\xff";
  const seen = await reflected(target, { method: "PUT", body });
  assertEquals([seen.method, valueOf(seen, "content-length")], ["PUT", "10"]);
  assertEquals(Buffer.from(seen.body, "base64").toString(), body);
  const large = await fetch(target, { method: "POST", body: new Uint8Array(1024 * 1024 + 1) });
  assertEquals(large.status, 413);
  await large.text();
}

interface Reflected {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: string;
}

async function reflected(url: string, init: RequestInit): Promise<Reflected> {
  return await (await fetch(url, init)).json() as Reflected;
}

function valueOf(seen: Reflected, name: string): string | undefined {
  return seen.headers.find((header) => header[0] === name)?.[1];
}

async function checkRefused(url: string, words: RegExp): Promise<void> {
  const response = await fetch(url);
  assertEquals(response.status, 400);
  assertMatch(await response.text(), words);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
