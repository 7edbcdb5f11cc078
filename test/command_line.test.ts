/**
 * Every tool of the tree has its help, and one line and exit code 2 for a command line that cannot
 * be. Runs on Node; finds the tools by how they are run, and starts none in earnest.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "./programs.ts";
import { readTree, ROOT } from "./tidy/tree.ts";

const NODE = process.execPath;

/** Files that run as a tool, whatever else lies in the tree. */
function toolsOf(): string[] {
  return readTree().filter(({ path, text }) =>
    path.endsWith(".ts") && /^await runTool\(/m.test(text)
  )
    .map(({ path }) => path);
}

describe("tools", () => {
  const tools = toolsOf();

  test("each script of package.json is a tool that was found", () => {
    const manifest = readTree().find(({ path }) => path === "package.json")!;
    const { scripts } = JSON.parse(manifest.text) as { scripts: { [name: string]: string } };
    const named = Object.values(scripts).flatMap((line) =>
      line.match(/\b(test|bench)\/[\w/]+\.ts/g) ?? []
    );
    assertEquals(named.filter((path) => !tools.includes(path)), []);
  });

  for (const tool of tools) {
    test(`${tool} --help prints its usage and options`, async () => {
      const { code, stdout, stderr } = await runProgram(NODE, [tool, "--help"], { cwd: ROOT });
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^Usage: .*\n\n[^]*\n {2}--help +print this\n/);
    });

    test(`${tool} refuses what it does not know in one line`, async () => {
      const ending = await runProgram(NODE, [tool, "--no-such-option"], { cwd: ROOT });
      assertEquals([ending.code, ending.stdout], [2, ""]);
      assertEquals(ending.stderr, "error: unknown option '--no-such-option'\n");
    });
  }
});
