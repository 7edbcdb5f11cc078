/**
 * What a user gets: the project is packed as npm would, the tarball is installed in a scratch
 * folder beside Hono, and serves there on Node 22 and on the current Node. Runs on Node; needs npm
 * and its registry; knows nothing of the source tree but the list of its files.
 *
 * @module
 */

import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { outputOf, Program, runProgram } from "./programs.ts";
import { readTree, ROOT } from "./tidy/tree.ts";

/** The oldest line of Node that is supported, and one that is not. */
const NODE_OLDEST = "22.23.3";
const NODE_TOO_OLD = "20.20.2";

const INSTALL_TIMEOUT_MS = 180_000;

const APP = `import { Hono } from "hono";
const app = new Hono();
app.get("/", (c) => c.text("hello from " + process.versions.node));
app.post("/echo", async (c) => c.json({ got: await c.req.text() }));
export default app;
`;

const THREAD_APP = `import { inThread } from "sluice";
export default inThread(new URL("./jobs.mjs", import.meta.url), "answer");
`;

const THREAD_JOBS = `import { isMainThread } from "node:worker_threads";
export function* answer(request) {
  for (let i = 0; i < 3; i++) yield "in a thread: " + !isMainThread + "\\n";
}
`;

const CONSUMER = `import { Hono } from "hono";
import { defineServer, DONE, finalizeRequest, type Handler, OK, type ResultCode } from "sluice";

const app = new Hono();
const native: Handler = (request): ResultCode => {
  const hold = request.hold("an answer from elsewhere");
  queueMicrotask(() => {
    finalizeRequest(request, request.respond(200, [["content-type", "text/plain"]], "ok"));
    hold.release();
  });
  return request.method === "GET" ? DONE : OK;
};
// @ts-expect-error A result code is a number: the types are there, and not any.
export const wrong: string = OK;
export default defineServer({ fetch: app.fetch, handlers: [native], limits: {}, clocks: {} });
`;

const SETTINGS = JSON.stringify({
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "dom", "dom.iterable"],
    module: "nodenext",
    types: [],
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
  },
  files: ["consumer.ts"],
});

interface Manifest {
  readonly version: string;
  readonly bin: { readonly [name: string]: string };
  readonly exports: { readonly [name: string]: unknown };
  readonly devDependencies: { readonly [name: string]: string };
}

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as Manifest;
const exportNames = Object.keys(manifest.exports).filter((name) => name !== "./package.json");
const scratch = mkdtempSync(join(tmpdir(), "sluice-pack-"));
const consumer = join(scratch, "consumer");
const installed = join(consumer, "node_modules/sluice");

/** The names of the files in the tarball. */
let packed: string[] = [];
let tarball = "";

/** npm as the machine has it, without what an enclosing npm says of its own project. */
function npm(cwd: string, args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(
    Object.keys(process.env).filter((name) => /^npm_(package|lifecycle)_/.test(name))
      .map((name) => [name, undefined]),
  );
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  return outputOf("npm", [...args, ...quiet], { cwd, env, timeoutMs: INSTALL_TIMEOUT_MS });
}

function writeFolder(folder: string, files: { readonly [name: string]: string }): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** Packs a copy of the tree, so that a build in the tree itself is neither needed nor touched. */
async function pack(): Promise<void> {
  const copy = join(scratch, "copy");
  for (const { path } of readTree()) cpSync(ROOT + path, join(copy, path));
  symlinkSync(`${ROOT}node_modules`, join(copy, "node_modules"), "junction");
  const listing = await npm(copy, ["pack", "--json", "--pack-destination", scratch]);
  // What `prepare` prints may come before the list.
  const [entry] = JSON.parse(listing.slice(listing.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  tarball = join(scratch, entry.filename);
  packed = entry.files.map((file) => file.path);
}

async function installConsumer(): Promise<void> {
  const whole = exportNames.map((name) => `  typeof import("${join("sluice", name)}"),\n`);
  writeFolder(consumer, {
    "package.json": JSON.stringify({ type: "module", private: true, allowScripts: { node: true } }),
    "app.mjs": APP,
    "threads.mjs": THREAD_APP,
    "jobs.mjs": THREAD_JOBS,
    "consumer.ts": `${CONSUMER}\nexport type Whole = [\n${whole.join("")}];\n`,
    "tsconfig.json": SETTINGS,
  });
  const hono = `hono@${manifest.devDependencies["hono"]}`;
  await npm(consumer, ["install", tarball, hono, `node@${NODE_OLDEST}`]);
}

/** Starts `sluice serve app.mjs`, asks it twice, and ends it as Ctrl-C would. */
async function checkServes(command: string, args: readonly string[]): Promise<string> {
  const program = new Program(command, [...args, "serve", "app.mjs", "--port", "0"], {
    cwd: consumer,
  });
  const [address] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
  const hello = await fetch(address);
  assertEquals(hello.status, 200);
  const text = await hello.text();
  const echo = await fetch(`${address}/echo`, { method: "POST", body: "some bytes" });
  assertEquals(await echo.json(), { got: "some bytes" });
  const ending = await program.stop("SIGINT");
  assertEquals(ending.stderr, "");
  assertEquals(ending.code, 0);
  return text;
}

describe("the packed tarball", () => {
  before(async () => {
    await pack();
    await installConsumer();
  });

  after(() => rmSync(scratch, { recursive: true, force: true }));

  test("holds the build, the documents and nothing else", () => {
    for (const path of ["package.json", "README.md", "LICENSE", "CHANGELOG.md"]) {
      assert(packed.includes(path), `${path} is missing`);
    }
    const strange = packed.filter((path) =>
      path.includes("/") && !/^dist\/(core|runtimes)\/[\w/]+\.(js|d\.ts)$/.test(path)
    );
    assertEquals(strange, []);
  });

  test("is of a build whose command the shell may start", async () => {
    const command = join(scratch, "copy", manifest.bin["sluice"]!);
    // `npx sluice` in a clone starts the file itself; only an install by npm gives it the bit.
    const PATH = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
    const env = { ...process.env, PATH };
    const version = await outputOf(command, ["--version"], { cwd: scratch, env });
    assertEquals(version, `${manifest.version}\n`);
  });

  test("every export leads to a module and its types", async () => {
    for (const name of exportNames) {
      const target = manifest.exports[name] as { types: string; default: string };
      assert(existsSync(join(installed, target.types)), `${name} has no types`);
      assert(existsSync(join(installed, target.default)), `${name} has no module`);
    }
    // Loading a shim must touch nothing of its platform, so each loads on Node too.
    const text = exportNames.map((name) =>
      `await import(${JSON.stringify(join("sluice", name))});`
    );
    await outputOf(process.execPath, ["--input-type=module", "--eval", text.join("\n")], {
      cwd: consumer,
    });
  });

  test("its types are complete for a consumer with nothing but the web's types", async () => {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const { code, stdout } = await runProgram(process.execPath, [tsc, "-p", "."], {
      cwd: consumer,
    });
    assertEquals(stdout, "");
    assertEquals(code, 0);
  });

  test("sluice --version prints the version of the package", async () => {
    const stdout = await npm(consumer, ["exec", "--", "sluice", "--version"]);
    assertStringIncludes(stdout, manifest.version);
  });

  test(`sluice serve answers on Node ${NODE_OLDEST}`, async () => {
    const node = join(consumer, "node_modules/.bin/node");
    const text = await checkServes(node, ["node_modules/.bin/sluice"]);
    assertEquals(text, `hello from ${NODE_OLDEST}`);
  });

  test("sluice serve answers on the current Node", async () => {
    const text = await checkServes(process.execPath, ["node_modules/.bin/sluice"]);
    assertEquals(text, `hello from ${process.versions.node}`);
  });

  test("the build finds its threads, on either Node", async () => {
    for (const node of [join(consumer, "node_modules/.bin/node"), process.execPath]) {
      const args = ["node_modules/.bin/sluice", "serve", "threads.mjs", "--port", "0"];
      const program = new Program(node, args, { cwd: consumer });
      const [address] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
      assertEquals(await (await fetch(address)).text(), "in a thread: true\n".repeat(3));
      const { code, stderr } = await program.stop("SIGINT");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
  });

  test("npx sluice serve answers, on the Node that is installed beside it", async () => {
    const program = new Program("npx", ["sluice", "serve", "app.mjs", "--port", "0"], {
      cwd: consumer,
    });
    const [address] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
    assertEquals(await (await fetch(address)).text(), `hello from ${NODE_OLDEST}`);
    await program.stop("SIGINT");
  });

  test("on an older Node it prints one clear line and exits with 2", async () => {
    const node = await findOldNode();
    const version = (await outputOf(node, ["--version"], { cwd: scratch })).trim().slice(1);
    const args = ["node_modules/.bin/sluice", "serve", "app.mjs"];
    const { code, stdout, stderr } = await runProgram(node, args, { cwd: consumer });
    assertEquals(stdout, "");
    assertEquals(stderr, `sluice needs Node 22 or later, this is ${version}\n`);
    assertEquals(code, 2);
  });
});

/** The machine's own Node when it is too old, or else one from npm. */
async function findOldNode(): Promise<string> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const node = join(folder, "node");
    if (folder.includes("node_modules") || !existsSync(node)) continue;
    const { stdout } = await runProgram(node, ["--version"], { cwd: scratch });
    if (/^v(1[89]|2[01])\./.test(stdout)) return node;
  }
  const old = join(scratch, "old");
  writeFolder(old, {
    "package.json": JSON.stringify({ private: true, allowScripts: { node: true } }),
  });
  await npm(old, ["install", `node@${NODE_TOO_OLD}`]);
  return join(old, "node_modules/.bin/node");
}
