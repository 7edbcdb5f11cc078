/**
 * The one table, the gaps, the failures and the sum, as text. Knows results and columns of
 * characters; knows nothing of runners.
 *
 * @module
 */

import { type Case, gapReason } from "./junit.ts";
import { renderMeasured } from "./measured.ts";
import { type Column, COLUMNS, type Job } from "./plan.ts";
import type { JobResult } from "./run.ts";

export interface Sum {
  passed: number;
  failed: number;
  skipped: number;
}

const FAILURE_LINES_MAX = 14;
const OUTPUT_LINES_MAX = 20;

/** Counts of all results together; a run that broke counts as one failure. */
export function sumOf(results: readonly JobResult[]): Sum {
  const sum: Sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { cases, problem } of results) {
    for (const one of cases) sum[one.outcome]++;
    if (problem !== undefined) sum.failed++;
  }
  return sum;
}

export function renderSum(results: readonly JobResult[]): string {
  const { passed, failed, skipped } = sumOf(results);
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * The table, then what was measured, then the gaps with their reasons, then the failures with their
 * messages.
 */
export function renderReport(results: readonly JobResult[], verbose: boolean): string {
  return [
    renderTable(results),
    renderMeasured(results),
    renderGaps(results),
    renderFailures(results, verbose),
  ].filter((part) => part !== "").join("\n");
}

function renderTable(results: readonly JobResult[]): string {
  const shown = COLUMNS.filter((column) => results.some((result) => result.job.column === column));
  const parts = results.flatMap(splitRows);
  const rows = [...new Set(parts.map((part) => part.job.row))].sort(byRow);
  const lines = [["passed/failed/skipped", ...shown]];
  for (const row of rows) {
    const own = parts.filter((part) => part.job.row === row);
    lines.push([row, ...shown.map((column) => renderCell(own, column))]);
  }
  lines.push(["together", ...shown.map((column) => renderCell(results, column))]);
  return align(lines);
}

/** A conformance suite is one file with many groups; each group is a row, whatever its column. */
function splitRows(result: JobResult): JobResult[] {
  const { job, cases, problem } = result;
  if (!job.file?.startsWith("test/columns/")) return [result];
  const rows = [...new Set(cases.map((one) => rowOf(job, one)))];
  const parts: JobResult[] = rows.map((row) => ({
    ...result,
    job: { ...job, row },
    cases: cases.filter((one) => rowOf(job, one) === row),
    problem: undefined,
  }));
  return problem === undefined ? parts : [...parts, { ...result, cases: [] }];
}

/**
 * The group without its column: `server: closing (deno)` is `server: closing`, and what follows the
 * column stays, so that `reactor on memory, small buffers` is `reactor, small buffers`.
 */
function rowOf(job: Job, one: Case): string {
  const [group] = one.path;
  if (group === undefined || one.path.length < 2) return job.row;
  return group.replace(new RegExp(` \\(${job.column}\\b(.*)\\)$| on ${job.column}\\b`), "$1");
}

function renderCell(results: readonly JobResult[], column: Column): string {
  const own = results.filter((result) => result.job.column === column);
  if (own.length === 0) return "·";
  const { passed, failed, skipped } = sumOf(own);
  return `${passed}/${failed}/${skipped}${failed > 0 ? " !" : ""}`;
}

/** Units, then what runs on columns, then the whole tree. */
function byRow(a: string, b: string): number {
  const rank = (row: string) => row.startsWith("unit/") ? 0 : row.startsWith("check: ") ? 2 : 1;
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

function renderGaps(results: readonly JobResult[]): string {
  const lines: string[][] = [];
  for (const { job, cases } of results) {
    for (const one of cases) {
      if (one.outcome !== "skipped") continue;
      const name = one.path.at(-1) ?? "";
      const short = gapReason(name) === undefined ? name : name.replace(/ ?\[gap: .*\]$/, "");
      lines.push([job.column, job.row, short, one.text]);
    }
  }
  if (lines.length === 0) return "";
  const unique = new Map(lines.map((line) => [line.join("\n"), line]));
  const sorted = [...unique.keys()].sort().map((key) => unique.get(key)!);
  return `Gaps\n${
    sorted.map((line) => `  ${line[0]} · ${line[1]} · ${line[2]}: ${line[3]}\n`).join("")
  }`;
}

function renderFailures(results: readonly JobResult[], verbose: boolean): string {
  let text = "";
  for (const result of results) {
    const { job, cases, problem, output } = result;
    const where = job.runtime === job.column || job.runtime === "all"
      ? job.column
      : `${job.column} on ${job.runtime}`;
    for (const one of cases) {
      if (one.outcome === "failed") text += renderFailure(where, job.row, one, verbose);
    }
    if (problem !== undefined) {
      text += `  ${where} · ${job.row}: ${job.file} ${problem}\n`;
      text += indent(cut(output, verbose ? Infinity : OUTPUT_LINES_MAX, "end"));
    }
  }
  return text === "" ? "" : `Failures\n${text}`;
}

function renderFailure(where: string, row: string, one: Case, verbose: boolean): string {
  const text = cut(one.text, verbose ? Infinity : FAILURE_LINES_MAX, "start");
  return `  ${where} · ${row} · ${one.path.join(" > ")}\n${indent(text)}`;
}

/** At most `max` lines of a text, from its start or from its end. */
function cut(text: string, max: number, from: "start" | "end"): string[] {
  const lines = text.trimEnd().split("\n").filter((line) => line.trim() !== "");
  if (lines.length <= max) return lines;
  const rest = `… ${lines.length - max} more lines; --verbose shows them`;
  return from === "start" ? [...lines.slice(0, max), rest] : [rest, ...lines.slice(-max)];
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}\n`).join("");
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((line) => [...line[at]!].length)));
  return lines.map((line) =>
    line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd() + "\n"
  ).join("");
}
