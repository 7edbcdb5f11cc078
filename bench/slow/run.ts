/**
 * Sets `slowhttptest` upon each column: slow heads, slow bodies, slow reading and ranges, for a few
 * seconds each against tight clocks, and prints one table. What became of the connections is the
 * server's own word, asked for several times a second: the tool does not see that a connection was
 * reset from which it does not read. The program sends to servers of its own on this machine and to
 * nobody else.
 *
 * `npm run slowhttptest`; `--help` says what can be chosen.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { makeTool, runTool, wholeNumber } from "../../test/command_line.ts";
import { COLUMNS, WatchedServer } from "./watched_server.ts";

interface SlowOptions {
  readonly connections: number;
  readonly seconds: number;
}

const COMMAND = makeTool(
  "npm run slowhttptest --",
  "Sets slowhttptest upon Sluice on each runtime.",
)
  .option("--connections <n>", "of each attack", wholeNumber(1, 65_535), 200)
  .option("--seconds <n>", "for each attack", wholeNumber(1, 3600), 12);

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

/** How often the server is asked. */
const LOOK_MS = 250;
/** The tool asks on a connection of its own whether the server still answers. */
const PROBES_MAX = 2;

interface Look {
  readonly atMs: number;
  readonly open: number;
  readonly rss: number;
}

interface Outcome {
  readonly looks: readonly Look[];
  readonly isServedThroughout: boolean;
  readonly exit: string;
}

async function attack(
  server: WatchedServer,
  { args, path }: Attack,
  { connections, seconds }: SlowOptions,
  folder: string,
): Promise<Outcome> {
  const prefix = join(folder, "report");
  const url = `http://127.0.0.1:${server.port}${path}`;
  const [count, length] = [String(connections), String(seconds)];
  const all = [...args, "-c", count, "-r", count, "-l", length, "-p", "3"];
  const child = spawn("slowhttptest", [...all, "-g", "-o", prefix, "-u", url], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.on("data", (bytes) => text += String(bytes));
  let isOver = false;
  const over = once(child, "close").then(() => isOver = true);
  const looks: Look[] = [];
  const startMs = performance.now();
  const look = async () => {
    // `Bun.serve` shows its requests alone.
    const { connections, requests, rss } = await server.report();
    const atMs = performance.now() - startMs;
    // When its time is over, the tool leaves by itself.
    if (atMs < seconds * 1000 - LOOK_MS) {
      looks.push({ atMs, open: Math.max(connections, requests), rss });
    }
  };
  while (!isOver) {
    await look();
    await Promise.race([over, setTimeout(LOOK_MS)]);
  }
  await look();
  const [, exit = "unknown"] = /Exit status:.*?([A-Z][a-z ]+)/.exec(text) ?? [];
  const [, ...lines] = readFileSync(`${prefix}.csv`, "utf8").trim().split("\n");
  const isServedThroughout = lines.every((line) => Number(line.split(",")[4]) > 0);
  return { exit: exit.trim(), looks, isServedThroughout };
}

function rowOf(title: string, { title: what }: Attack, outcome: Outcome): string[] {
  const { looks, isServedThroughout, exit } = outcome;
  const most = Math.max(...looks.map(({ open }) => open));
  const wasFull = looks.findIndex(({ open }) => open === most);
  const isGone = ({ open }: Look) => open <= PROBES_MAX;
  const gone = looks.slice(wasFull).find(isGone);
  const isShown = most > PROBES_MAX;
  return [
    title,
    what,
    isServedThroughout ? "yes" : "NO",
    isShown ? String(most) : "not shown",
    isShown ? String(looks.at(-1)!.open) : "",
    !isShown ? "" : gone === undefined ? "no" : `after ${(gone.atMs / 1000).toFixed(1)} s`,
    (Math.max(...looks.map(({ rss }) => rss)) / 2 ** 20).toFixed(0),
    exit,
  ];
}

const HEAD = [
  "column",
  "attack",
  "served throughout",
  "held at most",
  "at the end",
  "all ended",
  "MiB at most",
  "the tool's verdict",
];

async function main(options: SlowOptions): Promise<number> {
  if (spawnSync("slowhttptest", ["-h"]).error !== undefined) {
    console.log("skipped: slowhttptest is not installed here");
    return 0;
  }
  const rows = [HEAD];
  const folder = mkdtempSync(join(tmpdir(), "slow-"));
  try {
    for (const column of COLUMNS) {
      for (const one of ATTACKS) {
        const server = await WatchedServer.start(column, CLOCKS);
        rows.push(rowOf(column.title, one, await attack(server, one, options, folder)));
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
  return 0;
}

await runTool(COMMAND, main);
