/**
 * Waits for its standard input and says what came, by handles alone; ends at the end of the input.
 *
 * @module
 */

import process from "node:process";
import { Loop } from "../../../core/loop.ts";
import { adopt } from "../../../core/work/adopt.ts";
import { readable, tryRead, tryWrite, writable } from "../../../core/work/waits.ts";
import { createBunReactor } from "../../../runtimes/bun.ts";
import { createDenoReactor } from "../../../runtimes/deno.ts";
import { createNodeReactor } from "../../../runtimes/node.ts";

interface Globals {
  readonly Deno?: { readonly stdin: object; readonly stdout: object };
  readonly Bun?: { readonly stdin: object };
}

const { Deno, Bun } = globalThis as unknown as Globals;
const reactor = Deno !== undefined
  ? createDenoReactor()
  : Bun !== undefined
  ? createBunReactor()
  : createNodeReactor();
const home = { loop: new Loop(reactor), polls: reactor.polls, streams: reactor };
const isNative = process.argv[2] === "native";
const input = adopt(isNative ? Deno?.stdin ?? Bun?.stdin ?? process.stdin : process.stdin, home);
const output = adopt(isNative ? Deno?.stdout ?? process.stdout : process.stdout, home);

async function say(text: string): Promise<void> {
  await writable(output);
  tryWrite(output, new TextEncoder().encode(text));
  await writable(output);
}

await say(`${await readable(input, { timeoutMs: 20 })}\n`);
for (;;) {
  const outcome = await readable(input);
  const bytes = tryRead(input, 100);
  if (!(bytes instanceof Uint8Array)) {
    await say(`${outcome}\n`);
    break;
  }
  await say(`${outcome} ${new TextDecoder().decode(bytes)}`);
}
process.exit(0);
