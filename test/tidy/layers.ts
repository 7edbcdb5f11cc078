/**
 * The order of the layers: who may import whom. Knows the tables of folders and names for `core/`
 * and `runtimes/`; a file in `core/` that stands in no table is a violation, so that a new one is
 * placed on purpose.
 *
 * @module
 */

import { isCode, type Source, syntaxOf, type Violation } from "./source.ts";

/** From the bottom up: a file imports from its own layer or from one below. */
const CORE_LAYERS = [
  "words",
  "mechanisms",
  "http",
  "filters",
  "lifecycle",
  "work",
  "apps",
  "surface",
] as const;

type CoreLayer = typeof CORE_LAYERS[number];

/** Layers that are folders of the same name, and the files that lie directly in `core/`. */
const CORE_FOLDERS: readonly CoreLayer[] = ["http", "filters", "work", "apps"];
/** A folder of contracts, one for each further capability of a reactor. */
const CAPABILITIES = "capabilities";
const CORE_FILES: { readonly [file: string]: CoreLayer } = {
  ...layer("words", "status assert errors limits limit_rules promise_like describe"),
  ...layer(
    "mechanisms",
    "reactor addresses buf chain buf_pool posted timers alarms loop load trace rate",
  ),
  ...layer(
    "lifecycle",
    "http_request connection connection_clocks finalize request_body ending refuse handlers " +
      "exchange hold input output service body_reader reader gathered inspect begin_request " +
      "body_coding body_keeper kept_body thread_service listeners admission read_gate " +
      "connection_bytes error_fields sending answer_writer persistence",
  ),
  ...layer("surface", "server server_options closing definition mod"),
};

/** Sans-I/O: the HTTP grammar must not know how bytes or time arrive. */
const HTTP_KNOWS_NOT = ["reactor", "timers", "loop", "posted", "trace"];

const RUNTIMES = ["node", "deno", "bun", "bun_serve", "memory"];
/** The core files that pull in the whole surface. */
const SURFACE = ["core/server.ts", "core/mod.ts"];

function layer(name: CoreLayer, files: string): { [file: string]: CoreLayer } {
  return Object.fromEntries(files.split(" ").map((file) => [file, name]));
}

/** Every import of `source` that points up, sideways into another runtime, or out of the core. */
export function checkLayers(source: Source): Violation[] {
  if (!isCode(source.path)) return [];
  if (source.path.startsWith("core/")) return checkCore(source);
  if (source.path.startsWith("runtimes/")) return checkRuntime(source);
  return [];
}

function checkCore(source: Source): Violation[] {
  const { path } = source;
  if (path.endsWith(".d.ts")) return [];
  const own = coreLayer(path);
  if (own === undefined) {
    return [{ path, line: 0, message: "stands in no layer: add it to a table in tidy/layers.ts" }];
  }
  const found: Violation[] = [];
  for (const { specifier, line } of syntaxOf(source).imports) {
    const target = resolve(path, specifier);
    if (target === undefined || !target.startsWith("core/")) {
      found.push({ path, line, message: `core imports only core, not "${specifier}"` });
      continue;
    }
    const other = coreLayer(target);
    if (other === undefined) continue;
    if (CORE_LAYERS.indexOf(other) > CORE_LAYERS.indexOf(own)) {
      found.push({ path, line, message: `${own} must not import ${other} ("${specifier}")` });
    } else if (own === "http" && HTTP_KNOWS_NOT.includes(stem(target))) {
      found.push({ path, line, message: `http must not know ${stem(target)}` });
    }
  }
  return found;
}

function checkRuntime(source: Source): Violation[] {
  const { path } = source;
  const own = runtimeOf(path);
  if (own === undefined) return [];
  const found: Violation[] = [];
  for (const { specifier, line } of syntaxOf(source).imports) {
    const target = resolve(path, specifier);
    if (target === undefined) continue;
    const other = runtimeOf(target);
    if (SURFACE.includes(target)) {
      found.push({ path, line, message: `a runtime must not import the surface ("${specifier}")` });
    } else if (target.startsWith("runtimes/") && !mayUse(own, other)) {
      const what = other ?? "an entry";
      found.push({ path, line, message: `${own} must not import ${what} ("${specifier}")` });
    }
  }
  return found;
}

/** `bun_serve` answers through Bun.serve and takes every other capability from Bun's shim. */
function mayUse(own: string, other: string | undefined): boolean {
  return other === own || other === "common" || (own === "bun_serve" && other === "bun");
}

function coreLayer(path: string): CoreLayer | undefined {
  const [, first = "", second] = path.split("/");
  if (first === CAPABILITIES) return "mechanisms";
  if (second !== undefined) return CORE_FOLDERS.find((folder) => folder === first);
  return CORE_FILES[first.replace(/\.ts$/, "")];
}

/** `runtimes/bun.ts` and `runtimes/bun/x.ts` belong to `bun`; entries belong to no runtime. */
function runtimeOf(path: string): string | undefined {
  const [top, first = "", second] = path.split("/");
  if (top !== "runtimes") return undefined;
  const name = second === undefined ? first.replace(/\.ts$/, "") : first;
  return name === "common" || RUNTIMES.includes(name) ? name : undefined;
}

function stem(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.ts$/, "");
}

/** The path that a relative specifier names, or `undefined` for a package or a builtin. */
export function resolve(from: string, specifier: string): string | undefined {
  if (!/^\.\.?\//.test(specifier)) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
