/**
 * Probes of time: the client stops at some point, and the server is to end it, or not. It knows
 * clients; which clock a server has for this is the server's affair.
 *
 * @module
 */

import { type Outcome, seen } from "../outcome.ts";
import type { ProbedServer } from "../probed_server.ts";
import { RawClient } from "../raw_client.ts";
import type { Waits } from "../rows.ts";
import { STREAM_BYTES } from "../servers/app.ts";

export async function sendsNothing(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read();
  await client.until(() => client.isConnected || client.isOver, waits.settleMs);
  client.touch();
  return await endOf(client, waits);
}

export function partialHead(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read();
  return endOf(client.send("GET / HTTP/1.1\r\nHost: probe\r\nX-Half: "), waits);
}

export function partialBody(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read();
  client.send("POST /body HTTP/1.1\r\nHost: probe\r\nContent-Length: 100\r\n\r\nhalf of it");
  return endOf(client, waits);
}

export async function staysIdle(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server).read().send("GET / HTTP/1.1\r\nHost: probe\r\n\r\n");
  await client.until(() => client.received.includes("answer"), waits.settleMs);
  if (client.status !== 200) return seen("not answered", client.end);
  client.received = "";
  client.touch();
  return await endOf(client, waits);
}

/**
 * A client that does not read sees a reset at best. So the server reports when it gives the stream
 * up; and whatever came of it, the client then reads, to see whether the answer looks whole.
 *
 * How it is cut off is a detail: Deno has no reset, so there Sluice ends with a FIN, too.
 */
export async function readsNothing(server: ProbedServer, waits: Waits): Promise<Outcome> {
  const client = new RawClient(server);
  client.send("GET /stream?id=unread HTTP/1.1\r\nHost: probe\r\n\r\n");
  const ended = await client.until(
    () => client.isOver || server.hasReported("cancel", "unread"),
    waits.clockMs,
  );
  const afterMs = client.elapsedMs;
  client.read();
  const isWhole = () => client.endsWithLastChunk && client.receivedBytes > STREAM_BYTES;
  await client.until(() => client.isOver || isWhole(), waits.settleMs);
  const detail = `${client.end}, ${client.receivedBytes} bytes`;
  if (!ended && (isWhole() || !client.isOver)) return { seen: "open", afterMs, detail };
  const what = client.endsWithLastChunk ? "cut off, looks whole" : "cut off";
  return { seen: what, afterMs: ended ? afterMs : null, detail };
}

/** The status that comes, or how the connection ends, whichever is first; `open` if neither. */
async function endOf(client: RawClient, waits: Waits): Promise<Outcome> {
  const ended = await client.until(() => client.status !== null || client.isOver, waits.clockMs);
  const afterMs = client.elapsedMs;
  if (!ended) return { seen: "open", afterMs };
  const { status } = client;
  if (status === null) return { seen: client.end, afterMs };
  await client.until(() => client.isOver, waits.settleMs);
  return { seen: String(status), afterMs, detail: client.end };
}
