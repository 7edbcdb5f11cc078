/**
 * What was seen as people and programs read it: the table on the terminal, JSON, and the Markdown
 * in the README with its place there. It probes nothing.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOf } from "../server_process.ts";
import { type Outcome, textOf } from "./outcome.ts";
import { differingRows, type ProbedColumn } from "./probe.ts";
import { ROWS } from "./rows.ts";

const ROW_TITLE = "a client …";

/** All columns side by side, as text. */
export function terminalTable(probed: readonly ProbedColumn[]): string {
  const plain = (text: string) => text.replaceAll("`", "");
  const lines = [
    [ROW_TITLE, ...probed.map(({ column }) => plain(column.title))],
    ...ROWS.map((row, index) => [
      plain(row.title),
      ...probed.map(({ outcomes }) => textOf(outcomes[index]!)),
    ]),
  ];
  const widths = lines[0]!.map((_cell, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return lines
    .map((line) => line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd())
    .join("\n");
}

/** Everything, details as well. */
export function jsonOf(probed: readonly ProbedColumn[]): string {
  const columns = Object.fromEntries(
    probed.map(({ column, runtime }) => [column.name, { kind: column.kind, runtime }]),
  );
  const rows = ROWS.map(({ name, title }, index) => ({
    name,
    title,
    cells: Object.fromEntries(probed.map(({ column, outcomes }) => {
      const outcome = outcomes[index]!;
      return [column.name, { text: textOf(outcome), ...outcome }];
    })),
  }));
  const differing = differingRows(probed).map((row) => row.name);
  return JSON.stringify({ columns, rows, differing }, null, 2);
}

const README = new URL("../../README.md", import.meta.url);
const BEGIN = "<!-- probe: begin -->";
const END = "<!-- probe: end -->";

/**
 * Writes the table of a whole run into the README, in which one column stands for Sluice over bytes
 * on all runtimes.
 */
export function publish(probed: readonly ProbedColumn[]): void {
  const text = readFileSync(README, "utf8");
  const { before, after } = aroundTable(text);
  writeFileSync(README, `${before}${BEGIN}\n\n${markdownOf(probed)}\n\n${END}${after}`);
  spawnSync(commandOf("deno").command, ["fmt", "--quiet", fileURLToPath(README)], {
    stdio: "inherit",
  });
}

/** The cells of the README's table, line by line, without the line under its head. */
export function publishedCells(readme: string): string[][] {
  const { table } = aroundTable(readme);
  return table.split("\n")
    .filter((line) => /^\| (?!-)/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

function aroundTable(readme: string): { before: string; table: string; after: string } {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("README.md has lost the markers of the probe");
  return {
    before: readme.slice(0, begin),
    table: readme.slice(begin + BEGIN.length, end),
    after: readme.slice(end + END.length),
  };
}

function markdownOf(probed: readonly ProbedColumn[]): string {
  const bytes = probed.filter(({ column }) => column.kind === "bytes");
  const shown = probed.filter(({ column }) => column.kind !== "bytes");
  const at = shown.findIndex(({ column }) => column.kind === "requests");
  const titles = shown.map(({ column }) => column.title).toSpliced(at, 0, "Sluice");
  const rows = ROWS.map((row, index) => {
    const cells = shown.map(({ outcomes }) => textOf(outcomes[index]!));
    const one = middleOf(bytes.map(({ outcomes }) => outcomes[index]!));
    return [row.title, ...cells.toSpliced(at, 0, textOf(one))];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = [ROW_TITLE, ...titles];
  const versions = [...new Set(probed.map(({ runtime }) => runtime))].map(nameOfVersion);
  const day = new Date().toISOString().slice(0, 10);
  return [
    `Measured on ${day}: ${versions.join(", ")}.`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows.map(line),
  ].join("\n");
}

/** Of outcomes that are the same, the one whose time lies in the middle. */
function middleOf(outcomes: readonly Outcome[]): Outcome {
  const sorted = outcomes.toSorted((one, other) => (one.afterMs ?? 0) - (other.afterMs ?? 0));
  return sorted[sorted.length >> 1]!;
}

/** `node 26.10.0` as a name: `Node 26.10.0`. */
function nameOfVersion(runtime: string): string {
  return runtime[0]!.toUpperCase() + runtime.slice(1);
}
