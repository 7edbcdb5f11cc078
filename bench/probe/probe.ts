/**
 * Probes servers: starts one for each column, runs all probes of all columns at once, and says
 * which rows differ where they must not. It prints nothing.
 *
 * @module
 */

import type { Clocks } from "../../core/limits.ts";
import type { Column } from "./columns.ts";
import { isSame, type Outcome } from "./outcome.ts";
import { ProbedServer } from "./probed_server.ts";
import { type Row, ROWS, type Waits } from "./rows.ts";

export interface ProbeSettings {
  readonly waits: Waits;
  /** Sluice's clocks, where they are not its defaults. */
  readonly clocks: Partial<Clocks>;
}

/** The servers' own clocks; the longest is 75 s. */
export const WHOLE: ProbeSettings = { waits: { clockMs: 100_000, settleMs: 5_000 }, clocks: {} };

/** Sluice's clocks are short, and each is its own. */
export const QUICK: ProbeSettings = {
  waits: { clockMs: 15_000, settleMs: 3_000 },
  clocks: {
    headerTimeoutMs: 2_000,
    bodyTimeoutMs: 4_000,
    sendTimeoutMs: 6_000,
    keepAliveTimeoutMs: 8_000,
  },
};

export interface ProbedColumn {
  readonly column: Column;
  /** The runtime and its version. */
  readonly runtime: string;
  /** In the order of `ROWS`. */
  readonly outcomes: readonly Outcome[];
}

/** Probes all `columns`. Rejects when a server does not start, or ends by itself. */
export async function probe(
  columns: readonly Column[],
  settings: ProbeSettings,
): Promise<ProbedColumn[]> {
  const args = ["--clocks", JSON.stringify(settings.clocks)];
  const servers = columns.map((column) => ({
    column,
    server: new ProbedServer(column, column.kind === "theirs" ? [] : args),
  }));
  try {
    // All of them are up before the first clock runs: starting takes the cores.
    await Promise.all(servers.map(({ column, server }) => named(column, server.started())));
    return await Promise.all(
      servers.map(({ column, server }) => named(column, probeColumn(column, server, settings))),
    );
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}

async function probeColumn(
  column: Column,
  server: ProbedServer,
  settings: ProbeSettings,
): Promise<ProbedColumn> {
  const outcomes = await Promise.all(ROWS.map((row) => row.probe(server, settings.waits)));
  if (server.ended) throw new Error(`it ended while it was probed\n${server.errors}`);
  return { column, runtime: server.runtime, outcomes };
}

/** Rows in which Sluice's columns over bytes are not the same. */
export function differingRows(probed: readonly ProbedColumn[]): Row[] {
  const [first, ...others] = probed.filter(({ column }) => column.kind === "bytes");
  if (first === undefined) return [];
  return ROWS.filter((_row, index) =>
    others.some((other) => !isSame(first.outcomes[index]!, other.outcomes[index]!))
  );
}

async function named<T>(column: Column, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw new Error(`${column.name}: ${(error as Error).message}`, { cause: error });
  }
}
