/**
 * The assertions must be able to fail. Each is tried on values that hold and on values that do not,
 * with a plain try and no help from the assertions themselves.
 *
 * @module
 */

import { describe, test } from "node:test";
import * as std from "@std/assert";

/** Whether `check` throws an AssertionError; anything else that it throws is passed on. */
function fails(check: () => unknown): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error instanceof std.AssertionError) return true;
    throw error;
  }
}

/** Each line: a check that holds, and its neighbour that does not. */
const PAIRS: { readonly [name: string]: readonly [() => unknown, () => unknown] } = {
  assert: [() => std.assert("x"), () => std.assert(0)],
  assertFalse: [() => std.assertFalse(""), () => std.assertFalse("x")],
  assertEquals: [() => std.assertEquals([1], [1]), () => std.assertEquals([1], [2])],
  assertNotEquals: [() => std.assertNotEquals([1], [2]), () => std.assertNotEquals([1], [1])],
  assertStrictEquals: [
    () => std.assertStrictEquals(NaN, NaN),
    () => std.assertStrictEquals({}, {}),
  ],
  assertNotStrictEquals: [
    () => std.assertNotStrictEquals({}, {}),
    () => std.assertNotStrictEquals(1, 1),
  ],
  assertExists: [() => std.assertExists(0), () => std.assertExists(null)],
  assertInstanceOf: [
    () => std.assertInstanceOf(new TypeError(), Error),
    () => std.assertInstanceOf({}, Error),
  ],
  assertGreater: [() => std.assertGreater(2, 1), () => std.assertGreater(1, 1)],
  assertGreaterOrEqual: [
    () => std.assertGreaterOrEqual(1, 1),
    () => std.assertGreaterOrEqual(0, 1),
  ],
  assertLess: [() => std.assertLess(1, 2), () => std.assertLess(1, 1)],
  assertLessOrEqual: [() => std.assertLessOrEqual(1, 1), () => std.assertLessOrEqual(2, 1)],
  assertAlmostEquals: [
    () => std.assertAlmostEquals(0.1 + 0.2, 0.3),
    () => std.assertAlmostEquals(1, 1.1, 0.01),
  ],
  assertMatch: [() => std.assertMatch("abc", /b/g), () => std.assertMatch("abc", /d/)],
  assertNotMatch: [() => std.assertNotMatch("abc", /d/), () => std.assertNotMatch("abc", /b/)],
  assertStringIncludes: [
    () => std.assertStringIncludes("abc", "b"),
    () => std.assertStringIncludes("abc", "d"),
  ],
  assertArrayIncludes: [
    () => std.assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]),
    () => std.assertArrayIncludes([1, 2], [3]),
  ],
  assertObjectMatch: [
    () => std.assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }),
    () => std.assertObjectMatch({ a: 1 }, { a: 1, b: undefined }),
  ],
  assertThrows: [
    () => std.assertThrows(() => raise(new TypeError("abc")), TypeError, "b"),
    () => std.assertThrows(() => raise(new TypeError("abc")), TypeError, "d"),
  ],
  "assertThrows on another class": [
    () => std.assertThrows(() => raise(new RangeError("abc"))),
    () => std.assertThrows(() => raise(new RangeError("abc")), TypeError),
  ],
  "assertThrows on no throw": [
    () => std.assertThrows(() => raise(undefined)),
    () => std.assertThrows(() => {}),
  ],
};

function raise(value: unknown): never {
  throw value;
}

/** Values by structure: equal within a line, and different from every other line. */
const KINDS: readonly (() => unknown)[] = [
  () => 1,
  () => 0,
  () => -0,
  () => NaN,
  () => "1",
  () => null,
  () => undefined,
  () => [],
  () => ({}),
  () => ({ a: undefined }),
  () => ({ a: 1, b: [new Map([["k", { v: 1 }]])] }),
  () => ({ a: 1, b: [new Map([["k", { v: 2 }]])] }),
  () => new Set([{ a: 1 }, { a: 2 }]),
  () => new Set([{ a: 1 }, { a: 3 }]),
  () => new Map([[{ k: 1 }, 1]]),
  () => new Date(1),
  () => new Date(2),
  () => /a/g,
  () => /a/,
  () => new URL("http://a/"),
  () => new Uint8Array([1, 2]),
  () => new Uint8Array([1, 3]),
  () => new Int8Array([1, 2]),
  () => new Uint8Array([1, 2]).buffer,
  () => new Error("a"),
  () => new Error("b"),
  () => new TypeError("a"),
  () => new (class A {})(),
  () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    return cycle;
  },
];
// A class is a new one each time its expression runs, so this one must be made once.
const INSTANCE_AT = KINDS.findIndex((make) => String(make).includes("class A"));

describe("@std/assert", () => {
  for (const [name, [holds, doesNot]] of Object.entries(PAIRS)) {
    test(`${name}() holds when it must and fails when it must`, () => {
      if (fails(holds)) throw new Error("it failed on values that hold");
      if (!fails(doesNot)) throw new Error("it held on values that do not");
    });
  }

  test("assertEquals() tells every two kinds of values apart, and each equal to itself", () => {
    KINDS.forEach((left, i) => {
      KINDS.forEach((right, j) => {
        const same = i === j && i !== INSTANCE_AT;
        if (fails(() => std.assertEquals(left(), right())) === same) {
          throw new Error(`${left} and ${right}`);
        }
      });
    });
  });

  test("fail() and unreachable() fail", () => {
    if (!fails(() => std.fail("why")) || !fails(() => std.unreachable())) {
      throw new Error("one of them returned");
    }
  });

  test("assertRejects() answers the reason; it fails on a value and on a plain throw", async () => {
    const reason = await std.assertRejects(() => Promise.reject(new TypeError("abc")), TypeError);
    std.assertEquals(reason.message, "abc");
    const late = async (check: () => Promise<unknown>) => {
      const outcome = await check().then(() => "held", (error) => error);
      if (!(outcome instanceof std.AssertionError)) throw new Error(String(outcome));
    };
    await late(() => std.assertRejects(() => Promise.resolve()));
    await late(() => std.assertRejects(() => raise(new Error("at once"))));
    await late(() => std.assertRejects(() => Promise.reject(new Error("abc")), TypeError));
  });
});
