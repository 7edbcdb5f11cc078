/**
 * The tree keeps its own rules. Each rule is a pure function over (path, text); it must first find
 * what is planted and leave good text alone, and only then is asked about the tree. Runs on Node;
 * knows which files are entries and which tests may guard themselves with a timer.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { checkDeadExports, checkDeadFiles } from "./tidy/dead.ts";
import { checkDocumented } from "./tidy/documented.ts";
import { checkLayers } from "./tidy/layers.ts";
import { checkLinks } from "./tidy/links.ts";
import { checkManifests, entriesOf } from "./tidy/manifests.ts";
import { checkMentioned } from "./tidy/mentioned.ts";
import { checkNames, checkSleeps, type SleepReasons } from "./tidy/names.ts";
import type { Source, Violation } from "./tidy/source.ts";
import {
  checkFileName,
  checkMachine,
  checkMarks,
  checkModuleDoc,
  checkSize,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  LINE_CHARACTERS_MAX,
} from "./tidy/text.ts";
import { readTree } from "./tidy/tree.ts";

/** Files under test/ that set a timer, and why. */
const SLEEP_REASONS: SleepReasons = {
  "test/matrix/run.ts": "ends a test file that hangs, and names it",
  "test/programs.ts": "ends a program that hangs, and names it",
};

/** Files that other programs than ours import or run by name. */
const SURFACES = ["test/std_assert/mod.ts"];

const tree = readTree();

function file(path: string): Source {
  const found = tree.find((source) => source.path === path);
  if (found === undefined) throw new Error(`${path} is not in the tree`);
  return found;
}

/** What people run, other than the product: scripts of package.json, tests, examples, benches. */
function runnable(): string[] {
  const scripts = file("package.json").text.match(/[\w/]+\.ts\b/g) ?? [];
  const named = tree.map((source) => source.path).filter((path) =>
    /^(test\/.*\.test|examples\/[^/]+|bench\/(servers\/)?[^/]+)\.ts$/.test(path)
  );
  return [...scripts, ...named, ...SURFACES];
}

function show(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, message }) => `${path}:${line} ${message}`);
}

function assertTreeKeeps(rule: (source: Source) => Violation[]): void {
  assertGreater(tree.length, 10, "the tree was not read");
  assertEquals(show(tree.flatMap(rule)), []);
}

/** The lines at which `rule` finds something in `text` at `path`. */
function found(rule: (source: Source) => Violation[], path: string, text: string): number[] {
  return rule({ path, text }).map((violation) => violation.line);
}

const DOC = "/**\n * Knows how to do this one thing; refuses to know any other.\n */\n";

describe("tidy: layers", () => {
  test("checkLayers() finds an import that points up, out or sideways", () => {
    const at = (path: string, text: string) => found(checkLayers, path, text).length;
    assertEquals(at("core/buf.ts", `import { x } from "./connection.ts";`), 1);
    assertEquals(at("core/errors.ts", `import type { X } from "./buf.ts";`), 1);
    assertEquals(at("core/http/date.ts", `import { x } from "../timers.ts";`), 1);
    assertEquals(at("core/http/date.ts", `export { x } from "../filters/order.ts";`), 1);
    assertEquals(at("core/filters/write.ts", `import { x } from "../connection.ts";`), 1);
    assertEquals(at("core/connection.ts", `import { x } from "./apps/fetch.ts";`), 1);
    assertEquals(at("core/finalize.ts", `const x = await import("./server.ts");`), 1);
    assertEquals(at("core/finalize.ts", `let x: import("./server.ts").Server;`), 1);
    assertEquals(at("core/server.ts", `import { x } from "../runtimes/node.ts";`), 1);
    assertEquals(at("core/server.ts", `import { x } from "node:net";`), 1);
    assertEquals(at("core/server.ts", `import { x } from "hono";`), 1);
    assertEquals(at("core/unheard_of.ts", ""), 1);
    assertEquals(at("runtimes/deno.ts", `import { x } from "./node.ts";`), 1);
    assertEquals(at("runtimes/deno.ts", `import { x } from "./bun/files.ts";`), 1);
    assertEquals(at("runtimes/node.ts", `import { x } from "../core/server.ts";`), 1);
    assertEquals(at("runtimes/memory/world.ts", `import { x } from "../../core/mod.ts";`), 1);
    assertEquals(at("runtimes/common/files.ts", `import { x } from "../node.ts";`), 1);
    assertEquals(at("runtimes/node.ts", `import { x } from "./main.ts";`), 1);
  });

  test("checkLayers() leaves imports alone that point down or stay in their layer", () => {
    const at = (path: string, text: string) => found(checkLayers, path, text);
    assertEquals(at("core/chain.ts", `import { x } from "./buf.ts";`), []);
    assertEquals(at("core/http/request_head.ts", `import { x } from "./grammar.ts";`), []);
    assertEquals(at("core/http/request_head.ts", `import { x } from "../errors.ts";`), []);
    assertEquals(at("core/filters/order.ts", `import { x } from "../http/reasons.ts";`), []);
    assertEquals(at("core/connection.ts", `import { x } from "./filters/order.ts";`), []);
    assertEquals(at("core/mod.ts", `export * from "./apps/fetch.ts";`), []);
    assertEquals(at("runtimes/node.ts", `import { x } from "../core/reactor.ts";`), []);
    assertEquals(at("runtimes/node.ts", `import { x } from "node:net";`), []);
    assertEquals(at("runtimes/node.ts", `import { x } from "./common/context.ts";`), []);
    assertEquals(at("runtimes/bun_serve.ts", `import { x } from "./bun/files.ts";`), []);
    assertEquals(at("runtimes/main.ts", `import { x } from "../core/server.ts";`), []);
  });

  test("the tree's imports point down", () => assertTreeKeeps(checkLayers));
});

describe("tidy: names", () => {
  test("checkNames() finds platform globals in core, as values and as types", () => {
    const at = (text: string, path = "core/buf.ts") => found(checkNames, path, text).length;
    assertEquals(at("process.exit(1);"), 1);
    assertEquals(at("let b: Buffer;"), 1);
    assertEquals(at("const t = setTimeout(f, 1);"), 1);
    assertEquals(at("(globalThis as any)[name];"), 1);
    assertEquals(at("const { log } = console;"), 1);
    assertEquals(at("function f(Deno: unknown) {}"), 1);
    assertEquals(at("x = Bun;"), 1);
    assertEquals(at("const now = Date.now();"), 1);
    assertEquals(at("const now = new Date();"), 1);
    assertEquals(at("const id = Math.random();"), 1);
    assertEquals(at("const u = new URL(x);", "core/http/date.ts"), 1);
    assertEquals(at("Deno.listen();", "runtimes/node.ts"), 1);
    assertEquals(at("Bun.listen();", "runtimes/deno.ts"), 1);
    assertEquals(at("setImmediate(f);", "runtimes/memory.ts"), 1);
  });

  test("checkNames() leaves properties, comments and other places alone", () => {
    const at = (text: string, path = "core/buf.ts") => found(checkNames, path, text);
    assertEquals(at("x.process; ({ process: 1 }); // process and Buffer"), []);
    assertEquals(at("interface A { Buffer: string; setTimeout(): void }"), []);
    assertEquals(at(`const word = "console";`), []);
    assertEquals(at("const day = new Date(ms);"), []);
    assertEquals(at("const u = new URL(x);"), []);
    assertEquals(at("setTimeout(f, 1); process.exit(0); Date.now();", "runtimes/node.ts"), []);
    assertEquals(at("Deno.listen();", "runtimes/deno.ts"), []);
  });

  test("no platform global is named where it must not be", () => assertTreeKeeps(checkNames));

  test("checkSleeps() finds timers in tests, and reasons that nothing needs", () => {
    const at = (text: string, reasons: SleepReasons = {}) =>
      checkSleeps({ path: "test/unit/x.test.ts", text }, reasons).length;
    assertEquals(at("await new Promise((r) => setTimeout(r, 10));"), 1);
    assertEquals(at(`import { setTimeout as sleep } from "node:timers/promises";`), 1);
    assertEquals(at("await Bun.sleep(5);"), 1);
    assertEquals(at("globalThis.setTimeout(f, 5);"), 1);
    assertEquals(at("Atomics.wait(a, 0, 0, 5);"), 1);
    assertEquals(at("f();", { "test/unit/x.test.ts": "none" }), 1);
    assertEquals(at("setTimeout(f, 5);", { "test/unit/x.test.ts": "a guard" }), 0);
    assertEquals(at("setImmediate(f); socket.setTimeout; // setTimeout"), 0);
  });

  test("no test sleeps", () => assertTreeKeeps((source) => checkSleeps(source, SLEEP_REASONS)));
});

describe("tidy: size", () => {
  const longest = "x".repeat(LINE_CHARACTERS_MAX - 2);

  test("checkSize() finds long files, long functions and long lines", () => {
    const at = (text: string) => found(checkSize, "core/buf.ts", text);
    assertEquals(at("//\n".repeat(FILE_LINES_MAX + 1)), [0]);
    assertEquals(at(`//${longest}\n//${longest}y\n`), [2]);
    const body = "  f();\n".repeat(FUNCTION_LINES_MAX - 1);
    assertEquals(at(`\nfunction f() {\n${body}}\n`), [2]);
    assertEquals(at(`const f = () => {\n${body}};\n`), [1]);
    assertEquals(at(`class A {\n  f() {\n${body}}\n}\n`), [2]);
    assertEquals(at(`test("x", () => {\n${body}});\n`), [1]);
  });

  test("checkSize() leaves alone what just fits, and measures inside suites", () => {
    const at = (text: string) => found(checkSize, "core/buf.ts", text);
    assertEquals(at("//\n".repeat(FILE_LINES_MAX)), []);
    assertEquals(at(`//${longest}\n`), []);
    assertEquals(at(`//${"é".repeat(LINE_CHARACTERS_MAX - 2)}\n`), []);
    const body = "  f();\n".repeat(FUNCTION_LINES_MAX - 2);
    assertEquals(at(`function f() {\n${body}}\n`), []);
    assertEquals(at(`describe("x", () => {\n${body}\n\n\n\n});\n`), []);
    const check = `  check("a", () => {\n${"    f();\n".repeat(40)}  });\n`;
    const suite = `function checkAll(check) {\n${check}${check}}\n`;
    assertEquals(found(checkSize, "test/suites/all.ts", suite), []);
    assertEquals(found(checkSize, "core/buf.ts", suite), [1]);
  });

  test("files, functions and lines of the tree keep their size", () => assertTreeKeeps(checkSize));
});

describe("tidy: text", () => {
  test("checkModuleDoc() finds files without a first paragraph", () => {
    const at = (text: string) => found(checkModuleDoc, "core/buf.ts", text).length;
    assertEquals(at("export const x = 1;\n"), 1);
    assertEquals(at(`import { y } from "./y.ts";\n${DOC}`), 1);
    assertEquals(at("// Only a line.\n"), 1);
    assertEquals(at("/** Short. @module */\n"), 1);
    assertEquals(at(`#!/usr/bin/env node\n${DOC}export const x = 1;\n`), 0);
    assertEquals(at(DOC), 0);
  });

  test("every file of the tree starts with its paragraph", () => assertTreeKeeps(checkModuleDoc));

  test("checkMarks() finds unfinished work, lost checks and lonely tests", () => {
    const at = (text: string) => found(checkMarks, "core/buf.ts", text).length;
    assertEquals(at(`// ${"TO"}DO: later`), 1);
    assertEquals(at(`/* ${"FIX"}ME */`), 1);
    assertEquals(at(`// ${"@ts-"}ignore\nf();`), 1);
    assertEquals(at(`test.only("x", f);`), 1);
    assertEquals(at(`test.todo("x");`), 1);
    assertEquals(at(`const text = "TO" + "DO"; // only a todo list`), 0);
    assertEquals(at(`list.only(x); // test.only`), 0);
  });

  test("nothing in the tree is marked as unfinished", () => assertTreeKeeps(checkMarks));

  test("checkMachine() finds paths and hosts of one machine, in any file", () => {
    const at = (text: string) => found(checkMachine, "docs/x.md", text).length;
    assertEquals(at(`see ${"/ho"}me/me/project`), 1);
    assertEquals(at(`"${"/wo"}rk/main"`), 1);
    assertEquals(at(`C:${"\\"}Users`), 1);
    assertEquals(at(`"resolved": "${"http"}s://somewhere/x.tgz"`), 1);
    assertEquals(at(`from ${"regis"}try.example.org`), 1);
    assertEquals(at("core/work/step.ts and https://example.org/home/x"), 0);
    assertEquals(at(`"resolved": "test/std_assert"`), 0);
  });

  test("nothing in the tree belongs to one machine", () => assertTreeKeeps(checkMachine));

  test("checkFileName() finds names that are not snake_case or say nothing", () => {
    const at = (path: string) => found(checkFileName, path, "").length;
    assertEquals(at("core/bufPool.ts"), 1);
    assertEquals(at("core/buf-pool.ts"), 1);
    assertEquals(at("test/string_utils.ts"), 1);
    assertEquals(at("core/connection_manager.ts"), 1);
    assertEquals(at("core/buf_pool.ts") + at("test/unit/buf.test.ts") + at("README.md"), 0);
  });

  test("the tree's file names say something", () => assertTreeKeeps(checkFileName));
});

describe("tidy: the dead", () => {
  const planted: Source[] = [
    { path: "core/mod.ts", text: `export { used } from "./used.ts";` },
    { path: "core/used.ts", text: "export const used = 1, spare = 2, A = 1, B = A, C = B;" },
    { path: "core/tested.ts", text: `export const tested = 1;` },
    { path: "core/forgotten.ts", text: `export type T = 1;` },
    { path: "test/a.test.ts", text: `import { tested } from "../core/tested.ts";` },
    { path: "test/worker.ts", text: `f();` },
    { path: "test/b.test.ts", text: `new URL("./worker", import.meta.url);` },
  ];
  const entries = { product: ["core/mod.ts"], all: ["test/a.test.ts", "test/b.test.ts"] };

  test("checkDeadFiles() finds what nothing reaches, and what only tests reach", () => {
    const messages = show(checkDeadFiles(planted, entries));
    assertEquals(messages, [
      "core/tested.ts:0 is shipped, and reached only from tests",
      "core/forgotten.ts:0 is reached from nowhere",
    ]);
    const gone = checkDeadFiles(planted, { ...entries, product: ["core/mod.ts", "core/x.ts"] });
    assertEquals(gone[0]?.path, "core/x.ts");
  });

  test("checkDeadFiles() follows imports, and names of files in strings", () => {
    const sources = planted.filter((one) => !/tested|forgotten|a\.test/.test(one.path));
    assertEquals(checkDeadFiles(sources, entries), []);
  });

  test("every file of the tree is reached", () => {
    const product = entriesOf(file("package.json").text);
    assertGreater(product.length, 0);
    assertEquals(show(checkDeadFiles(tree, { product, all: runnable() })), []);
  });

  test("checkDeadExports() finds values that nobody imports, but not words of a set", () => {
    const messages = show(checkDeadExports(planted, ["core/mod.ts"]));
    assertEquals(messages, [
      "core/used.ts:1 export spare is imported nowhere",
      "core/used.ts:1 export C is imported nowhere",
    ]);
    const named: Source = { path: "core/c.ts", text: `new URL("./used.ts", import.meta.url);` };
    assertEquals(checkDeadExports([...planted, named], ["core/mod.ts"]), []);
    const whole: Source = { path: "test/c.ts", text: `import * as all from "../core/used.ts";` };
    assertEquals(checkDeadExports([...planted, whole], ["core/mod.ts"]), []);
  });

  test("every exported value of the tree is imported somewhere", () => {
    const surfaces = [...entriesOf(file("package.json").text), ...SURFACES];
    const examples = tree.map((source) => source.path).filter((path) => /^examples\//.test(path));
    assertEquals(show(checkDeadExports(tree, [...surfaces, ...examples])), []);
  });
});

describe("tidy: documented", () => {
  const at = (text: string, other = "", entry = `export * from "./other.ts";`) =>
    checkDocumented([
      { path: "core/mod.ts", text: `export { A } from "./a.ts";\n${entry}` },
      { path: "core/a.ts", text: `import { Other } from "./other.ts";\n\n${text}` },
      { path: "core/other.ts", text: other },
    ], ["core/mod.ts"]).map(({ message }) => message);

  test("checkDocumented() finds exports and public members without a doc comment", () => {
    const bare = (name: string) => [`${name} has no doc comment`];
    assertEquals(at("export class A {}"), bare("A"));
    assertEquals(at("// Not this.\nexport function A() {}"), bare("A"));
    assertEquals(at("/** Another. */\nconst B = 1;\nexport const A = B;"), bare("A"));
    assertEquals(at("type A = 1;\nexport { type A };"), bare("A"));
    assertEquals(at("/** This. */\nexport interface A {\n  b: number;\n}"), bare("A.b"));
    assertEquals(at("/** This. */\nexport type A = {\n  b(): void;\n};"), bare("A.b"));
    assertEquals(at("/** This. */\nexport class A {\n  get b() { return 1; }\n}"), bare("A.b"));
    assertEquals(at("/** This. */\nexport class A {\n  static b = 1;\n}"), bare("A.b"));
    assertEquals(at("/** It. */\nexport class A implements Other { b() {} }"), bare("A.b"));
    assertEquals(at("/** This. */\nexport class A {}", "export const B = 1;"), bare("B"));
    assertEquals(at("/** This. */\nexport class B {}"), [
      "exports A, which is declared nowhere",
    ]);
  });

  test("checkDocumented() leaves alone what is documented, or nobody else's", () => {
    assertEquals(at("/** This. */\nexport class A {\n  /** And this. */\n  b = 1;\n}"), []);
    assertEquals(at("/** This. */\n// a-tool: off\nexport type A = number;"), []);
    assertEquals(at("/** This. */\nexport class A {\n  #b = 1;\n  private c = 1;\n}"), []);
    assertEquals(at("/** It. */\nexport class A {\n  constructor() {}\n}\nexport class B {}"), []);
    assertEquals(at("/** It. */\nexport class A extends B {\n  override c = 1;\n}"), []);
    const other = "/** What. */\nexport interface Other {\n  /** Why. */\n  b(): void;\n}";
    assertEquals(at("/** It. */\nexport class A implements Other {\n  b() {}\n}", other), []);
  });

  test("whatever users can name has a doc comment", () => {
    const entries = entriesOf(file("package.json").text);
    assertGreater(entries.length, 5);
    assertEquals(show(checkDocumented(tree, entries)), []);
  });
});

describe("tidy: public types", () => {
  /** What is found in `text` at a module that the entry passes on, beside one that it does not. */
  const at = (text: string, exports = `export { A } from "./a.ts";`) =>
    checkMentioned([
      { path: "core/mod.ts", text: exports },
      { path: "core/a.ts", text: `import { Own } from "./own.ts";\n\n${text}` },
      { path: "core/own.ts", text: "export class Own {}" },
    ], ["core/mod.ts"]).map(({ message }) => message);
  const own = ["A mentions Own, which no entry exports"];

  test("checkMentioned() finds types that users see and cannot name", () => {
    assertEquals(at("export interface A { b: Own }"), own);
    assertEquals(at("export interface A { b(c: readonly Own[]): void }"), own);
    assertEquals(at("export interface A extends Own {}"), own);
    assertEquals(at("export class A extends Own {}"), own);
    assertEquals(at("export class A { constructor(b: Own) {} }"), own);
    assertEquals(at("export class A { b = new Own() }"), own);
    assertEquals(at("export class A { get b(): Own | null { return null; } }"), own);
    assertEquals(at("export type A = Promise<Own>;"), own);
    assertEquals(at("export function A(): Own {}"), own);
    assertEquals(at("export const A: typeof Own = Own;"), own);
    assertEquals(at("type Local = Own;\nexport interface A { b: Local }"), own);
  });

  test("checkMentioned() leaves alone what users do not see, or can name", () => {
    assertEquals(at("export class A { #b: Own; private c: Own; static { let d: Own; } }"), []);
    assertEquals(at("export class A implements Own { b() { const c: Own = 1; } }"), []);
    assertEquals(at("export interface A {\n  /** @internal */\n  b: Own;\n}"), []);
    assertEquals(at("/** @internal */\nexport class A extends Own {}"), []);
    assertEquals(at("export class A<Own> { b: Own; c: Uint8Array }"), []);
    const alone = `export { type A } from "./a.ts";`;
    assertEquals(at("export class A { constructor(b: Own) {} }", alone), []);
    const both = `export { A } from "./a.ts";\nexport { Own } from "./own.ts";`;
    assertEquals(at("export interface A { b: Own }", both), []);
  });

  test("whatever users can see they can name", () => {
    assertEquals(show(checkMentioned(tree, entriesOf(file("package.json").text))), []);
  });
});

describe("tidy: links", () => {
  const at = (text: string) =>
    checkLinks([
      { path: "docs/a.md", text },
      { path: "docs/b.md", text: "# One\n\n## `Two`, and *three*\n" },
      { path: "core/c.ts", text: "" },
    ]).map(({ line }) => line);

  test("checkLinks() finds links to files and headings that are not there", () => {
    assertEquals(at("\n[x](c.md)"), [2]);
    assertEquals(at("[x](../core/d.ts) [y](b.md#two)"), [1, 1]);
    assertEquals(at("# Two\n[x](#one)"), [2]);
  });

  test("checkLinks() leaves links alone that lead somewhere, or out of the tree", () => {
    assertEquals(at("[x](b.md) [y](b.md#two-and-three) [z](../core/c.ts) [c](../core)"), []);
    assertEquals(
      at("# Here\n[x](#here) [y](https://example.org/#a) [z](mailto:a@example.org)"),
      [],
    );
    assertEquals(at("```md\n[x](nowhere.md)\n```\n"), []);
  });

  test("links in the documents of the tree lead somewhere", () => {
    assertEquals(show(checkLinks(tree)), []);
  });
});

describe("tidy: manifests", () => {
  const good: { [path: string]: string } = {
    "package.json": JSON.stringify({
      version: "1.2.3",
      exports: { ".": { default: "./dist/core/mod.js" } },
      scripts: { start: "node core/mod.ts serve" },
      devDependencies: { hono: "4.0.0", "@std/assert": "file:test/std_assert" },
    }),
    "deno.json": JSON.stringify({ version: "1.2.3", exports: { ".": "./core/mod.ts" } }),
    "package-lock.json": JSON.stringify({ version: "1.2.3" }),
    "CHANGELOG.md": "# Changes\n\n## 1.2.3, today\n\n## 1.2.2\n",
    "core/mod.ts": `const VERSION = "1.2.3";\n`,
  };
  const problems = (changes: { [path: string]: string }) =>
    checkManifests(
      Object.entries({ ...good, ...changes }).map(([path, text]) => ({ path, text })),
    ).map((violation) => violation.path);

  test("checkManifests() finds each way in which the manifests can differ", () => {
    assertEquals(problems({ "deno.json": good["deno.json"]!.replace("1.2.3", "1.2.4") }), [
      "deno.json",
    ]);
    assertEquals(problems({ "package-lock.json": "{}" }), ["package-lock.json"]);
    assertEquals(problems({ "CHANGELOG.md": "## 1.2.2\n" }), ["CHANGELOG.md"]);
    assertEquals(problems({ "core/mod.ts": `const VERSION = "1.2.0";\n` }), ["core/mod.ts"]);
    const loose = good["package.json"]!.replace(`"4.0.0"`, `"^4.0.0"`);
    assertEquals(problems({ "package.json": loose }), ["package.json"]);
    const lost = good["package.json"]!.replace("core/mod.ts", "core/gone.ts");
    assertEquals(problems({ "package.json": lost }), ["package.json"]);
    const moved = good["deno.json"]!.replace("core/mod.ts", "core/server.ts");
    assertEquals(problems({ "deno.json": moved }), ["package.json"]);
  });

  test("checkManifests() leaves manifests alone that agree", () => assertEquals(problems({}), []));

  test("the manifests of the tree agree", () => assertEquals(show(checkManifests(tree)), []));
});
