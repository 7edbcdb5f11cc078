/**
 * Who is probed: one column of the table each. It starts nothing.
 *
 * @module
 */

import type { RuntimeName } from "../opponents.ts";

/**
 * - `theirs`: a runtime's own server, with its defaults.
 * - `bytes`: Sluice over the runtime's sockets; these columns must be identical.
 * - `requests`: Sluice through the runtime's own server, which has named gaps.
 */
export type ColumnKind = "theirs" | "bytes" | "requests";

export interface Column {
  /** As programs call it. */
  readonly name: string;
  /** As the table calls it. */
  readonly title: string;
  readonly runtime: RuntimeName;
  readonly kind: ColumnKind;
  /** The server's source, relative to this directory. */
  readonly file: string;
  readonly args: readonly string[];
}

const SLUICE = "./servers/sluice.ts";

export const COLUMNS: readonly Column[] = [
  theirs("node", "node:http", "./servers/node_http.ts"),
  theirs("deno", "Deno.serve", "./servers/deno_serve.ts"),
  theirs("bun", "Bun.serve", "./servers/bun_serve.ts"),
  ours("node"),
  ours("deno"),
  ours("bun"),
  {
    name: "sluice-bun-serve",
    title: "Sluice, `--via serve`",
    runtime: "bun",
    kind: "requests",
    file: SLUICE,
    args: ["--via", "serve"],
  },
];

function theirs(runtime: RuntimeName, name: string, file: string): Column {
  return { name, title: `\`${name}\``, runtime, kind: "theirs", file, args: [] };
}

function ours(runtime: RuntimeName): Column {
  const title = `Sluice on ${runtime[0]!.toUpperCase()}${runtime.slice(1)}`;
  return { name: `sluice-${runtime}`, title, runtime, kind: "bytes", file: SLUICE, args: [] };
}
