/**
 * The examples in the documents work. Runs on Node, starts Node, Deno and Bun; needs the built
 * package, which Node finds by its name.
 *
 * Each block fenced as `ts` in a Markdown file of the tree is a module of its own. It is checked
 * with the compiler settings of the tree, and then on each runtime:
 * - one with `export default` is an application: `serve` starts it; `GET /` must not answer 5xx;
 * - any other is a program: it must end by itself, with exit code 0.
 *
 * A block fenced as `ts types` is checked by the compiler alone: signatures, and code that would
 * serve for ever. Blocks in other languages are not looked at.
 *
 * @module
 */

import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertLess, assertStringIncludes, assertThrows } from "@std/assert";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Block, findBlocks } from "./docs/blocks.ts";
import { COMMANDS } from "./matrix/plan.ts";
import { Program, runProgram } from "./programs.ts";
import { readTree, ROOT } from "./tidy/tree.ts";

/** Within the tree, so that packages and the project's own name are found; git ignores it. */
const folder = join(ROOT, ".tmp", `docs-${process.pid}`);

const RUNS: { readonly [runtime: string]: readonly string[] } = {
  node: [COMMANDS.node],
  deno: [COMMANDS.deno, "run", "-A", "--no-check"],
  bun: [COMMANDS.bun, "run"],
};

const blocks = readTree()
  .filter((source) => source.path.endsWith(".md"))
  .flatMap((source) => findBlocks(source.path, source.text));

function fileOf(block: Block): string {
  return join(folder, `${block.path.replaceAll(/[^\w]+/g, "_")}_${block.line}.ts`);
}

async function checkProgram(file: string, command: readonly string[]): Promise<void> {
  const [name = "", ...args] = command;
  const { code, stdout, stderr } = await runProgram(name, [...args, file], { cwd: ROOT });
  assertEquals(code, 0, `${stdout}${stderr}`);
}

async function checkApp(file: string, command: readonly string[]): Promise<void> {
  const [name = "", ...args] = command;
  const program = new Program(
    name,
    [...args, "runtimes/main.ts", "serve", "--port", "0", file],
    { cwd: ROOT },
  );
  const [address] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
  const response = await fetch(address);
  await response.arrayBuffer();
  assertLess(response.status, 500);
  const { code, stderr } = await program.stop("SIGINT");
  assertEquals(code, 0, stderr);
}

describe("blocks of a document", () => {
  test("findBlocks() finds what is fenced as TypeScript, and how much of it must hold", () => {
    const text =
      "# T\n```ts\nf();\n```\n\n```ts types\ng();\n```\n````ts\nexport default h;\n```\n" +
      "````\n```sh\nls\n```\n~~~\nplain\n~~~\n";
    assertEquals(findBlocks("a.md", text), [
      { path: "a.md", line: 2, text: "f();\n", kind: "program" },
      { path: "a.md", line: 6, text: "g();\n", kind: "types" },
      { path: "a.md", line: 9, text: "export default h;\n```\n", kind: "app" },
    ]);
  });

  test("findBlocks() refuses a mark without a meaning and a block without an end", () => {
    assertThrows(() => findBlocks("a.md", "```ts ignore\n```\n"), Error, `"ignore" is no mark`);
    assertThrows(() => findBlocks("a.md", "x\n```ts\nf();\n"), Error, "a.md:2");
  });
});

describe("the documents", () => {
  before(() => {
    mkdirSync(folder, { recursive: true });
    for (const block of blocks) writeFileSync(fileOf(block), block.text);
    const settings = { extends: "../../tsconfig.json", include: ["./*.ts"], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test("README.md shows programs that can be run", () => {
    assert(existsSync(join(ROOT, "dist/core/mod.js")), "there is no dist/: run `npm run build`");
    assert(blocks.some((block) => block.path === "README.md" && block.kind !== "types"));
  });

  test("every block passes the compiler", async () => {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const { stdout, code } = await runProgram(COMMANDS.node, [tsc, "-p", folder], { cwd: ROOT });
    assertEquals(stdout, "");
    assertEquals(code, 0);
  });

  test("the compiler sees the blocks: a planted mistake is found", async () => {
    const planted = join(folder, "planted.ts");
    writeFileSync(planted, "export const wrong: number = await import('sluice');\n");
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const { stdout } = await runProgram(COMMANDS.node, [tsc, "-p", folder], { cwd: ROOT });
    rmSync(planted);
    assertStringIncludes(stdout, "planted.ts");
  });

  for (const block of blocks.filter((one) => one.kind !== "types")) {
    for (const [runtime, command] of Object.entries(RUNS)) {
      test(`${block.path}:${block.line} holds on ${runtime}`, async () => {
        const check = block.kind === "app" ? checkApp : checkProgram;
        await check(fileOf(block), command);
      });
    }
  }
});
