/**
 * What the core alone costs for a request: the benchmark's cases over a reactor that has no
 * sockets, in the process that runs this file, in CPU time of all its threads. No kernel and no
 * load generator blur the number, so it shows what a change to the hot path gains, on a busy
 * machine too. It says nothing of a runtime's sockets.
 *
 *     node bench/engine.ts        deno run -A bench/engine.ts        bun bench/engine.ts
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import process from "node:process";
import { Argument } from "commander";
import type { Threads } from "../core/capabilities/threads.ts";
import type { Chain } from "../core/chain.ts";
import { type App, resolveApp } from "../core/definition.ts";
import type {
  Address,
  Handle,
  Listener,
  Reactor,
  StreamEvents,
  TurnEvents,
} from "../core/reactor.ts";
import { Server } from "../core/server.ts";
import { OK, type SendCode } from "../core/status.ts";
import { createReactor } from "../runtimes/choose.ts";
import { createCodecs } from "../runtimes/common/codecs.ts";
import { createFiles } from "../runtimes/common/files.ts";
import { ambientContext } from "../runtimes/common/context.ts";
import { makeTool, runTool } from "../test/command_line.ts";
import { hello } from "./servers/hello_native.ts";
import { app as hono } from "./servers/hono_app.ts";
import { median } from "./statistics.ts";

const CONNECTIONS = 64;
const TURNS = 400;
const ROUNDS = 15;
const REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
/** What this runtime's own reactor sees of responses, and how it reads text. */
const { wholeBodies = null, byteText = null } = await createReactor();
const ADDRESS: Address = { transport: "tcp", host: "127.0.0.1", port: 8080 };

/** Takes whatever is sent at once, and gives it back at once. */
class NullReactor implements Reactor {
  readonly runtime = "none";
  readonly via = "nothing";
  readonly codecs = createCodecs();
  readonly files = createFiles();
  readonly context = ambientContext;
  readonly polls = { open: () => null, openPipe: () => Promise.reject(new Error("no pipes")) };
  readonly threads: Threads = {
    start: () => {
      throw new Error("there are no threads here");
    },
  };
  readonly wholeBodies = wholeBodies;
  readonly byteText = byteText;
  events: StreamEvents | null = null;
  turn: TurnEvents | null = null;
  /** How often something was sent. */
  sends = 0;
  asked = false;
  #inEvent = false;
  #nowMs = -1;

  now(): number {
    if (!this.#inEvent) return performance.now();
    return this.#nowMs < 0 ? this.#nowMs = performance.now() : this.#nowMs;
  }

  stopwatchMs(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  wakeAt(): void {}

  attach(turn: TurnEvents): void {
    this.turn = turn;
  }

  soon(): void {
    this.asked = true;
  }

  /** One event of the stream. */
  deliver(handle: Handle, bytes: Uint8Array): void {
    this.#inEvent = true;
    this.#nowMs = -1;
    this.events!.onData(handle, bytes);
    this.#inEvent = false;
  }

  send(handle: Handle, chain: Chain): SendCode {
    this.sends++;
    while (chain.first !== null) this.events!.onRelease(handle, chain.lend());
    return OK;
  }

  readStart(): void {}
  readStop(): void {}
  shutdown(): void {}
  close(): void {}
  abort(): void {}

  remoteAddress(): Address {
    return ADDRESS;
  }

  localAddress(): Address {
    return ADDRESS;
  }

  listen(_address: Address, events: StreamEvents): Promise<Listener> {
    this.events = events;
    const nothing = () => {};
    return Promise.resolve({
      address: ADDRESS,
      acceptStop: nothing,
      acceptStart: nothing,
      close: () => Promise.resolve(),
    });
  }

  connect(): Handle {
    throw new Error("nothing can be connected here");
  }

  log(_level: string, text: string): void {
    console.error(text);
  }

  random(into: Uint8Array): void {
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  }
}

/** Nanoseconds for a request, in each round. */
async function measure(app: App): Promise<number[]> {
  const reactor = new NullReactor();
  const server = new Server(reactor, { handlers: resolveApp(app).handlers });
  await server.listen(ADDRESS);
  const handles = Array.from({ length: CONNECTIONS }, (): Handle => ({ owner: null }));
  for (const handle of handles) server.onOpen(handle);
  const bytes = new TextEncoder().encode(REQUEST);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    reactor.sends = 0;
    const started = process.cpuUsage();
    for (let turn = 0; turn < TURNS; turn++) {
      for (const handle of handles) reactor.deliver(handle, bytes);
      await setImmediate();
      if (reactor.asked) {
        reactor.asked = false;
        reactor.turn!.endOfTurn();
      }
    }
    const { user, system } = process.cpuUsage(started);
    const ns = (user + system) * 1e3 / (TURNS * CONNECTIONS);
    if (reactor.sends !== TURNS * CONNECTIONS) throw new Error(`${reactor.sends} answers came`);
    rounds.push(ns);
  }
  // The first rounds warm the code up.
  return rounds.slice(5);
}

const APPS = { hello, hono } as const;
const NAMES = Object.keys(APPS) as (keyof typeof APPS)[];

async function main(_options: unknown, wanted: readonly string[]): Promise<number> {
  for (const name of NAMES) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const rounds = await measure(APPS[name]);
    const best = Math.min(...rounds);
    console.log(
      `${name}: ${median(rounds).toFixed(0)} ns for a request, at best ${best.toFixed(0)}`,
    );
  }
  return 0;
}

const COMMAND = makeTool(
  "node bench/engine.ts",
  "Measures what the core alone costs for a request.",
)
  .addArgument(new Argument("[cases...]", "to measure").choices(NAMES));

await runTool(COMMAND, main);
