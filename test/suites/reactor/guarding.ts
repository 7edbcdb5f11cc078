/**
 * Checks that guarded handles are of any use: code that takes a handle for a number or a string
 * fails on them, and code that does not, does not.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { Handle } from "../../../core/reactor.ts";
import { HandleCoerced } from "../guard_handles.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";

export function checkGuarding(check: Check<Bench>): void {
  check("a core that makes a key of a handle fails", async (bench) => {
    const { client } = await bench.pair();
    const table: Record<string, number> = {};
    const taking: Record<string, (handle: unknown) => unknown> = {
      "as a property's name": (handle) => table[handle as string] = 1,
      "as text": (handle) => `connection ${handle}`,
      "as text, by String()": (handle) => String(handle),
      "as a number": (handle) => Number(handle),
      "as a number, by +": (handle) => +(handle as number),
      "as an index": (handle) => [1, 2, 3][handle as number],
      "for comparison": (handle) => (handle as number) > 2,
      "for a log line": (handle) => JSON.stringify({ handle }),
    };
    for (const [how, take] of Object.entries(taking)) {
      assertThrows(() => take(client.handle), HandleCoerced, undefined, how);
    }
  });

  check("a core that compares handles by identity works", async (bench) => {
    const { client, server } = await bench.pair();
    const known = new Map<Handle, string>([[client.handle, "client"], [server.handle, "server"]]);
    assertEquals(known.get(client.handle), "client");
    assertEquals(known.get(server.handle), "server");
  });
}
