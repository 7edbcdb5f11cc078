/** Buffers: the window, and who has the memory when. */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { Buf, bufOf, FREE, lendBuf, LENT, QUEUED, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";

test("Buf starts free and empty over its whole memory", () => {
  const buf = new Buf(new Uint8Array(8));
  assertEquals([buf.size, buf.pos, buf.end, buf.last, buf.flush], [0, 0, 0, false, false]);
  assertEquals(buf.state, FREE);
  assertEquals(buf.view().length, 0);
});

test("bufOf() makes all of the bytes live", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const buf = bufOf(bytes);
  assertEquals(buf.size, 3);
  assertStrictEquals(buf.view(), bytes);
});

test("view() shows the live bytes of the same memory", () => {
  const buf = bufOf(Uint8Array.of(1, 2, 3, 4));
  buf.pos = 1;
  buf.end = 3;
  assertEquals([...buf.view()], [2, 3]);
  buf.bytes[1] = 9;
  assertEquals([...buf.view()], [9, 3]);
});

test("lendBuf() takes a queued buffer and no other", () => {
  const buf = bufOf(Uint8Array.of(1));
  assertThrows(() => lendBuf(buf), AssertionFault, "not queued");
  const chain = new Chain();
  chain.append(buf);
  lendBuf(chain.shift());
  assertEquals(buf.state, LENT);
  assertThrows(() => lendBuf(buf), AssertionFault, "not queued");
});

test("releaseBuf() tells the owner once, with the buffer free and empty", () => {
  const told: unknown[] = [];
  const buf = bufOf(Uint8Array.of(1, 2), {
    bufReleased: (released) => told.push([released.state, released.size]),
  });
  buf.last = true;
  buf.flush = true;
  const chain = new Chain();
  chain.append(buf);
  releaseBuf(chain.lend());
  assertEquals(told, [[FREE, 0]]);
  assertEquals([buf.pos, buf.end, buf.last, buf.flush], [0, 0, false, false]);
});

test("releaseBuf() of a free buffer is a fault, and the owner is not told again", () => {
  let told = 0;
  const buf = bufOf(Uint8Array.of(1), { bufReleased: () => told++ });
  assertThrows(() => releaseBuf(buf), AssertionFault, "released twice");
  const chain = new Chain();
  chain.append(buf);
  assertEquals(buf.state, QUEUED);
  releaseBuf(chain.shift());
  assertThrows(() => releaseBuf(buf), AssertionFault, "released twice");
  assertEquals(told, 1);
});
