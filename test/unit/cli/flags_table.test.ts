/**
 * The flags of `serve` beside the tables of options and of the documents: each clock and each limit
 * is in all of them, with the same default.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CLOCKS, DEFAULT_LIMITS } from "../../../core/limits.ts";
import { addServerFlags, FLAGS } from "../../../runtimes/cli/flags.ts";

const DEFAULTS: { readonly [name: string]: number } = { ...DEFAULT_CLOCKS, ...DEFAULT_LIMITS };

function documentOf(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

/** Cells of all rows of all tables; each may hold several things, by comma. */
function* rowsOf(text: string): Generator<readonly string[][]> {
  for (const line of text.split("\n")) {
    if (!line.startsWith("| `")) continue;
    const cells = line.split("|").slice(1, -1);
    yield cells.map((cell) => cell.split(", ").map((part) => part.trim().replace(/^`|`$/g, "")));
  }
}

/** `64 KiB` as the command line writes it: `64k`. */
function shortOf(words: string): string {
  const number = words.replace(/,/g, "").replace(/ \(.*/, "");
  return number.replace(/ ?(?:B\/s| bytes)$/, "").replace(
    / ([KMG])iB$/,
    (_, unit) => unit.toLowerCase(),
  ).replace(/ (ms|s|m|h)$/, "$1");
}

test("FLAGS has each clock and each limit once", () => {
  const names = FLAGS.map(({ place: [, name] }) => name as string).sort();
  assertEquals(names, Object.keys(DEFAULTS).sort());
  assertEquals(new Set(FLAGS.map(({ flag }) => flag)).size, names.length);
});

test("--help has each flag with its words and its default", () => {
  const command = new Command("serve");
  addServerFlags(command);
  const help = command.helpInformation().replace(/\s+/g, " ");
  for (const { flag, unit, words, place: [, name] } of FLAGS) {
    const line = `${flag} ${unit.placeholder} ${words} (${unit.write(DEFAULTS[name]!)})`;
    assert(help.includes(line), `${line} is not in the help`);
  }
});

test("docs/clocks-and-limits.md has each option with its flag and its default", () => {
  const found = new Map<string, readonly [flag: string, fallback: string]>();
  for (const [names, flags, defaults] of rowsOf(documentOf("clocks-and-limits.md"))) {
    names!.forEach((name, i) => {
      if (flags?.[i]?.startsWith("--") === true) found.set(name, [flags[i]!, defaults![i]!]);
    });
  }
  for (const { flag, unit, place: [, name] } of FLAGS) {
    const [documented, fallback] = found.get(name) ?? ["nothing", ""];
    assertEquals([name, documented], [name, flag]);
    assertEquals([name, unit.read(shortOf(fallback))], [name, DEFAULTS[name]]);
  }
});

test("docs/limits.md has the defaults that count, and each limit is told of somewhere", () => {
  const tables = documentOf("limits.md") + documentOf("threads.md");
  for (const [[name], [fallback]] of rowsOf(tables) as Generator<string[][]>) {
    if (!(name! in DEFAULTS)) continue;
    const { unit } = FLAGS.find(({ place }) => place[1] === name)!;
    const short = shortOf(fallback!);
    const value = unit.read(
      /^\d+$/.test(short) && unit.placeholder === "<time>" ? `${short}ms` : short,
    );
    assertEquals([name, value], [name, DEFAULTS[name!]]);
  }
  const pages = ["limits.md", "threads.md", "steps.md"].map(documentOf).join("");
  for (const name of Object.keys(DEFAULT_LIMITS)) {
    assert(pages.includes(`\`${name}\``), `${name} is told of nowhere`);
  }
});
