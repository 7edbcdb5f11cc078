/**
 * The gate before timing: a server is timed only when it answers as all the others do, twice on one
 * connection. It reads bytes from a plain socket, so that nothing is repaired on the way.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { HOST, TEXT, TYPE } from "./servers/hello.ts";

const ANSWER_MS = 5_000;

/** An answer as it came, for the published results. */
export interface GateReport {
  readonly statusLine: string;
  /** Lower-case names, in the order in which they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Head and body together. */
  readonly answerBytes: number;
}

/** Throws an error that says what is wrong with the server at `port`. */
export async function checkServer(port: number): Promise<GateReport> {
  const socket = connect({ host: HOST, port });
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("no answer came in time")));
  try {
    await once(socket, "connect");
    const first = await ask(socket, port);
    const second = await ask(socket, port);
    if (namesOf(first) !== namesOf(second)) {
      throw new Error("the second answer differs");
    }
    return first;
  } finally {
    socket.destroy();
  }
}

async function ask(socket: Socket, port: number): Promise<GateReport> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}:${port}\r\n\r\n`);
  let text = "";
  while (!isWhole(text)) {
    const [bytes] = await Promise.race([once(socket, "data"), once(socket, "end")]);
    if (bytes === undefined) {
      throw new Error(`the connection ended after ${JSON.stringify(text)}`);
    }
    text += (bytes as Uint8Array & { toString(coding: "latin1"): string }).toString("latin1");
  }
  return checkAnswer(text);
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n");
  return headEnd >= 0 && text.length >= headEnd + 4 + TEXT.length;
}

function checkAnswer(text: string): GateReport {
  const headEnd = text.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = text.slice(0, headEnd).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const values = new Map(headers);
  // The reason phrase may be empty (RFC 9112 §4), and srvx 1.0 leaves it so.
  must("status line", statusLine?.slice(0, 12), "HTTP/1.1 200");
  must("content-length", values.get("content-length"), String(TEXT.length));
  const type = values.get("content-type")?.toLowerCase().replaceAll(" ", "");
  must("content-type", type, TYPE.toLowerCase());
  must("transfer-encoding", values.get("transfer-encoding"), undefined);
  must("keep-alive", values.get("connection") ?? "keep-alive", "keep-alive");
  must("body", text.slice(headEnd + 4), TEXT);
  return { statusLine: statusLine!, headers, answerBytes: text.length };
}

function must(what: string, got: string | undefined, wanted: string | undefined): void {
  if (got === wanted) return;
  throw new Error(`${what} is ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
}

/** Names and values, but for the date. */
function namesOf(report: GateReport): string {
  return JSON.stringify(report.headers.filter(([name]) => name !== "date"));
}
