/**
 * Sets `slowhttptest` upon each column: slow heads, slow bodies, slow reading and ranges, for a few
 * seconds each against tight clocks, and prints one table. The program sends to servers of its own
 * on this machine and to nobody else.
 *
 * `npm run slowhttptest`, with `--connections N` (default 200) and `--seconds N` (default 8).
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Opponent, RuntimeName } from "../opponents.ts";
import { startServer } from "../server_process.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "200" },
    seconds: { type: "string", default: "8" },
  },
});

/** Each runs out well before the end of a test. */
const CLOCKS = {
  headerTimeoutMs: 2000,
  bodyTimeoutMs: 2000,
  bodyRateWindowMs: 2000,
  sendTimeoutMs: 2000,
  keepAliveTimeoutMs: 2000,
};

interface Attack {
  readonly title: string;
  readonly path: string;
  readonly args: readonly string[];
}

const ATTACKS: readonly Attack[] = [
  { title: "slow heads (-H)", path: "/", args: ["-H", "-i", "1"] },
  { title: "slow bodies (-B)", path: "/", args: ["-B", "-i", "1", "-s", "8192"] },
  {
    title: "slow reading (-X)",
    path: "/large",
    args: ["-X", "-w", "1", "-y", "512", "-z", "5", "-n", "1"],
  },
  { title: "ranges (-R)", path: "/", args: ["-R", "-t", "GET"] },
];

const SERVER = new URL("./server.ts", import.meta.url).href;

type Server = Pick<Opponent, "args" | "file" | "runtime">;

const COLUMNS: ReadonlyArray<readonly [title: string, server: Server]> = [
  column("node", "node"),
  column("deno", "deno"),
  column("bun", "bun"),
  column("bun_serve", "bun", "--via", "serve"),
];

function column(title: string, runtime: RuntimeName, ...args: string[]): readonly [string, Server] {
  const all = ["--clocks", JSON.stringify(CLOCKS), ...args];
  return [title, { runtime, file: SERVER, args: all }];
}

interface Second {
  readonly closed: number;
  readonly connected: number;
  readonly isAvailable: boolean;
}

interface Outcome {
  readonly seconds: readonly Second[];
  readonly exit: string;
}

async function attack(url: string, { args }: Attack, folder: string): Promise<Outcome> {
  const prefix = join(folder, "report");
  const { connections, seconds } = values;
  const all = [...args, "-c", connections, "-r", connections, "-l", seconds, "-p", "3"];
  const child = spawn("slowhttptest", [...all, "-g", "-o", prefix, "-u", url], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.on("data", (bytes) => text += String(bytes));
  await once(child, "close");
  const [, exit = "unknown"] = /Exit status:.*?([A-Z][a-z ]+)/.exec(text) ?? [];
  const [, ...lines] = readFileSync(`${prefix}.csv`, "utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(",").map(Number));
  return {
    exit: exit.trim(),
    seconds: rows.map(([, closed = 0, , connected = 0, available = 0]) => {
      return { closed, connected, isAvailable: available > 0 };
    }),
  };
}

/** The tool writes its last line before it has ended what is left. */
function rowOf(title: string, { title: what }: Attack, { seconds, exit }: Outcome): string[] {
  const last = seconds.at(-1);
  const closed = last?.closed ?? 0;
  const isOver = exit.startsWith("No open");
  const total = Number(values.connections);
  const ended = isOver ? `all ${total}, by the server` : `${closed} of ${total}, by the server`;
  const first = seconds.findIndex((second) => second.closed > 0);
  return [
    title,
    what,
    seconds.every((second) => second.isAvailable) ? "yes" : "NO",
    ended,
    first < 0 ? "never" : `in second ${first}`,
    exit,
  ];
}

const HEAD = ["column", "attack", "served throughout", "connections ended", "first", "its verdict"];

if (spawnSync("slowhttptest", ["-h"]).error !== undefined) {
  console.log("skipped: slowhttptest is not installed here");
} else {
  const rows = [HEAD];
  const folder = mkdtempSync(join(tmpdir(), "slow-"));
  try {
    for (const [title, opponent] of COLUMNS) {
      for (const one of ATTACKS) {
        const server = await startServer(opponent);
        const url = `http://127.0.0.1:${server.port}${one.path}`;
        rows.push(rowOf(title, one, await attack(url, one, folder)));
        await server.stop();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  for (const row of rows) {
    console.log(`| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`);
  }
}
