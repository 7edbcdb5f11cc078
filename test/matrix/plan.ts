/**
 * What there is to run: every test file on each runtime that it is for, and the checks of the whole
 * tree. Knows the folders of test/ and the runners' command lines; runs nothing.
 *
 * - `unit/**` runs on Node, Deno and Bun.
 * - `columns/<column>.<suite>.test.ts` runs on the runtime of its column. The in-memory runtime
 *   needs no platform, so its files run on all three, and their counts are added up in its one
 *   column.
 * - Other files directly in `test/` are about the tree as a whole and run once, on Node.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export const COLUMNS = ["node", "deno", "bun", "bun_serve", "memory", "all"] as const;

export type Column = typeof COLUMNS[number];
export type Runtime = "node" | "deno" | "bun";

/** One process to run. `row` and `column` say where its counts stand in the table. */
export interface Job {
  readonly row: string;
  readonly column: Column;
  readonly runtime: Runtime | "all";
  /** The test file, from the root; a check has none, and passes when it exits with 0. */
  readonly file?: string;
  readonly command: string;
  /** `$REPORT` stands for the file into which the runner writes its JUnit report. */
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

const BIN = `${ROOT}node_modules/.bin/`;
export const COMMANDS: { readonly [runtime in Runtime]: string } = {
  node: process.execPath,
  deno: `${BIN}deno`,
  bun: `${BIN}bun`,
};

const FILE_TIMEOUT_MS = 120_000;
/** Installs packages and starts servers on several versions of Node. */
const PACK_TIMEOUT_MS = 420_000;
const CHECK_TIMEOUT_MS = 180_000;
/** Bun ends each test after 5 s unless told otherwise; the file's own limit is enough. */
const BUN_TEST_TIMEOUT_MS = FILE_TIMEOUT_MS;

const RUNTIMES_OF: { readonly [column in Column]: readonly Runtime[] } = {
  node: ["node"],
  deno: ["deno"],
  bun: ["bun"],
  bun_serve: ["bun"],
  memory: ["node", "deno", "bun"],
  all: ["node"],
};

/** Node's tests may load the built package by its name, so it is built before all else. */
export function buildJob(): Job {
  return {
    ...check("build", `${BIN}tsc`, ["-p", "tsconfig.build.json"]),
    command: process.execPath,
    args: ["--run", "build"],
  };
}

/** Everything else, in the order of the table. */
export function planJobs(): Job[] {
  const checks = [
    check("types", `${BIN}tsc`, []),
    check("types of core alone", `${BIN}tsc`, ["-p", "core"]),
    check("types on deno", COMMANDS.deno, ["check", "--quiet"]),
    check("format", COMMANDS.deno, ["fmt", "--check"]),
    check("lint", COMMANDS.deno, ["lint", "--quiet"]),
  ];
  const files = readdirSync(`${ROOT}test`, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
  return [...checks, ...files.flatMap((path) => jobsOfFile(`test/${path}`))];
}

function check(name: string, command: string, args: readonly string[]): Job {
  const row = `check: ${name}`;
  return { row, column: "all", runtime: "all", command, args, timeoutMs: CHECK_TIMEOUT_MS };
}

/** The jobs of one test file. Throws when the file lies where nothing would run it. */
export function jobsOfFile(file: string): Job[] {
  const [, folder = "", rest] = /^test\/(?:(\w+)\/)?(.*)\.test\.ts$/.exec(file) ?? [];
  if (rest === undefined) throw new Error(`${file} is no test file`);
  if (folder === "unit") {
    return (["node", "deno", "bun"] as const).map((runtime) =>
      testJob(`unit/${rest}`, runtime, runtime, file)
    );
  }
  if (folder === "columns") {
    const [name, ...suite] = rest.split(".");
    const column = COLUMNS.find((one) => one === name);
    if (column === undefined || suite.length === 0) {
      throw new Error(`${file} is not named <column>.<suite>.test.ts`);
    }
    return RUNTIMES_OF[column].map((runtime) => testJob(suite.join("."), column, runtime, file));
  }
  if (folder === "") return [testJob(rest, "all", "node", file)];
  throw new Error(`${file} lies in no folder of tests that are run`);
}

function testJob(row: string, column: Column, runtime: Runtime, file: string): Job {
  const timeoutMs = row === "pack" ? PACK_TIMEOUT_MS : FILE_TIMEOUT_MS;
  return { row, column, runtime, file, command: COMMANDS[runtime], timeoutMs, args: args() };

  function args(): string[] {
    switch (runtime) {
      case "node":
        // Without --test the file runs in this very process, and a crash is a crash.
        return [
          "--test-reporter=junit",
          "--test-reporter-destination=$REPORT",
          "--test-reporter=spec",
          "--test-reporter-destination=stdout",
          file,
        ];
      case "deno":
        return ["test", "-A", "--no-check", "--junit-path=$REPORT", file];
      case "bun":
        return [
          "test",
          `--timeout=${BUN_TEST_TIMEOUT_MS}`,
          "--reporter=junit",
          "--reporter-outfile=$REPORT",
          `./${file}`,
        ];
    }
  }
}
