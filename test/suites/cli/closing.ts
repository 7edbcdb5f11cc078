/**
 * How the command ends at a signal, with requests open and without.
 *
 * @module
 */

import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { EndSignal } from "../../programs.ts";
import { type ProcessColumn, startScript, startServing } from "../commands.ts";
import { writeModule } from "./modules.ts";

/** Says on standard output when it has a request, which it answers at shutdown. */
const PATIENT = `import { DONE, finalizeRequest } from "$CORE";
export default (request) => {
  const hold = request.hold("waits for the shutdown");
  request.onAbort((cause) => {
    finalizeRequest(request, request.respond(200, {}, cause));
    hold.release();
  });
  console.log("held");
  return DONE;
};
// Something of its own that would keep the process.
setInterval(() => {}, 1000);
`;

/** Never answers. */
const STUBBORN = `import { DONE } from "$CORE";
export default (request) => {
  request.hold("never lets go");
  console.log("held");
  return DONE;
};
`;

/** Complains of some requests, and answers the others to their end at shutdown. */
const TALKATIVE = `import { DONE, finalizeRequest } from "$CORE";
export default (request) => {
  if (request.target === "/fail") throw new Error("no");
  const hold = request.hold("waits for the shutdown");
  request.onAbort((cause) => {
    finalizeRequest(request, request.send(cause, { last: true }));
    hold.release();
  });
  request.sendHead(200);
  request.send("until the ", { flush: true });
  return DONE;
};
`;

/** Asks a database for a number without end, in a thread: a call that nothing can interrupt. */
const BLOCKED = `import { inThread } from "$CORE";
import { writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
export function count() {
  writeSync(1, "held\\n");
  return new DatabaseSync(":memory:").prepare(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
  ).get();
}
export default inThread(import.meta.url, "count", { buffered: true });
`;

/** Serves by itself, without the command, and never answers. */
const EMBEDDED = `import { serve } from "$SERVE";
import { DONE } from "$CORE";
const { url } = await serve((request) => {
  request.hold("never lets go");
  console.log("held");
  return DONE;
}, { port: 0 });
console.log(url + " ");
`;

export function checkClosing(column: ProcessColumn): void {
  test("SIGINT, even twice at once, lets open requests end: exit code 0", async () => {
    const module = writeModule("patient.mjs", PATIENT);
    const { url, program } = await startServing(column, [module, "--port", "0"]);
    const answer = fetch(url).then((response) => response.text());
    await program.waitFor(/held\n/);
    program.stop("SIGINT");
    const { code, stdout, stderr } = await program.stop("SIGINT");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /\nSIGINT: closing with 1 open request; again to end now\n$/);
    assertEquals(await answer, "shutdown");
  });

  test("SIGTERM, and SIGHUP of a terminal, without open requests: exit code 0", async () => {
    const module = writeModule("patient.mjs", PATIENT);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      const { program } = await startServing(column, [module, "--port", "0"]);
      const { code, stdout, stderr } = await program.stop(signal);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, new RegExp(`\\n${signal}: closing with no open request\\n$`));
    }
  });

  test("it outlives whoever read its output, and ends as always: exit code 0", async () => {
    const module = writeModule("talkative.mjs", TALKATIVE);
    const { url, program } = await startServing(column, [module, "--port", "0"]);
    program.dropOutput();
    for (let i = 0; i < 5; i++) assertEquals((await fetch(`${url}/fail`)).status, 500);
    const response = await fetch(url);
    const ended = program.stop("SIGTERM");
    assertEquals(await response.text(), "until the shutdown");
    assertEquals((await ended).code, 0);
  });

  test("a second signal ends at once, with the signal's exit code", async () => {
    const module = writeModule("stubborn.mjs", STUBBORN);
    await endWithSecondSignal(column, module);
    await endWithSecondSignal(column, module, "SIGHUP", 129);
  });

  test("after --shutdown-timeout what is left is cut off and reported: exit code 1", async () => {
    const module = writeModule("stubborn.mjs", STUBBORN);
    const args = [module, "--port", "0", "--shutdown-timeout", "200ms"];
    const { url, program } = await startServing(column, args);
    const answer = assertRejects(() => fetch(`${url}/path`));
    await program.waitFor(/held\n/);
    const { code, stderr } = await program.stop("SIGINT");
    assertEquals(code, 1);
    assertMatch(stderr, /^sluice: cut off at the deadline: 1 request( on \d connections?)?\n/);
    assertMatch(stderr, /\n {2}GET \/path, 0\.\d s, held by never lets go \(0\.\d s\)\n$/);
    await answer;
  });

  test("a thread in a native call that blocks keeps no process: exit code 1", async () => {
    const module = writeModule("blocked.mjs", BLOCKED);
    const args = [module, "--port", "0", "--shutdown-timeout", "200ms"];
    const { url, program } = await startServing(column, args);
    const answer = assertRejects(() => fetch(url));
    await program.waitFor(/held\n/);
    const { code, stderr } = await program.stop("SIGTERM");
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^sluice: cut off at the deadline: 1 request( on \d connections?)?\n {2}GET/,
    );
    // Deno takes a thread for ended as soon as it is told to end.
    const told = /\nsluice: 1 thread did not end: a native call blocks, [^\n]*\n$/.test(stderr);
    assertEquals(told, column !== "deno");
    await answer;
  });

  test("a second signal ends a process with such a thread at once", async () => {
    await endWithSecondSignal(column, writeModule("blocked.mjs", BLOCKED));
  });

  test("serve() of the library leaves signals to whoever calls it", async () => {
    const program = startScript(column, [writeModule("embedded.mjs", EMBEDDED)]);
    const [url] = await program.waitFor(/http:\S+(?= )/);
    const answer = assertRejects(() => fetch(url));
    await program.waitFor(/held\n/);
    const { code, signal } = await program.stop("SIGTERM");
    assertEquals([code, signal], [null, "SIGTERM"]);
    await answer;
  });
}

/** Two signals, one after the other, while a request is held. */
async function endWithSecondSignal(
  column: ProcessColumn,
  module: string,
  second: EndSignal = "SIGTERM",
  code = 143,
): Promise<void> {
  const { url, program } = await startServing(column, [module, "--port", "0"]);
  const answer = assertRejects(() => fetch(url));
  await program.waitFor(/held\n/);
  program.stop("SIGINT");
  await program.waitFor(/SIGINT: closing/);
  assertEquals((await program.stop(second)).code, code);
  await answer;
}
