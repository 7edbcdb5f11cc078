/**
 * Probes of the request's abort signal: whether it aborts when the client was answered, and whether
 * it does when the client leaves. It knows clients, and reads what the server reports.
 *
 * @module
 */

import { type Outcome, seen } from "../outcome.ts";
import type { ProbedServer } from "../probed_server.ts";
import { RawClient } from "../raw_client.ts";
import type { Waits } from "../rows.ts";
import { answerOf } from "../servers/app.ts";

/** Longer than any probe waits for the signal. */
const LONG_MS = 20_000;

export function isAnswered(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const request = "GET /late?ms=10&id=answered HTTP/1.1\r\nHost: probe\r\n\r\n";
  return afterAnswer(server, "answered", request, waits);
}

export function isAnsweredBehindBody(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const request = "POST /body?ms=10&id=answered-body HTTP/1.1\r\nHost: probe\r\n" +
    "Content-Length: 5\r\n\r\nhello";
  return afterAnswer(server, "answered-body", request, waits);
}

export function leaves(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return afterLeaving(server, "leaves", "", (client) => client.leave(), waits);
}

export function resets(server: ProbedServer, waits: Waits): Promise<Outcome> {
  return afterLeaving(server, "resets", "", (client) => client.reset(), waits);
}

export function leavesWithPipelined(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const second = `GET /late?ms=${LONG_MS}&id=behind HTTP/1.1\r\nHost: probe\r\n\r\n`;
  return afterLeaving(server, "leaves-pipelined", second, (client) => client.leave(), waits);
}

/** Whether the answer still goes out, and whether the signal aborted before it. */
export async function halfCloses(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const id = "half-closes";
  const client = new RawClient(server).read();
  client.send(`GET /late?ms=500&id=${id} HTTP/1.1\r\nHost: probe\r\n\r\n`).fin();
  const answered = () => client.received.includes(answerOf(id));
  await client.until(() => answered() || client.isOver, waits.settleMs);
  await server.changes.until(() => server.hasReported("answer", id), waits.settleMs);
  await client.until(() => client.isOver, waits.settleMs);
  const signal = server.hasReported("abort", id, "answer") ? "aborts" : "quiet";
  return seen(`${answered() ? "answered" : "no answer"}, ${signal}`, client.end);
}

async function afterAnswer(
  server: ProbedServer,
  id: string,
  request: string,
  waits: Waits,
): Promise<Outcome> {
  const client = new RawClient(server).read().send(request);
  await client.until(() => client.received.includes(answerOf(id)) || client.isOver, waits.settleMs);
  if (!client.received.includes(answerOf(id))) return seen("not answered", client.end);
  if (server.hasReported("abort", id, "answer")) return seen("aborts", "before the answer");
  client.leave();
  return await signalOf(server, id, waits);
}

async function afterLeaving(
  server: ProbedServer,
  id: string,
  second: string,
  leave: (client: RawClient) => void,
  waits: Waits,
): Promise<Outcome> {
  const client = new RawClient(server).read();
  client.send(`GET /late?ms=${LONG_MS}&id=${id} HTTP/1.1\r\nHost: probe\r\n\r\n${second}`);
  const begun = await client.until(() => server.hasReported("begin", id), waits.settleMs);
  if (!begun) return seen("no handler", client.end);
  if (server.hasReported("abort", id)) return seen("aborts before that", client.end);
  leave(client);
  return await signalOf(server, id, waits);
}

async function signalOf(server: ProbedServer, id: string, waits: Waits): Promise<Outcome> {
  const sinceMs = performance.now();
  const aborted = await server.changes.until(
    () => server.hasReported("abort", id),
    waits.settleMs,
  );
  if (!aborted) return seen("quiet");
  return seen("aborts", `after ${Math.round(performance.now() - sinceMs)} ms`);
}
