/**
 * Who runs in the benchmark: one entry for each server, with the runtime and the case that it
 * belongs to, and the targets that were set for Sluice beside them. It starts nothing.
 *
 * @module
 */

export type RuntimeName = "node" | "deno" | "bun";
export type CaseName = "hello" | "hono";

export const RUNTIMES: readonly RuntimeName[] = ["node", "deno", "bun"];
export const CASES: readonly CaseName[] = ["hello", "hono"];

export interface Opponent {
  readonly runtime: RuntimeName;
  readonly case: CaseName;
  /** As the table calls it. */
  readonly name: string;
  /** True exactly when it is one of Sluice's, which the others are compared with. */
  readonly ours: boolean;
  /** The server's source, relative to this directory. */
  readonly file: string;
  readonly args: readonly string[];
  /** The package of the benchmark that it runs, if any. */
  readonly peer: string | null;
}

/** The sockets of the runtime, as they are documented, without any HTTP. */
const BARE = "bare sockets";

export const OPPONENTS: readonly Opponent[] = [
  ours("node", "hello"),
  theirs("node", "hello", "node:http", "servers/hello_node_http.ts"),
  theirs("node", "hello", "Fastify", "servers/hello_fastify.ts", "fastify"),
  theirs("node", "hello", BARE, "servers/bare_node.ts"),
  ours("node", "hono"),
  theirs("node", "hono", "@hono/node-server", "servers/hono_node_server.ts", "@hono/node-server"),
  theirs("node", "hono", "srvx", "servers/hono_srvx.ts", "srvx"),
  ours("deno", "hello"),
  theirs("deno", "hello", "Deno.serve", "servers/hello_deno_serve.ts"),
  theirs("deno", "hello", BARE, "servers/bare_deno.ts"),
  ours("deno", "hono"),
  theirs("deno", "hono", "Deno.serve", "servers/hono_deno_serve.ts"),
  ours("bun", "hello"),
  ours("bun", "hello", "serve"),
  theirs("bun", "hello", "Bun.serve", "servers/hello_bun_serve.ts"),
  theirs("bun", "hello", BARE, "servers/bare_bun.ts"),
  ours("bun", "hono"),
  ours("bun", "hono", "serve"),
  theirs("bun", "hono", "Bun.serve", "servers/hono_bun_serve.ts"),
];

/** CPU per request of Sluice, divided by that of another server, is to be at most this. */
export interface Target {
  readonly runtime: RuntimeName;
  readonly case: CaseName;
  readonly to: string;
  readonly ratioMax: number;
}

export const TARGETS: readonly Target[] = [
  { runtime: "node", case: "hello", to: "node:http", ratioMax: 0.75 },
  { runtime: "deno", case: "hello", to: "Deno.serve", ratioMax: 1.2 },
  { runtime: "bun", case: "hello", to: "Bun.serve", ratioMax: 0.95 },
  { runtime: "node", case: "hono", to: "@hono/node-server", ratioMax: 1.2 },
  { runtime: "deno", case: "hono", to: "Deno.serve", ratioMax: 1.2 },
  { runtime: "bun", case: "hono", to: "Bun.serve", ratioMax: 1.2 },
];

/** The target of `ours` beside `theirs`, if there is one. Each is for Sluice on bytes. */
export function targetOf(ours: Opponent, theirs: Opponent): Target | null {
  if (ours.args.length > 0) return null;
  return TARGETS.find((target) =>
    target.runtime === theirs.runtime && target.case === theirs.case && target.to === theirs.name
  ) ?? null;
}

/** A name that no other entry has. */
export function keyOf(opponent: Opponent): string {
  return `${opponent.runtime} ${opponent.case} ${opponent.name}`;
}

function ours(runtime: RuntimeName, name: CaseName, via?: "serve"): Opponent {
  const file = name === "hello" ? "servers/hello_sluice.ts" : "servers/hono_sluice.ts";
  const args = via === undefined ? [] : ["--via", via];
  return {
    runtime,
    case: name,
    name: via === undefined ? "Sluice" : `Sluice --via ${via}`,
    ours: true,
    file,
    args,
    peer: null,
  };
}

function theirs(
  runtime: RuntimeName,
  caseName: CaseName,
  name: string,
  file: string,
  peer: string | null = null,
): Opponent {
  return { runtime, case: caseName, name, ours: false, file, args: [], peer };
}
