/**
 * Where the command listens when that is no port of its own: a Unix path, and what lies there; a
 * port that processes share; the port of the environment.
 *
 * @module
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../../programs.ts";
import { ROOT } from "../../tidy/tree.ts";
import {
  type ProcessColumn,
  runServing,
  type Serving,
  startServing,
  startSharing,
} from "../commands.ts";
import { writeModule } from "./modules.ts";

const HELLO = `export default (request) => request.respond(200, {}, "hello from " + request.url);`;

/** That they all go to one of two processes happens once in 2^99 runs. */
const CONNECTIONS_MAX = 100;

/** An address that is not this machine's: the line that refuses it names the port, too. */
const ELSEWHERE = ["--host", "192.0.2.1"];

const folder = mkdtempSync(join(tmpdir(), "sluice-unix-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

export function checkPlaces(column: ProcessColumn): void {
  const hello = writeModule("hello.mjs", HELLO);

  test("serve --unix listens on a path, names it, and removes it at the end", async () => {
    const path = join(folder, "own.sock");
    const { url, program } = await startServing(column, [hello, "--unix", path]);
    assertEquals(url, `unix:${path}`);
    assertMatch(await getOnce({ path }), /^HTTP\/1\.1 200 [^]*\r\n\r\nhello from http:\/\/a\/b$/);
    const { code, stderr } = await program.stop("SIGTERM");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(existsSync(path), false);
  });

  test("serve --unix takes the path of a dead process, and not that of a live one", async () => {
    const path = join(folder, "taken.sock");
    const args = [hello, "--unix", path];
    const first = await startServing(column, args);
    const second = await runServing(column, args);
    assertEquals(
      [second.code, second.stdout, second.stderr],
      [2, "", `sluice: the path ${path} is already in use\n`],
    );
    assertMatch(await getOnce({ path }), /hello from/);
    await first.program.stop("SIGKILL");
    assertEquals(existsSync(path), true);
    const third = await startServing(column, args);
    assertMatch(await getOnce({ path }), /hello from/);
    assertEquals((await third.program.stop("SIGINT")).code, 0);
  });

  test("serve --unix refuses what it cannot have, in one line: exit code 2", async () => {
    const file = join(folder, "file.txt");
    writeFileSync(file, "precious");
    const long = join(folder, "n".repeat(100));
    for (
      const [path, words] of [
        [file, `the path ${file} is a file, and no socket`],
        [`${folder}/gone/a.sock`, "cannot be listened on: there is no such folder"],
        [long, "is too long: \\d+ bytes, of 10\\d at most"],
      ] as const
    ) {
      const { code, stdout, stderr } = await runServing(column, [hello, "--unix", path]);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, new RegExp(`^sluice: the path ${path}.*\\n$`));
      assertMatch(stderr, new RegExp(words));
    }
    assertEquals(existsSync(file), true);
  });

  test("serve listens on the definition's path, but for --port", async () => {
    const path = join(folder, "defined.sock");
    const module = writeModule(
      "unix.mjs",
      `import { defineServer } from "$CORE";
      export default defineServer({ fetch: () => new Response("here"), unix: "${path}" });`,
    );
    const own = await startServing(column, [module]);
    assertEquals(own.url, `unix:${path}`);
    const other = await startServing(column, [module, "--port", "0"]);
    assertEquals(await (await fetch(other.url)).text(), "here");
    assertEquals(await codesOf([own, other]), [0, 0]);
  });

  test("PORT is the port where neither the command line nor the module names one", async () => {
    const plain = [hello, ...ELSEWHERE];
    const own = writeModule("own_port.mjs", "export default { fetch() {}, port: 8111 };");
    const cases: ReadonlyArray<readonly [port: string, args: readonly string[], tried: string]> = [
      ["8222", plain, "8222"],
      ["", plain, "8080"],
      ["8222", [...plain, "--port", "8333"], "8333"],
      ["8222", [own, ...ELSEWHERE], "8111"],
    ];
    for (const [PORT, args, tried] of cases) {
      const { code, stderr } = await runServing(column, args, { PORT, HOST: "192.0.2.9" });
      assertEquals(code, 2);
      assertMatch(stderr, new RegExp(`^sluice: port ${tried} on 192\\.0\\.2\\.1 cannot .*\\n$`));
    }
    const bad = await runServing(column, plain, { PORT: "http" });
    assertEquals([bad.code, bad.stdout], [2, ""]);
    assertMatch(bad.stderr, /^sluice: PORT of the environment is no port .*: "http"\n$/);
  });

  test("processes with --reuse-port share a port, and nobody else gets it", async () => {
    const module = writeModule(
      "pid.mjs",
      `import process from "node:process";
      export default (request) => request.respond(200, {}, String(process.pid));`,
    );
    const first = await startSharing(column, [module, "--port", "0"]);
    const port = Number(new URL(first.url).port);
    const second = await startSharing(column, [module, "--port", `${port}`]);
    assertEquals(second.url, first.url);
    const pids = new Set<string>();
    // The kernel deals connections out by their ports: as good as a coin that is tossed.
    for (let i = 0; i < CONNECTIONS_MAX && pids.size < 2; i++) {
      const answer = await getOnce({ host: "127.0.0.1", port });
      pids.add(answer.slice(answer.indexOf("\r\n\r\n")));
    }
    assertEquals(pids.size, 2);
    const { code, stdout, stderr } = await runServing(column, [module, "--port", `${port}`]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr, `sluice: port ${port} on 127.0.0.1 is already in use\n`);
    assertEquals(await codesOf([first, second]), [0, 0]);
  });

  if (column === "deno") {
    test("serve on Deno leaves PORT alone that it was not allowed to read", async () => {
      const line = ["run", "--allow-net", "--allow-read", "runtimes/main.ts", "serve", hello];
      const options = { cwd: ROOT, env: { PORT: "8222" } };
      const { code, stderr } = await runProgram(process.execPath, [...line, ...ELSEWHERE], options);
      assertEquals(code, 2);
      assertMatch(stderr, /^sluice: port 8080 on 192\.0\.2\.1 cannot .*\n$/);
    });

    test("serve --reuse-port on Deno says which flag it wants: exit code 2", async () => {
      const args = [hello, "--port", "0", "--reuse-port"];
      const { code, stdout, stderr } = await runServing(column, args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, /^sluice: port 0 on 127\.0\.0\.1 can be shared .*--unstable-net.*\n$/);
    });
  }
}

async function codesOf(servings: readonly Serving[]): Promise<Array<number | null>> {
  const endings = await Promise.all(servings.map(({ program }) => program.stop("SIGINT")));
  return endings.map(({ code }) => code);
}

/** The whole answer to a request on a connection of its own. */
function getOnce(where: NetConnectOpts): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(where);
  socket.on("error", reject);
  socket.setEncoding("latin1").on("data", (chunk: string) => answer += chunk);
  socket.on("end", () => resolve(answer));
  socket.write("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  return promise;
}
