/**
 * Units of runtimes/deno/conn_reads.ts: the way of the documentation, on every runtime. The quick
 * one is what the Deno column's sockets are read by.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { readsOf } from "../../../runtimes/deno/conn_reads.ts";
import type { DenoConn } from "../../../runtimes/deno/platform.ts";

function connThatReads(read: (into: Uint8Array) => Promise<number | null>): DenoConn {
  return { read } as DenoConn;
}

describe("readsOf", () => {
  test("reads by `conn.read` what has no number, into the caller's memory", async () => {
    const memory = new Uint8Array(4);
    const reads = readsOf(connThatReads((into) => {
      assertStrictEquals(into, memory);
      return Promise.resolve(3);
    }));
    assertEquals(await reads.read(memory), 3);
  });

  test("answers 0 at the end of the stream", async () => {
    const reads = readsOf(connThatReads(() => Promise.resolve(null)));
    assertEquals(await reads.read(new Uint8Array(4)), 0);
  });

  test("rejects as the connection does", async () => {
    const reads = readsOf(connThatReads(() => Promise.reject(new Error("gone"))));
    await assertRejects(() => reads.read(new Uint8Array(4)), Error, "gone");
  });
});
