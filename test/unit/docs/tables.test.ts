/**
 * The tables of the documents say what the code does: each limit and each clock, its default, and
 * its flag of `serve`. Knows how the tables are written.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { Command } from "commander";
import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../../core/limits.ts";
import { addServerFlags, serverOptionsOf } from "../../../runtimes/cli/flags.ts";
import { readTree } from "../../tidy/tree.ts";

/** One option of a row: what the table says of it. */
interface Told {
  readonly place: string;
  readonly name: string;
  /** Null: the table has no such column. */
  readonly fallback: string | null;
  readonly flag: string | null;
}

const DEFAULTS: { readonly [name: string]: number } = { ...DEFAULT_LIMITS, ...DEFAULT_CLOCKS };
const UNITS: { readonly [unit: string]: number } = {
  "": 1,
  ms: 1,
  s: 1000,
  "B/s": 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

function toldIn(path: string, text: string): Told[] {
  const told: Told[] = [];
  let columns: string[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const cells = line.startsWith("|") ? line.split("|").slice(1, -1).map((one) => one.trim()) : [];
    if (cells.length === 0 || columns.length === 0) {
      columns = cells;
      continue;
    }
    const cell = (column: string): string[] => {
      const i = columns.indexOf(column);
      return i < 0 ? [] : cells[i]!.split(/, /);
    };
    const names = [...cells[0]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    for (const [i, name] of names.entries()) {
      if (!Object.hasOwn(DEFAULTS, name)) continue;
      const fallback = cell("default")[i] ?? null;
      const flag = cell("flag of `serve`")[i]?.replaceAll("`", "") ?? null;
      told.push({ place: `${path}:${at + 1}`, name, fallback, flag });
    }
  }
  return told;
}

/** `16 KiB`, `1,000`, `10 s`. */
function numberOf(text: string): number {
  const [, digits = "NaN", unit = ""] = /^([\d,]+) ?(\S*)$/.exec(text) ?? [];
  return Number(digits.replaceAll(",", "")) * (UNITS[unit] ?? NaN);
}

/** The options of a server by the flags that set them. */
function namesOfFlags(): Map<string, string> {
  const command = new Command();
  addServerFlags(command);
  const names = new Map<string, string>();
  for (const option of command.options) {
    const { clocks, limits } = serverOptionsOf({ [option.attributeName()]: 7 });
    const [name] = Object.keys({ ...clocks, ...limits });
    if (name !== undefined) names.set(option.long!, name);
  }
  return names;
}

describe("the tables of the documents", () => {
  const told = readTree().filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path, text }) => toldIn(path, text));

  test("toldIn() reads rows of one option and of several", () => {
    const text = "| option | flag of `serve` | default |\n| --- | --- | --- |\n" +
      "| `stepsMax` | `--a` | 1,024 |\n| `lingerTimeMs`, `lingerTimeoutMs` | | 30 s, 5 s |\n";
    assertEquals(toldIn("a.md", text), [
      { place: "a.md:3", name: "stepsMax", fallback: "1,024", flag: "--a" },
      { place: "a.md:4", name: "lingerTimeMs", fallback: "30 s", flag: "" },
      { place: "a.md:4", name: "lingerTimeoutMs", fallback: "5 s", flag: null },
    ]);
    assertEquals(["1,024", "64 KiB", "30 s", "much"].map(numberOf), [1024, 65_536, 30_000, NaN]);
  });

  test("have every limit and every clock, with its default", () => {
    const wrong = told.filter(({ name, fallback }) =>
      fallback !== null && numberOf(fallback) !== DEFAULTS[name]
    );
    assertEquals(wrong, []);
    const has = new Set(told.filter((one) => one.fallback !== null).map((one) => one.name));
    assertEquals(Object.keys(DEFAULTS).filter((name) => !has.has(name)), []);
  });

  test("have every flag of `serve` that sets one of them, beside its option", () => {
    const flags = namesOfFlags();
    assertNotEquals(flags.size, 0);
    const said = told.flatMap(({ name, flag }) => flag ? [`${flag} ${name}`] : []);
    assertEquals(said.sort(), [...flags].map(([flag, name]) => `${flag} ${name}`).sort());
  });
});
