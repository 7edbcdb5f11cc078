/** The pool: what is out, what is kept, and that buffers come back empty. */

import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { BufPool } from "../../../core/buf_pool.ts";
import { Chain } from "../../../core/chain.ts";
import { releaseBuf } from "../../../core/buf.ts";

test("take() gives empty buffers of the pool's size and counts them", () => {
  const pool = new BufPool({ bufBytes: 16, keepMax: 4 });
  const one = pool.take();
  const two = pool.take();
  assertNotStrictEquals(one, two);
  assertEquals([one.bytes.length, one.size, one.owner === pool], [16, 0, true]);
  assertEquals([pool.out, pool.kept], [2, 0]);
});

test("take() reuses a released buffer, which is empty again", () => {
  const pool = new BufPool({ bufBytes: 16, keepMax: 4 });
  const chain = new Chain();
  const buf = pool.take();
  buf.end = 10;
  buf.last = true;
  chain.append(buf);
  releaseBuf(chain.lend());
  assertEquals([pool.out, pool.kept], [0, 1]);
  const again = pool.take();
  assertStrictEquals(again, buf);
  assertEquals([again.size, again.last, pool.out, pool.kept], [0, false, 1, 0]);
});

test("bufReleased() keeps no more than keepMax buffers", () => {
  const pool = new BufPool({ bufBytes: 16, keepMax: 2 });
  const chain = new Chain();
  for (let i = 0; i < 5; i++) chain.append(pool.take());
  assertEquals(pool.out, 5);
  chain.drop();
  assertEquals([pool.out, pool.kept], [0, 2]);
});

test("bufReleased() takes back a buffer that was never queued", () => {
  const pool = new BufPool({ bufBytes: 16, keepMax: 2 });
  pool.bufReleased(pool.take());
  assertEquals([pool.out, pool.kept], [0, 1]);
});
