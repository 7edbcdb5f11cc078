/**
 * Feeds one input to a whole server in memory, in given pieces, and says what came of it: which
 * requests the application saw, what the client received, whether the connection ended. What must
 * hold of any single run is checked here; what must hold between runs, in `judge.ts`.
 *
 * @module
 */

import type { Connection } from "../../core/connection.ts";
import { DEFAULT_LIMITS, type Limits } from "../../core/limits.ts";
import type { Address, Handle, Reactor } from "../../core/reactor.ts";
import { Server } from "../../core/server.ts";
import type { ServerOptions } from "../../core/server_options.ts";
import { createMemoryReactor, type MemoryReactorOptions } from "../../runtimes/memory.ts";
import { AnswerReader } from "../../runtimes/memory/answer_reader.ts";
import { PassingEvents, PassingReactor } from "../fakes/passing_reactor.ts";
import { FuzzApp, type Seen } from "./app.ts";

/** How an input is fed. */
export interface Feeding {
  /** Where it is cut, ascending. */
  readonly cuts: readonly number[];
  readonly reactor: MemoryReactorOptions;
  readonly limits: Partial<Limits>;
  readonly options: FuzzOptions;
  /** Puts something that breaks things between the core and the reactor: for controls. */
  readonly sabotage?: (reactor: Reactor) => Reactor;
}

/** What the server is asked to do beside answering. */
export type FuzzOptions = Pick<ServerOptions, "compression" | "requestBody" | "requestCodings">;

/** What came of it. Texts, so that two of them are compared as they are. */
export interface FuzzOutcome {
  readonly seen: readonly Seen[];
  /** Each final answer: status, fields and body. */
  readonly answers: readonly string[];
  /** How many bytes of one more answer came. */
  readonly rest: number;
  /** What the server did when all had come: waits, or has ended. */
  readonly end: "waits" | "ended" | "reset";
}

const ADDRESS: Address = { transport: "tcp", host: "127.0.0.1", port: 80 };
/** What a slow network holds up is here by then, and no clock has run out. */
const SLOW_MS = 2000;
/** Longer than any clock: what is open then stays open for ever. */
const FOR_EVER_MS = 600_000;
/** No input has so much to do. */
const EVENTS_MAX = 200_000;

export async function feed(input: Uint8Array, feeding: Feeding): Promise<FuzzOutcome> {
  const reactor = createMemoryReactor(feeding.reactor);
  const bounded = new BoundedReactor(feeding.sabotage?.(reactor) ?? reactor);
  const app = new FuzzApp();
  const { limits, options } = feeding;
  const server = new Server(bounded, { handlers: app.handlers, limits, ...options });
  app.loop = server.loop;
  await server.listen(ADDRESS);
  const client = reactor.client(ADDRESS);
  await reactor.settle(EVENTS_MAX);
  let from = 0;
  for (const cut of [...feeding.cuts, input.length]) {
    if (client.closed !== null) break;
    if (cut > from) client.write(input.subarray(from, cut));
    from = cut;
    await reactor.elapse(1);
  }
  await reactor.elapse(SLOW_MS);
  const end = client.closed === "reset" ? "reset" : client.hasEnded ? "ended" : "waits";
  const outcome = { ...read(client.bytes, client.hasEnded, app, reactor.logs), end } as const;
  client.end();
  await reactor.elapse(FOR_EVER_MS);
  if (server.connections.size > 0) throw new Error("the connection never ends");
  client.close();
  await reactor.waitFor(server.close(), { withinMs: FOR_EVER_MS });
  checkLeft(server, reactor.logs);
  return outcome;
}

function read(
  bytes: Uint8Array,
  hasEnded: boolean,
  app: FuzzApp,
  logs: ReadonlyArray<{ readonly text: string }>,
): Pick<FuzzOutcome, "seen" | "answers" | "rest"> {
  const answers: string[] = [];
  // What is refused before the application sees it is named in the log.
  const refusesHead = logs.some(({ text }) => text.startsWith("HEAD "));
  const coded = logs.filter(({ text }) => / 415, /.test(text));
  let refused = 0;
  const isToHead = (index: number, { status }: { status: number }): boolean => {
    // The connection goes on behind a coding that nobody has.
    if (status === 415) return coded[refused++]?.text.startsWith("HEAD ") === true;
    const seen = app.seen[index - refused];
    return seen === undefined ? refusesHead : seen.method === "HEAD";
  };
  const reader = new AnswerReader(isToHead, ({ body, fields, reason, status, trailers }) => {
    if (status < 200) return;
    const text = new TextDecoder("latin1").decode(body);
    answers.push(`${status} ${reason}\n${fields.join("\n")}\n\n${text}${trailers.join("\n")}`);
  });
  reader.feed(bytes);
  const rest = reader.isInside ? bytes.length : 0;
  if (hasEnded) reader.end();
  const most = (answers.length + 1) * ANSWER_BYTES_MAX;
  if (bytes.length > most) throw new Error(`${bytes.length} bytes for ${answers.length} answers`);
  return { seen: app.seen, answers, rest };
}

/** The application's are far shorter, and so are refusals. */
const ANSWER_BYTES_MAX = 4000;

function checkLeft(server: Server, logs: ReadonlyArray<{ level: string; text: string }>): void {
  const { connections, loop, pool, requests } = server;
  const left = [connections.size, requests.size, pool.out, loop.timers.count, loop.posted.length];
  if (left.some((count) => count !== 0)) throw new Error(`something is left over: ${left}`);
  const complaint = logs.find(({ level, text }) => level === "error" || /Assertion/.test(text));
  if (complaint !== undefined) throw new Error(`the server complains: ${complaint.text}`);
}

/** Sees to it that what is held for the connection stays within its bounds. */
class BoundedReactor extends PassingReactor {
  override listen(...[address, events, options]: Parameters<Reactor["listen"]>) {
    const bounded = new (class extends PassingEvents {
      override onData(handle: Handle, bytes: Uint8Array): void {
        super.onData(handle, bytes);
        const { output } = handle.owner as Connection;
        const size = output.chain.size();
        if (size > DEFAULT_LIMITS.outputBytesReady + 20_000) {
          throw new Error(`${size} bytes are queued`);
        }
      }
    })(events);
    return super.listen(address, bounded, options);
  }
}
