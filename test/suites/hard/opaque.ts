/**
 * The control of the suites that run on guarded handles: a server that makes keys of its handles
 * fails on them, and does not without them. It spoils a server on purpose, and knows no runtime.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Handle, Reactor } from "../../../core/reactor.ts";
import { Server } from "../../../core/server.ts";
import type { HardCheck } from "../check_hard.ts";
import { guardHandles, HandleCoerced } from "../guard_handles.ts";
import type { HardBench } from "./hard_bench.ts";

export function checkOpaque(check: HardCheck): void {
  check("opaque handles, control: a server that makes keys of them fails", async (bench) => {
    const server = await connectTwice(bench, guardHandles(bench.rig.reactor));
    assert(server.failure instanceof HandleCoerced, `${server.failure}`);
    assertEquals(Object.keys(server.table), []);
  });

  check("opaque handles, control: unguarded, it mixes its connections up", async (bench) => {
    const server = await connectTwice(bench, bench.rig.reactor);
    assertEquals(server.failure, null);
    assertEquals(Object.keys(server.table).length, 1);
  });
}

/** Finds its connections again by the text of their handles. */
class KeyingServer extends Server {
  readonly table: Record<string, unknown> = {};
  opened = 0;
  failure: unknown = null;

  override onOpen(handle: Handle): void {
    super.onOpen(handle);
    this.opened++;
    try {
      this.table[handle as unknown as string] = handle.owner;
    } catch (error) {
      this.failure = error;
    }
  }
}

async function connectTwice(bench: HardBench, reactor: Reactor): Promise<KeyingServer> {
  const server = new KeyingServer(reactor, { handlers: [] });
  bench.server = server;
  bench.address = (await server.listen(bench.rig.address)).address;
  for (let i = 0; i < 2; i++) bench.connect();
  await bench.settle(() => server.opened === 2, "two connections");
  return server;
}
