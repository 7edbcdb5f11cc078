/**
 * Probes of single messages: what the server answers to a head that is large, odd or ambiguous, and
 * to two requests at once. It knows the bytes of the requests.
 *
 * @module
 */

import { type Outcome, seen } from "../outcome.ts";
import type { ProbedServer } from "../probed_server.ts";
import { RawClient } from "../raw_client.ts";
import type { Waits } from "../rows.ts";
import { answerOf } from "../servers/app.ts";

const LARGE = "a".repeat(100_000);

export async function pipelines(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read();
  // The second one is ready first.
  client.send(
    "GET /late?ms=100&id=one HTTP/1.1\r\nHost: probe\r\n\r\n" +
      "GET /late?ms=10&id=two HTTP/1.1\r\nHost: probe\r\n\r\n",
  );
  const at = (id: string) => client.received.indexOf(answerOf(id));
  await client.until(() => client.isOver || (at("one") >= 0 && at("two") >= 0), waits.settleMs);
  if (at("one") < 0 && at("two") < 0) return seen("both lost", client.end);
  if (at("two") < 0) return seen("the second lost", client.end);
  if (at("one") < 0) return seen("the first lost", client.end);
  return seen(at("one") < at("two") ? "answered in order" : "answered out of order", client.end);
}

export function largeHeader(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return answerTo(server, `GET / HTTP/1.1\r\nHost: probe\r\nX-Large: ${LARGE}\r\n\r\n`, waits);
}

export function largeTarget(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return answerTo(server, `GET /${LARGE} HTTP/1.1\r\nHost: probe\r\n\r\n`, waits);
}

export function lengthAndChunked(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const head = "POST /body HTTP/1.1\r\nHost: probe\r\nContent-Length: 5\r\n" +
    "Transfer-Encoding: chunked\r\n\r\n";
  return answerTo(server, `${head}0\r\n\r\n`, waits);
}

export function expectsAndIsRead(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return expects(server, "/body?id=expects", waits);
}

export function expectsAndIsNotRead(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return expects(server, "/?id=expects", waits);
}

/** What comes before the body is sent. */
async function expects(server: ProbedServer, target: string, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read();
  client.send(
    `POST ${target} HTTP/1.1\r\nHost: probe\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n`,
  );
  await client.until(() => client.status !== null || client.isOver, waits.settleMs);
  const { status } = client;
  if (status !== null && status !== 100) return seen(`${status} at once`);
  client.send("hello");
  await client.until(
    () => client.received.includes(answerOf("expects")) || client.isOver,
    waits.settleMs,
  );
  const answered = client.received.includes(answerOf("expects"));
  return seen(`${status ?? "nothing"}${answered ? "" : ", no answer"}`, client.end);
}

/** The status of the answer, or how the connection ended without one. */
async function answerTo(server: ProbedServer, request: string, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read().send(request);
  await client.until(() => client.status !== null || client.isOver, waits.settleMs);
  if (client.status === null) return seen(client.isOver ? client.end : "nothing");
  await client.until(() => client.isOver, waits.settleMs);
  return seen(String(client.status), client.end);
}
