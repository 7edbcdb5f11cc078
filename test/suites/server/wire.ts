/**
 * The wire cases of `test/wire/`, fed to a whole server whose handler reads the body and answers
 * 200: in one piece, byte by byte, and cut in the middle. One check for each group of cases.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ResultCode } from "../../../core/status.ts";
import { loadWireCases, type WireCase } from "../../wire/load.ts";
import type { ServerCheck } from "../check_server.ts";
import { parseAnswers } from "./answers.ts";
import { type RawClient, ServerBench } from "./bench.ts";

const cases = loadWireCases();

async function readAndAnswer(request: HttpRequest): Promise<ResultCode> {
  await request.body.bytes();
  return request.respond(200, {}, "ok");
}

export function checkWire(check: ServerCheck): void {
  for (const group of new Set(cases.map((one) => one.group))) {
    const members = cases.filter((one) => one.group === group);
    check(`wire cases: ${group}`, async (bench) => {
      const { limits } = members[0]!;
      await bench.serve({ handlers: [readAndAnswer], limits });
      for (const one of members) {
        assertEquals(one.limits, limits, "the cases of a group share their limits");
        for (const pieces of piecesOf(one.input)) await checkCase(bench, one, pieces);
      }
    });
  }
}

/** The input whole, byte by byte, and in two halves. */
function piecesOf(input: Uint8Array): Uint8Array[][] {
  const half = input.length >> 1;
  const ways = [[input], [input.subarray(0, half), input.subarray(half)]];
  if (input.length < BYTE_BY_BYTE_MAX) {
    ways.push(Array.from(input, (_, i) => input.subarray(i, i + 1)));
  }
  return ways.filter((way) => way.every((piece) => piece.length > 0) || input.length === 0);
}

/** Longer inputs would take thousands of turns for nothing new. */
const BYTE_BY_BYTE_MAX = 300;

async function checkCase(bench: ServerBench, one: WireCase, pieces: Uint8Array[]): Promise<void> {
  const what = `${one.group}: ${one.title}, in ${pieces.length} pieces`;
  const client = bench.connect();
  client.methods = one.outcome.requests.map((request) => request.method);
  for (const piece of pieces) {
    client.send(piece.slice());
    // On a live column this is a turn of the loop; the kernel may still join pieces.
    let turns = 0;
    await bench.settle(() => client.closed !== null || turns++ > 0, what);
  }
  const wanted = one.answers.filter((status) => !status.endsWith("?"));
  if (one.closes) await client.waitClosed(what);
  else await bench.settle(() => statusesOf(client, one).length >= wanted.length, what);
  assertEquals(statusesOf(client, one), wanted, what);
  if (!one.closes) {
    assertEquals(client.closed ?? client.ended, false, `${what}: the connection must live on`);
  }
  bench.rig.reactor.close(client.handle);
  await bench.settle(() => client.closed !== null, `the end of ${what}`);
}

/** The statuses so far, without interim answers that may be left out. */
function statusesOf(client: RawClient, one: WireCase): string[] {
  const { answers } = parseAnswers(client.received, client.methods, one.closes);
  const statuses = answers.map((answer) => String(answer.status));
  return one.answers.includes("100?") ? statuses.filter((status) => status !== "100") : statuses;
}
