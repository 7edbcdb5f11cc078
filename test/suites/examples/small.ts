/**
 * The examples of one file each, over HTTP.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { type ProcessColumn, whileServing } from "../commands.ts";
import { assertDeclares } from "./length.ts";
import { readPattern } from "./pattern.ts";

export function checkSmallExamples(column: ProcessColumn): void {
  test("hello.ts answers every path and every method", () =>
    whileServing(column, "examples/hello.ts", async ({ url }) => {
      for (const path of ["/", "/any/path", "/?query"]) {
        assertEquals(await textOf(fetch(url + path)), "Hello from Sluice\n");
      }
      assertEquals(await textOf(fetch(url, { method: "DELETE" })), "Hello from Sluice\n");
      const head = await fetch(url, { method: "HEAD" });
      assertEquals([head.headers.get("content-length"), await head.text()], ["18", ""]);
    }));

  test("deferred.ts answers DONE when its timer has fired", () =>
    whileServing(column, "examples/deferred.ts", async ({ url }) => {
      const startMs = performance.now();
      const answers = await Promise.all([1, 2, 3].map(() => textOf(fetch(url))));
      assertEquals(answers, ["DONE\n", "DONE\n", "DONE\n"]);
      // Timers may fire a millisecond early.
      assertGreaterOrEqual(performance.now() - startMs, 48);
    }));

  test("wait_pipe.ts says what another program wrote, or that nobody did", () =>
    whileServing(column, "examples/wait_pipe.ts", async ({ url }) => {
      const [, path = ""] = /^timeout: write to (.*)\n$/.exec(
        await textOf(fetch(`${url}/?timeout=20`)),
      ) ?? [];
      const refused = await fetch(`${url}/?timeout=soon`);
      assertEquals(refused.status, 400);
      assertEquals(await refused.text(), "timeout must be a whole number of milliseconds\n");
      let news = "";
      const ask = async (): Promise<void> => {
        const text = await textOf(fetch(`${url}/?timeout=30000`));
        if (text.startsWith("hangup:")) await ask();
        else news = text;
      };
      void ask();
      // The pipe of the first request may be open still: what goes there is lost, and of its writer
      // the second one sees the end alone.
      while (news === "") await writeIfRead(path, "it rains\n");
      // It may have been written often by now, and a read has an end.
      assertMatch(news, /^news: it rains\n/);
    }));

  test("streaming.ts sends as many bytes of its pattern as are asked for", () =>
    whileServing(column, "examples/streaming.ts", async ({ url }) => {
      assertEquals(await readPattern(await fetch(url)), 1_000_000);
      for (const size of [0, 1, 251, 20_000_000]) {
        const response = await fetch(`${url}/?bytes=${size}`);
        assertDeclares(column, response, size);
        assertEquals(await readPattern(response), size);
      }
      const head = await fetch(`${url}/?bytes=5000000000`, { method: "HEAD" });
      assertEquals([head.headers.get("content-length"), await head.text()], ["5000000000", ""]);
      const refused = await fetch(`${url}/?bytes=many`);
      assertEquals([refused.status, await refused.text()], [400, "bytes must be a whole number\n"]);
    }));

  test("streaming.ts stops for a client that leaves", () =>
    whileServing(column, "examples/streaming.ts", async ({ url }) => {
      const response = await fetch(`${url}/?bytes=900000000000000`);
      const reader = response.body!.getReader();
      assertEquals((await reader.read()).value![0], 0);
      await reader.cancel();
    }));

  test("iterable.ts lets one request wait for another", () =>
    whileServing(column, "examples/iterable.ts", async ({ url }) => {
      assertEquals(await textOf(fetch(url)), "one\ntwo\nthree\n");
      // The head comes with a first line, before there is any news.
      const readers = [await fetch(`${url}/news`), await fetch(`${url}/news`)];
      const told = await textOf(fetch(`${url}/tell`, { method: "POST", body: "it rains" }));
      assertEquals(told, "told 2\n");
      for (const reader of readers) assertEquals(await reader.text(), "waiting\nnews: it rains\n");
      const again = await textOf(fetch(`${url}/tell`, { method: "POST", body: "still" }));
      assertEquals(again, "told 0\n");
    }));

  test("hono.ts answers its routes", () =>
    whileServing(column, "examples/hono.ts", async ({ url }) => {
      assertEquals(await textOf(fetch(url)), "Hello from Hono\n");
      assertEquals(await (await fetch(`${url}/json`)).json(), { hello: "world" });
      assertEquals(await (await fetch(`${url}/users/7`)).json(), { id: "7" });
      assertEquals(await textOf(fetch(`${url}/echo`, { method: "POST", body: "ping" })), "ping");
      assertEquals(await textOf(fetch(`${url}/stream`)), "line 1\nline 2\nline 3\n");
      assertEquals((await fetch(`${url}/nothing`)).status, 404);
    }));

  test("sql_thread.ts asks its database in a thread, and others go on", () =>
    whileServing(column, "examples/sql_thread.ts", async ({ url }) => {
      assertEquals(await textOf(fetch(`${url}/?year=1969`)), "1969 Abbey Road\n");
      const all = await (await fetch(url)).text();
      assertEquals(all.trimEnd().split("\n").length, 4);
      assertEquals(await textOf(fetch(`${url}/?count=100000`)), "100000\n");
      for (const [wrong, sentence] of WRONG_QUERIES) {
        const refused = await fetch(`${url}/?${wrong}`);
        assertEquals([refused.status, await refused.text()], [400, `${sentence}\n`]);
      }
    }));

  test("upload.ts answers the size and the hash of a body", () =>
    whileServing(column, "examples/upload.ts", async ({ url }) => {
      for (const size of [0, 5, 5_000_000]) {
        const body = new Uint8Array(size).map((_, i) => i * 7);
        const response = await fetch(url, { method: "POST", body });
        const sha256 = createHash("sha256").update(body).digest("hex");
        assertEquals(await response.json(), { size, sha256 });
      }
      const refused = await fetch(url);
      assertEquals([refused.status, refused.headers.get("allow")], [405, "POST"]);
      assertEquals(await refused.text(), "POST a body\n");
    }));
}

const WRONG_QUERIES: ReadonlyArray<readonly [query: string, sentence: string]> = [
  ["count=many", "a whole number from 1 to 100000000"],
  ["year=now", "year must be a whole number"],
];

async function textOf(response: Promise<Response>): Promise<string> {
  return await (await response).text();
}

/** Writes to a FIFO that somebody has open for reading; does nothing for others. */
async function writeIfRead(path: string, text: string): Promise<void> {
  try {
    const pipe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await pipe.write(text).finally(() => pipe.close());
  } catch {
    // Nobody reads it yet, or any more.
  }
}
