/**
 * Help, version, and mistakes: each mistake is one clear line and exit code 2, before anything
 * listens.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../tidy/tree.ts";
import { type ProcessColumn, runScript } from "../commands.ts";
import { writeModule } from "./modules.ts";
import { takePort } from "./ports.ts";

/** Arguments, and the line that they get. */
const ARGUMENTS: ReadonlyArray<readonly [string, RegExp]> = [
  ["", /no command given: try sluice serve <module>/],
  ["frob", /unknown command 'frob'/],
  ["serv a.ts", /unknown command 'serv' \(Did you mean serve\?\)/],
  ["help frob", /unknown command 'frob'/],
  ["--verison", /unknown option '--verison' \(Did you mean --version\?\)/],
  ["examples/hello.ts --port 0", /unknown command 'examples\/hello\.ts' \(Did you mean serve /],
  ["serve", /missing required argument 'module'/],
  ["serve a.ts b.ts", /too many arguments/],
  ["serve --prot 1 a.ts", /unknown option '--prot' \(Did you mean --port\?\)/],
  ["serve --port", /'-p, --port <number>' argument missing/],
  ["serve --port 80x a.ts", /'80x' is invalid\. A port is a whole number from 0 to 65535/],
  ["serve --port 65536 a.ts", /'65536' is invalid\. A port is a whole number from 0 to 65535/],
  ["serve --shutdown-timeout soon a.ts", /'soon' is invalid\. A time is a number with ms, s, m/],
  [
    "serve --header-timeout 0 a.ts",
    /--header-timeout .* '0' is invalid\. It is more than 0, or off/,
  ],
  ["serve --body-timeout -1s a.ts", /--body-timeout .* '-1s' is invalid\. A time is/],
  ["serve --client-max-body-size 1x a.ts", /'1x' is invalid\. A size is a whole number of bytes/],
  ["serve --max-connections 1k a.ts", /'1k' is invalid\. It is a whole number/],
  ["serve --client-body-temp-path", /'--client-body-temp-path <folder>' argument missing/],
  ["serve --request-body whole a.ts", /'whole' is invalid\. It is stream or buffer\./],
  ["serve --request-codings gzip,zip a.ts", /'gzip,zip' is invalid\. There are gzip, deflate, br/],
  ["serve --via pigeon a.ts", /'pigeon' is invalid\. There is only serve\./],
  ["serve --host= examples/hello.ts", /a host is not empty: 0\.0\.0\.0 is every address/],
  ["serve --unix= examples/hello.ts", /a unix path is not empty, and has no NUL/],
  ["serve --unix /a --port 1 a.ts", /'--unix <path>' cannot be used with option '-p, --port/],
  ["serve --host b --unix /a a.ts", /'--unix <path>' cannot be used with option '--host <name>'/],
  ["serve --unix /a --reuse-port a.ts", /'--unix <path>' cannot be used with .*'--reuse-port'/],
  ["serve gone.ts", /no such module: gone\.ts/],
  ["serve examples", /examples is a directory, not a module/],
  ["serve file://elsewhere/a.ts", /file:\/\/elsewhere\/a\.ts names no file/],
];

const PLACES = [
  "--port <number>",
  "--host <name>",
  "--unix <path>",
  "--reuse-port",
  "--access-log",
  "--via <way>",
];

/** Flags that operators of nginx know, with their values. */
const FLAGS = [
  "--header-timeout <time>",
  "--body-timeout <time>",
  "--send-timeout <time>",
  "--keep-alive-timeout <time>",
  "--handler-timeout <time>",
  "--shutdown-timeout <time>",
  "--client-body-buffer-size <size>",
  "--client-max-body-size <size>",
  "--client-body-temp-path <folder>",
  "--max-connections <number>",
];
const GROUPS = [
  "Clocks (off: never)",
  "Request bodies",
  "Limits (off: none)",
  "Threads (off: none)",
];

const WANTED = "export default an object with a fetch function, a native handler, or defineServer";

const BAD_PORT = `import { defineServer, OK } from "$CORE";
export default defineServer({ handlers: [() => OK], port: 70000 });
`;

const TWO_PLACES = `import { defineServer, OK } from "$CORE";
export default defineServer({ handlers: [() => OK], port: 0, unix: "/run/a" });
`;

const BAD_LIMIT = `import { defineServer, OK } from "$CORE";
export default defineServer({ handlers: [() => OK], limits: { bodyMax: 1 } });
`;

/** Modules that cannot be served, and what is said of them behind their path. */
const MODULES: ReadonlyArray<readonly [name: string, text: string, words: RegExp]> = [
  ["named.mjs", "export const app = 1;", new RegExp(`there is nothing to serve: ${WANTED}`)],
  ["number.mjs", "export default 42;", new RegExp(`cannot serve number: ${WANTED}`)],
  ["object.mjs", "export default { fetsch() {} };", new RegExp(`cannot serve .*: ${WANTED}`)],
  ["port.mjs", BAD_PORT, /a port is a whole number from 0 to 65535, not 70000/],
  ["text_port.mjs", "export default { fetch() {}, port: 'http' };", /a port is .*, not "http"/],
  ["places.mjs", TWO_PLACES, /a server listens on a unix path, or on a host and a port/],
  [
    "settings.mjs",
    "export default { fetch() {}, limits: { clientBodyMaxBytes: 1 } };",
    /"limits" is a setting of defineServer: export default defineServer/,
  ],
  ["limit.mjs", BAD_LIMIT, /there is no limit "bodyMax"/],
  ["syntax.ts", "\n\nexport default {{;\n", /\(.*syntax\.ts:3\)/],
  [
    "throws.mjs",
    "\nthrow new Error('no database\\nmore');",
    /Error: no database \(.*throws\.mjs:2\)/,
  ],
  ["inner.ts", "import './syntax.ts'; export default {};", /\(.*syntax\.ts:3\)/],
  ["needs_file.mjs", "import './gone.mjs'; export default {};", /gone\.mjs/],
  ["needs_package.mjs", "import 'no-such-package'; export default {};", /no-such-package/],
];

export function checkMistakes(column: ProcessColumn): void {
  const run = (args: readonly string[]) => runScript(column, ["runtimes/main.ts", ...args]);

  /** One line on stderr, nothing on stdout, exit code 2. */
  const assertRefused = async (args: readonly string[], words: RegExp) => {
    const { code, stdout, stderr } = await run(args);
    assertEquals({ args, code, stdout }, { args, code: 2, stdout: "" });
    assertMatch(stderr, /^sluice: [^\n]+\n$/);
    assertMatch(stderr, words);
  };

  test("--help and --version answer on stdout: exit code 0", async () => {
    const help = await run(["--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, "serve <module> [options]");
    assertEquals((await run(["help"])).stdout, help.stdout);
    const serveHelp = await run(["serve", "--help"]);
    assertEquals((await run(["help", "serve"])).stdout, serveHelp.stdout);
    assertEquals([serveHelp.code, serveHelp.stderr], [0, ""]);
    for (const option of [...PLACES, ...FLAGS]) {
      assertMatch(serveHelp.stdout, new RegExp(`\\n +(-p, )?${option}  `));
    }
    for (const group of GROUPS) assertStringIncludes(serveHelp.stdout, `\n\n${group}:\n  --`);
    const words = serveHelp.stdout.replace(/\s+/g, " ");
    assertStringIncludes(
      words,
      "--header-timeout <time> a request's first byte to the end of its head (10s)",
    );
    assertStringIncludes(words, "--client-max-body-size <size> a request's body; 0: any (1m)");
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    for (const args of [["--version"], ["serve", "--version"]]) {
      const { code, stdout } = await run(args);
      assertEquals([code, stdout], [0, `${version}\n`]);
    }
  });

  test("wrong arguments are refused in one line: exit code 2", async () => {
    for (const [args, words] of ARGUMENTS) {
      await assertRefused(args.split(" ").filter((arg) => arg !== ""), words);
    }
    if (column !== "bun") {
      const words = new RegExp(`only Bun can listen through Bun\\.serve, and this is ${column}`);
      await assertRefused(["serve", "--via", "serve", "examples/hello.ts"], words);
    }
  });

  test("a module that cannot be served is named, with the reason: exit code 2", async () => {
    const paths = MODULES.map(([name, text]) => writeModule(name, text));
    for (const [index, [name, , words]] of MODULES.entries()) {
      const line = new RegExp(`${name}: .*${words.source}`);
      await assertRefused(["serve", paths[index]!], line);
    }
  });

  test("a module whose top-level await never ends is no clean end", async () => {
    const path = writeModule(
      "waits.mjs",
      "await new Promise(() => {});\nexport default () => 0;\n",
    );
    if (column !== "deno") {
      await assertRefused(["serve", path], /waits\.mjs: Error: its top-level await never ends/);
      return;
    }
    // Deno ends the process before anybody hears of it, and says where.
    const { code, stdout, stderr } = await run(["serve", path]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /Top-level await promise never resolved[^]*waits\.mjs:1/);
  });

  test("a taken port, and a host that is not here, are named: exit code 2", async () => {
    const taken = await takePort();
    const port = String(taken.port);
    await assertRefused(
      ["serve", "examples/hello.ts", "--port", port],
      new RegExp(`port ${port} on 127\\.0\\.0\\.1 is already in use`),
    );
    await taken.release();
    await assertRefused(["serve", "examples/hello.ts", "--host", "192.0.2.1"], /192\.0\.2\.1/);
  });
}
