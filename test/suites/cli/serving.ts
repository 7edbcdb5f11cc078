/**
 * Where the application comes from, and where the command listens.
 *
 * @module
 */

import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../tidy/tree.ts";
import { type ProcessColumn, startServing, whileServing } from "../commands.ts";
import { takePort } from "./ports.ts";
import { writeModule } from "./modules.ts";

const FETCH = `export default { fetch: () => new Response("fetched\\n") };\n`;

export function checkServing(column: ProcessColumn): void {
  test("serve takes a path with or without ./, an absolute one, and a file URL", async () => {
    const path = writeModule("app.mjs", FETCH);
    const fromHere = relative(ROOT, path);
    for (const module of [path, pathToFileURL(path).href, fromHere, `./${fromHere}`]) {
      await whileServing(column, module, async ({ url }) => {
        assertEquals(await (await fetch(url)).text(), "fetched\n");
      });
    }
  });

  test("serve takes a class with fetch, a native handler, and a definition with both", async () => {
    const modules = {
      "class.mjs": `class App { word = "own"; fetch() { return new Response(this.word); } }
        export default new App();`,
      "native.mjs": `export default (request) => request.respond(200, {}, "own");`,
      "both.mjs": `import { DECLINED, defineServer } from "$CORE";
        export default defineServer({
          handlers: [() => DECLINED],
          fetch: () => new Response("own"),
        });`,
    };
    for (const [name, text] of Object.entries(modules)) {
      await whileServing(column, writeModule(name, text), async ({ url }) => {
        assertEquals(await (await fetch(url)).text(), "own");
      });
    }
  });

  test("serve listens where the definition says, but for --host and --port", async () => {
    const free = await takePort();
    await free.release();
    const module = writeModule(
      "settings.mjs",
      `import { defineServer } from "$CORE";
      const fetch = () => new Response("here");
      export default defineServer({ fetch, host: "127.0.0.1", port: ${free.port} });`,
    );
    const own = await startServing(column, [module]);
    assertEquals(own.url, `http://127.0.0.1:${free.port}`);
    const other = await startServing(column, [module, "--port", "0", "--host", "127.0.0.1"]);
    assertEquals(await (await fetch(other.url)).text(), "here");
    assertEquals(other.url === own.url, false);
    const endings = await Promise.all([own.program.stop("SIGINT"), other.program.stop("SIGINT")]);
    assertEquals(endings.map(({ code }) => code), [0, 0]);
  });

  test("serve takes the port of a plain fetch application as a text, too", async () => {
    const free = await takePort();
    await free.release();
    const module = writeModule(
      "environment.mjs",
      `export default { fetch: () => new Response("here"), port: "${free.port}" };`,
    );
    const { url, program } = await startServing(column, [module]);
    assertEquals(url, `http://127.0.0.1:${free.port}`);
    assertEquals((await program.stop("SIGINT")).code, 0);
  });

  test("serve logs what a handler throws, with its stack, and goes on", async () => {
    const module = writeModule(
      "throws.mjs",
      `export default () => { throw new Error("secret of the handler"); };`,
    );
    const { url, program } = await startServing(column, [module, "--port", "0"]);
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(url);
      assertEquals([answer.status, await answer.text()], [500, "500 Internal Server Error\n"]);
    }
    const { code, stderr } = await program.stop("SIGTERM");
    assertEquals(code, 0);
    assertStringIncludes(stderr, "secret of the handler");
    assertStringIncludes(stderr, "throws.mjs");
  });
}
