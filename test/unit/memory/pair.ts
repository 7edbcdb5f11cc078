/**
 * Two ends of one stream in memory, open and with their traces empty. Knows the in-memory runtime.
 *
 * @module
 */

import {
  createMemoryReactor,
  type MemoryReactor,
  type MemoryReactorOptions,
} from "../../../runtimes/memory.ts";
import { ADDRESS, type Met, type React, Recorder } from "./recorder.ts";

export interface Pair {
  readonly reactor: MemoryReactor;
  readonly client: Met;
  readonly server: Met;
}

export interface PairOptions extends MemoryReactorOptions {
  readonly onClient?: React;
  readonly onServer?: React;
}

/** Two ends that are open, with their traces empty. */
export async function openPair(options: PairOptions = {}): Promise<Pair> {
  const reactor = createMemoryReactor(options);
  const servers = new Recorder(options.onServer);
  const clients = new Recorder(options.onClient);
  await reactor.listen(ADDRESS, servers);
  reactor.connect(ADDRESS, clients);
  reactor.run();
  clients.first.trace.length = 0;
  servers.first.trace.length = 0;
  return { reactor, client: clients.first, server: servers.first };
}
