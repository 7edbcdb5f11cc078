/**
 * The example without HTTP: an echo over TCP.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type ProcessColumn, startScript } from "../commands.ts";

const START_LINE = /^tcp echo on (\w+) \d\S* \((.+)\) · tcp:\/\/127\.0\.0\.1:(\d+)\n/;

export function checkTcpEcho(column: ProcessColumn): void {
  test("tcp_echo.ts sends back what it gets, then closes", async () => {
    const program = startScript(column, ["examples/tcp_echo.ts", "0"]);
    try {
      const [, runtime, , port] = await program.waitFor(START_LINE);
      assertEquals(runtime, column);
      assertEquals(await echoOf(Number(port), Buffer.from("hello\n")), Buffer.from("hello\n"));
      const large = Buffer.alloc(8_000_000, "0123456789");
      const echoed = await echoOf(Number(port), large);
      assert(echoed.equals(large), "what came back is not what was sent");
      const { code, stderr } = await program.stop("SIGINT");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    } finally {
      await program.stop("SIGKILL");
    }
  });
}

/** Sends `bytes` and a FIN, and answers all that comes back. */
async function echoOf(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.end(bytes);
  await once(socket, "end");
  return Buffer.concat(parts);
}
