/**
 * What a server says of options that are misspelt, or have no such value.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { defineServer } from "../../../core/definition.ts";
import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../../core/limits.ts";
import { Server, type ServerOptions } from "../../../core/server.ts";
import { createMemoryReactor } from "../../../runtimes/memory.ts";
import { serve, ServeError } from "../../../runtimes/serve.ts";

const handlers = [() => 0 as const];

function make(options: object): Server {
  return new Server(createMemoryReactor(), { handlers, ...options } as ServerOptions);
}

const WRONG: ReadonlyArray<readonly [object, string]> = [
  [{ limit: {} }, 'a server has no option "limit"'],
  [{ handlers: undefined }, "a server needs handlers"],
  [{ handlers: [1] }, "handlers is a list of functions"],
  [{ halfClose: "never" }, 'halfClose is "abort" or "answer", not never'],
  [{ clientBodyTempDir: "" }, "clientBodyTempDir is the path of a folder, not "],
  [{ limits: { bodyMax: 1 } }, 'there is no limit "bodyMax"'],
  [{ limits: { toString: 1 } }, 'there is no limit "toString"'],
  [
    { limits: { headBytesMax: NaN } },
    "limits.headBytesMax is a whole number of at least 0, or Infinity, not NaN",
  ],
  [
    { limits: { connectionsMax: -1 } },
    "limits.connectionsMax is a whole number of at least 0, or Infinity, not -1",
  ],
  [
    { limits: { connectionsMax: "1" } },
    'limits.connectionsMax is a whole number of at least 0, or Infinity, not "1"',
  ],
  [{ clocks: { headerTimeout: 1 } }, 'there is no clock "headerTimeout"'],
  [
    { clocks: { sendTimeoutMs: 0 } },
    "clocks.sendTimeoutMs is a number of more than 0, or Infinity, not 0",
  ],
  [
    { clocks: { keepAliveTimeoutMs: -1 } },
    "clocks.keepAliveTimeoutMs is a number of at least 0, or Infinity, not -1",
  ],
  [
    { clocks: { bodyBytesPerSecondMin: Infinity } },
    "clocks.bodyBytesPerSecondMin is a number of at least 0, not Infinity",
  ],
];

describe("options of a server", () => {
  test("new Server() throws a TypeError of one line that names what is wrong", () => {
    for (const [options, text] of WRONG) {
      const error = assertThrows(() => make(options), TypeError);
      assertEquals(error.message, text);
    }
  });

  test("new Server() takes Infinity, 0 where it means something, and what is undefined", () => {
    const server = make({
      limits: { clientBodyMaxBytes: Infinity, headBytesMax: undefined },
      clocks: { handlerTimeoutMs: Infinity, keepAliveTimeoutMs: 0, sendTimeoutMs: undefined },
      halfClose: undefined,
    });
    assertEquals(server.limits, { ...DEFAULT_LIMITS, clientBodyMaxBytes: Infinity });
    const clocks = { handlerTimeoutMs: Infinity, keepAliveTimeoutMs: 0 };
    assertEquals(server.clocks, { ...DEFAULT_CLOCKS, ...clocks });
  });

  test("close() throws for a deadline that is no time", () => {
    for (const deadlineMs of [-1, NaN]) {
      assertThrows(() => make({}).close({ deadlineMs }), TypeError, "deadlineMs");
    }
  });

  test("serve() rejects with a ServeError that names what is wrong", async () => {
    const app = defineServer({ handlers, limits: { headBytesMax: -1 } });
    const error = await assertRejects(() => serve(app, { port: 0 }), ServeError, "headBytesMax");
    assertEquals(error.code, "options");
    assertThrows(() => defineServer({ fetch: 5 as never }), TypeError, "fetch is a function");
    const options = { port: 0, clock: {} };
    await assertRejects(() => serve(() => 0, options), ServeError, 'serve has no option "clock"');
    const log = { port: 0, accessLog: true as never };
    await assertRejects(() => serve(() => 0, log), ServeError, "accessLog is a function");
    const shared = { unix: "/run/a", reusePort: true };
    await assertRejects(() => serve(() => 0, shared), ServeError, "reusePort is for a port");
  });
});
