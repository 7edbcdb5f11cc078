/**
 * `--access-log`: the line of each way in which a request ends.
 *
 * @module
 */

import { connect } from "node:net";
import { test } from "node:test";
import { assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { type ProcessColumn, startServing } from "../commands.ts";
import { writeModule } from "./modules.ts";

const APP = `import { DONE, finalizeRequest } from "$CORE";
export default (request) => {
  if (request.target.startsWith("/hello")) return request.respond(201, {}, "hello");
  if (request.target === "/fail") throw new Error("no");
  const hold = request.hold("waits for the client to leave");
  request.onTerminated(() => hold.release());
  if (request.target === "/stream") {
    request.sendHead(200);
    request.send("12345", { flush: true });
  }
  console.log("held");
  return DONE;
};
`;

export function checkAccessLog(column: ProcessColumn): void {
  test("--access-log has a line for each end: answered, failed, left, cut off", async () => {
    const args = [writeModule("logged.mjs", APP), "--port", "0", "--access-log"];
    const { url, program } = await startServing(column, args);
    const headers = { "user-agent": `a "client"\\`, referer: "http://a/" };
    await (await fetch(`${url}/hello?q="1"`, { headers })).text();
    await (await fetch(`${url}/fail`)).text();
    for (const target of ["/wait", "/stream"]) {
      const client = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
      client.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await program.waitFor(target === "/wait" ? /held\n/ : /held\n[^]*held\n/);
      client.resetAndDestroy();
      await program.waitFor(new RegExp(`"target":"${target}".*\n`));
    }
    const { code, stdout } = await program.stop("SIGTERM");
    assertEquals(code, 0);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const entries = lines.map((line) => JSON.parse(line));
    assertEquals(
      entries.map(({ method, target, status, cutOff }) => [method, target, status, cutOff]),
      [
        ["GET", "/hello?q=%221%22", 201, false],
        ["GET", "/fail", 500, false],
        ["GET", "/wait", 499, true],
        ["GET", "/stream", 200, true],
      ],
    );
    const { time, id, remote, version, bytes, ms, referer, userAgent } = entries[0];
    assertEquals([remote, version, bytes], ["127.0.0.1", "1.1", 5]);
    assertEquals([referer, userAgent], [headers.referer, headers["user-agent"]]);
    assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assertMatch(id, /./);
    assertGreaterOrEqual(ms, 0);
    assertEquals(entries[3].bytes, 5);
  });
}
