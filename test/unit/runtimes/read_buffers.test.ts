/**
 * Units of runtimes/deno/read_buffers.ts.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { LARGE_BYTES, ReadBuffers } from "../../../runtimes/deno/read_buffers.ts";

describe("ReadBuffers", () => {
  test("take() gives each buffer to one taker at a time", () => {
    const buffers = new ReadBuffers();
    const one = buffers.take();
    const two = buffers.take();
    assertEquals([one?.length, two?.length], [LARGE_BYTES, LARGE_BYTES]);
    assertNotEquals(one === two, true);
    buffers.giveBack(one!);
    assertStrictEquals(buffers.take(), one);
  });

  test("take() answers null when all are out, and not after one came back", () => {
    const buffers = new ReadBuffers();
    const out: Uint8Array[] = [];
    for (let large = buffers.take(); large !== null; large = buffers.take()) out.push(large);
    assertEquals(out.length * LARGE_BYTES, 4 << 20);
    assertEquals(buffers.take(), null);
    buffers.giveBack(out[0]!);
    assertStrictEquals(buffers.take(), out[0]!);
    assertEquals(buffers.take(), null);
  });
});
