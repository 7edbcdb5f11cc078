/**
 * Names that must not stand in a part of the tree: platform globals in the core, another platform's
 * globals in a shim, the clock and the dice where a run must repeat, and sleeps in tests. Knows
 * only the spelling of names in their own right; a property `x.process` is nobody's global.
 *
 * @module
 */

import { isCode, type NameUse, type Source, syntaxOf, type Violation } from "./source.ts";

const TIMERS = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
];
const PLATFORM = ["process", "Buffer", "Deno", "Bun", "require", "__dirname", "__filename"];
/** Whatever the core would read from its surroundings, it would read without the reactor. */
const AMBIENT = ["console", "globalThis", "global", "self", "window", "performance"];
const WEB = [
  "Request",
  "Response",
  "Headers",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
  "AbortSignal",
  "AbortController",
  "Blob",
  "File",
  "FormData",
  "URL",
  "URLSearchParams",
];

interface NameRule {
  readonly where: RegExp;
  readonly names: readonly string[];
  readonly why: string;
}

const RULES: readonly NameRule[] = [
  {
    where: /^core\//,
    names: [...TIMERS, ...PLATFORM, ...AMBIENT, "queueMicrotask"],
    why: "core has no platform globals; ask the reactor",
  },
  { where: /^core\/http\//, names: WEB, why: "core/http/ uses no web global but the text codecs" },
  { where: /^runtimes\/node(\.ts$|\/)/, names: ["Deno", "Bun"], why: "another platform's global" },
  { where: /^runtimes\/deno(\.ts$|\/)/, names: ["Bun"], why: "another platform's global" },
  { where: /^runtimes\/bun(_serve)?(\.ts$|\/)/, names: ["Deno"], why: "another platform's global" },
  {
    where: /^runtimes\/memory(\.ts$|\/)/,
    names: [...TIMERS, ...PLATFORM, ...AMBIENT],
    why: "the in-memory runtime maps to nothing: same seed, same run",
  },
];

/** Calls that answer differently at every run. */
const UNREPEATABLE = ["Date.now", "new Date", "Math.random", "performance.now"];
const REPEATABLE_PLACES = /^(core\/|runtimes\/memory(\.ts$|\/))/;

/** Names that must not stand where they stand in `source`. */
export function checkNames(source: Source): Violation[] {
  if (!isCode(source.path) || source.path.endsWith(".d.ts")) return [];
  const { path } = source;
  const found: Violation[] = [];
  for (const rule of RULES) {
    if (!rule.where.test(path)) continue;
    for (const use of syntaxOf(source).names) {
      if (rule.names.includes(use.name)) found.push(at(path, use, `${use.name}: ${rule.why}`));
    }
  }
  if (REPEATABLE_PLACES.test(path)) {
    for (const call of syntaxOf(source).calls) {
      const fixed = call.callee === "new Date" && call.argumentCount > 0;
      if (!UNREPEATABLE.includes(call.callee) || fixed) continue;
      found.push({ path, line: call.line, message: `${call.callee}: ask the reactor's clock` });
    }
  }
  return found;
}

/** The files under test/ that may set a timer, each with its reason. */
export type SleepReasons = { readonly [path: string]: string };

const SLEEPS = ["setTimeout", "setInterval", "Bun.sleep", "Bun.sleepSync", "Atomics.wait"];

/**
 * Sleeps in tests. A test waits for an event or turns the manual clock; a timer that only guards
 * against a hang belongs to the few files of `reasons`. A reason for a file that needs none is
 * a violation too.
 */
export function checkSleeps(source: Source, reasons: SleepReasons): Violation[] {
  const { path } = source;
  if (!path.startsWith("test/") || !isCode(path)) return [];
  const syntax = syntaxOf(source);
  const found: Violation[] = [];
  for (const use of syntax.names) {
    if (use.name === "setTimeout" || use.name === "setInterval") {
      found.push(at(path, use, `${use.name} in a test: wait for an event or use the manual clock`));
    }
  }
  for (const call of syntax.calls) {
    if (!call.callee.includes(".") || !SLEEPS.some((name) => call.callee.endsWith(name))) continue;
    found.push({ path, line: call.line, message: `${call.callee} in a test is a sleep` });
  }
  for (const one of syntax.imports) {
    if (/^(node:)?timers\/promises$/.test(one.specifier)) {
      found.push({ path, line: one.line, message: `${one.specifier} in a test is a sleep` });
    }
  }
  if (reasons[path] === undefined) return found;
  if (found.length > 0) return [];
  return [{ path, line: 0, message: "is excused from the rule on sleeps and sets no timer" }];
}

function at(path: string, use: NameUse, message: string): Violation {
  return { path, line: use.line, message };
}
