/** Chains: order, counts, and that a buffer is in one chain at most. */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AssertionFault } from "../../../core/assert.ts";
import { type Buf, bufOf, FREE, LENT, QUEUED, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";

test("append() keeps the order and counts buffers and bytes", () => {
  const chain = chainOf("ab", "", "cde");
  assertEquals(textOf(chain), "ab||cde");
  assertEquals([chain.count, chain.size(), chain.isEmpty], [3, 5, false]);
});

test("append() of a buffer that is queued somewhere is a fault", () => {
  const chain = chainOf("a");
  assertThrows(() => chain.append(chain.first!), AssertionFault, "queued twice");
  assertThrows(() => new Chain().append(chain.first!), AssertionFault, "queued twice");
  assertThrows(() => new Chain().prepend(chain.first!), AssertionFault, "queued twice");
});

test("prepend() puts a buffer in front, also of an empty chain", () => {
  const chain = new Chain();
  chain.prepend(textBuf("b"));
  chain.prepend(textBuf("a"));
  chain.append(textBuf("c"));
  assertEquals([textOf(chain), chain.count], ["a|b|c", 3]);
});

test("appendChain() moves everything and leaves the other empty and usable", () => {
  const chain = new Chain();
  const other = chainOf("a", "b");
  chain.appendChain(other);
  chain.appendChain(new Chain());
  assertEquals([other.isEmpty, other.count, other.size()], [true, 0, 0]);
  other.append(textBuf("c"));
  chain.appendChain(other);
  chain.append(textBuf("d"));
  assertEquals([textOf(chain), chain.count], ["a|b|c|d", 4]);
});

test("shift() and requeue() move the first buffer to the end, still queued", () => {
  const chain = chainOf("a", "b");
  const buf = chain.shift();
  assertEquals([buf.state, buf.next, chain.count], [QUEUED, null, 1]);
  chain.requeue(buf);
  assertEquals(textOf(chain), "b|a");
  assertThrows(() => chain.requeue(chain.first!), AssertionFault, "not shifted");
});

test("shift() of an empty chain is a fault, and an emptied chain can be used again", () => {
  const chain = chainOf("a");
  chain.shift();
  assertEquals([chain.isEmpty, chain.tail, chain.count], [true, null, 0]);
  assertThrows(() => chain.shift(), AssertionFault, "empty chain");
  chain.append(textBuf("b"));
  assertEquals(textOf(chain), "b");
});

test("lend() takes the first buffer off, and it is in no chain until released", () => {
  const chain = chainOf("a", "b");
  const buf = chain.lend();
  assertEquals([buf.state, buf.next, textOf(chain)], [LENT, null, "b"]);
  assertThrows(() => chain.append(buf), AssertionFault, "queued twice");
  releaseBuf(buf);
  chain.append(buf);
  assertStrictEquals(chain.tail, buf);
});

test("drop() releases every buffer once", () => {
  const released: Buf[] = [];
  const chain = new Chain();
  for (let i = 0; i < 3; i++) {
    chain.append(bufOf(new Uint8Array(2), { bufReleased: (buf) => released.push(buf) }));
  }
  chain.drop();
  chain.drop();
  assertEquals([released.length, new Set(released).size, chain.count], [3, 3, 0]);
  for (const buf of released) assertEquals(buf.state, FREE);
});

function textBuf(text: string): Buf {
  return bufOf(new TextEncoder().encode(text));
}

function chainOf(...texts: string[]): Chain {
  const chain = new Chain();
  for (const text of texts) chain.append(textBuf(text));
  return chain;
}

function textOf(chain: Chain): string {
  const texts: string[] = [];
  for (let buf = chain.first; buf !== null; buf = buf.next) {
    texts.push(new TextDecoder().decode(buf.view()));
  }
  return texts.join("|");
}
