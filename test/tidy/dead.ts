/**
 * Files and exports that nothing reaches. Knows the graph of imports and of file names in strings
 * (a worker, a program that a test starts); the entries are given by the caller.
 *
 * @module
 */

import { resolve } from "./layers.ts";
import { isCode, type Source, syntaxOf, type Violation } from "./source.ts";

/** Where the graph starts. `product` reaches what is shipped, `all` whatever else is run. */
export interface Entries {
  readonly product: readonly string[];
  readonly all: readonly string[];
}

const SHIPPED = /^(core|runtimes)\//;

/** Code that no entry reaches; what is shipped must be reached from a shipped entry. */
export function checkDeadFiles(sources: readonly Source[], entries: Entries): Violation[] {
  const code = sources.filter((source) => isCode(source.path) && !source.path.endsWith(".d.ts"));
  const byPath = new Map(code.map((source) => [source.path, source]));
  const shipped = reach(entries.product, byPath);
  const all = reach([...entries.product, ...entries.all], byPath);
  const found: Violation[] = [];
  for (const path of entries.product) {
    if (!byPath.has(path)) found.push({ path, line: 0, message: "is an entry and is not there" });
  }
  for (const { path } of code) {
    if (!all.has(path)) found.push({ path, line: 0, message: "is reached from nowhere" });
    else if (SHIPPED.test(path) && !shipped.has(path)) {
      found.push({ path, line: 0, message: "is shipped, and reached only from tests" });
    }
  }
  return found;
}

function reach(entries: readonly string[], byPath: Map<string, Source>): Set<string> {
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    open.push(...mentions(source, byPath));
  }
  return reached;
}

/** The files that `source` imports or names in a string, relative to itself or to the root. */
function mentions(source: Source, byPath: Map<string, Source>): string[] {
  const { imports, strings } = syntaxOf(source);
  const found = imports.map((one) => resolve(source.path, one.specifier) ?? one.specifier);
  for (const { value } of strings) {
    // A worker's URL is put together with the extension of the file that starts it.
    for (const name of [value, `${value}.ts`]) {
      const target = resolve(source.path, name) ?? name;
      if (byPath.has(target)) found.push(target);
    }
  }
  return found;
}

/**
 * Files that another one names in a string beside itself, and does not import by it: modules of
 * threads, whose exports are called by their names.
 */
function threadModules(sources: readonly Source[]): Set<string> {
  const paths = new Set(sources.map((source) => source.path));
  const found = new Set<string>();
  for (const source of sources.filter((one) => isCode(one.path))) {
    const { imports, strings } = syntaxOf(source);
    for (const { value, line } of strings) {
      if (imports.some((one) => one.specifier === value && one.line === line)) continue;
      for (const name of [value, `${value}.ts`]) {
        const target = resolve(source.path, name);
        if (target !== undefined && paths.has(target)) found.add(target);
      }
    }
  }
  return found;
}

/**
 * Values that a file exports and no other file imports, nor calls in a thread. Types are left
 * alone: a signature may need them. So is a constant that its own file uses: it is one word of a
 * vocabulary (result codes, byte classes), and the others must be able to name it. `surfaces` are
 * the files whose exports are for users.
 */
export function checkDeadExports(
  sources: readonly Source[],
  surfaces: readonly string[],
): Violation[] {
  const used = new Map<string, Set<string>>();
  for (const source of sources) {
    if (!isCode(source.path)) continue;
    for (const { specifier, names } of syntaxOf(source).imports) {
      const target = resolve(source.path, specifier);
      if (target === undefined) continue;
      const known = used.get(target) ?? new Set();
      used.set(target, known);
      for (const name of names) known.add(name);
    }
  }
  const found: Violation[] = [];
  const threads = threadModules(sources);
  for (const source of sources) {
    const { path } = source;
    if (!isCode(path) || path.endsWith(".d.ts") || surfaces.includes(path)) continue;
    if (threads.has(path)) continue;
    const known = used.get(path);
    if (known?.has("*")) continue;
    const { exports, names } = syntaxOf(source);
    for (const { name, line } of exports) {
      if (known?.has(name)) continue;
      const uses = names.filter((use) => use.name === name).length;
      if (/^[A-Z][A-Z0-9_]*$/.test(name) && uses > 1) continue;
      found.push({ path, line, message: `export ${name} is imported nowhere` });
    }
  }
  return found;
}
