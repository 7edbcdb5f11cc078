/**
 * Finds and imports the application's module, and says in one line what is in the way when that
 * fails. It knows paths and the runtimes' ways to report a broken module; it does not know what an
 * application is.
 *
 * @module
 */

import { type Stats, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "./usage_error.ts";

/**
 * The default export of `module`: a path, from the current directory, or a `file:` URL.
 *
 * Rejects with a `UsageError` when there is no such file or it cannot be imported.
 */
export async function loadApp(module: string): Promise<unknown> {
  const path = /^file:/i.test(module) ? pathOfUrl(module) : resolve(module);
  checkFile(module, path);
  try {
    const exports = await settled<Exports>(import(pathToFileURL(path).href));
    return exports.default;
  } catch (error) {
    throw new UsageError(`cannot import ${module}: ${explain(error, path)}`);
  }
}

interface Exports {
  readonly default?: unknown;
}

/**
 * As `promise`, but rejects where nothing is left that could settle it. The process would end then
 * with exit code 0, which a supervisor takes for a clean end.
 */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const { promise: idle, reject } = Promise.withResolvers<never>();
  const onIdle = () => reject(new Error("its top-level await never ends"));
  process.once("beforeExit", onIdle);
  try {
    return await Promise.race([promise, idle]);
  } finally {
    process.off("beforeExit", onIdle);
  }
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new UsageError(`${url} names no file: ${(error as Error).message}`);
  }
}

/** Tells a missing module from one that imports something missing. */
function checkFile(module: string, path: string): void {
  const facts = factsOfFile(module, path);
  if (facts === undefined) throw new UsageError(`no such module: ${module}`);
  if (facts.isDirectory()) throw new UsageError(`${module} is a directory, not a module`);
}

/** Undefined where there is no such file. */
function factsOfFile(module: string, path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // No right to look there, by the system or by Deno's permissions: it says which is wanted.
    throw new UsageError(`cannot read ${module}: ${firstLine((error as Error).message)}`);
  }
}

/** The error's words in one line, with the place when the error knows it. */
function explain(error: unknown, path: string): string {
  const { code, message, name, stack } = factsOf(error);
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
    const hint = /ts$/.test(path) ? "; TypeScript needs Node 22.18 or later" : "";
    return `Node ${process.versions.node} runs no such kind of file${hint}`;
  }
  const words = firstLine(message) || "it failed without a message";
  const text = words.startsWith(`${name}: `) ? words : `${name}: ${words}`;
  const place = placeIn(stack);
  return place === null || text.includes(place.where) ? text : `${text} (${place.shown})`;
}

interface ErrorFacts {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
  readonly stack: string;
}

/** Whatever can be thrown. Of several parse errors, Bun's `AggregateError`, the first counts. */
function factsOf(error: unknown): ErrorFacts {
  if (typeof error !== "object" || error === null) {
    return { name: "thrown", code: undefined, message: String(error), stack: "" };
  }
  const { errors, position } = error as BunMessage;
  if (Array.isArray(errors) && errors.length > 0) return factsOf(errors[0]);
  const { name = "Error", code, message = "", stack = "" } = error as Partial<ErrorFacts>;
  const place = position ? `${position.file}:${position.line}:${position.column}\n` : "";
  return { name, code, message, stack: place + stack };
}

/** What Bun adds to an error of its transpiler or its resolver. */
interface BunMessage {
  readonly errors?: unknown;
  readonly position?: { readonly file: string; readonly line: number; readonly column: number };
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!;
}

/** The first place of a stack that is a file, but not a part of this command. */
function placeIn(stack: string): { where: string; shown: string } | null {
  for (const [where, file, line] of stack.matchAll(PLACES)) {
    if (file === undefined || IN_THIS_PROGRAM.test(file)) continue;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    return { where, shown: `${relative(process.cwd(), path)}:${line}` };
  }
  return null;
}

/** A path or a file URL with a line; not the tail of `node:internal/…`. */
const PLACES = /(?<![\w@.-])((?:file:\/\/)?\/[^\s():]+):(\d+)(?::\d+)?/g;
const IN_THIS_PROGRAM = /\/runtimes\/(?:cli\/|main\.)|\/node_modules\/commander\//;
