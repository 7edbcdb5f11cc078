/**
 * The Deno runtime: the reactor contract over `Deno.listen` and `Deno.connect`. It knows sockets
 * and nothing of HTTP.
 *
 * Deno has promises where the contract has events: a loop for each connection awaits `read`, and
 * one `write` at a time is in flight. A write resolves to a partial count, so the shim goes on
 * until the buffer is whole; until then it is lent. Deno 2.9 cancels reads and writes in flight
 * when the connection closes, so nothing is still being read from memory when a buffer goes home.
 *
 * @module
 */

import type { Polls } from "../core/capabilities/polls.ts";
import type { WholeBodies } from "../core/capabilities/whole_bodies.ts";
import type { Chain } from "../core/chain.ts";
import {
  type Address,
  type Handle,
  type Listener,
  ListenError,
  type ListenOptions,
  type Reactor,
  type StreamEvents,
} from "../core/reactor.ts";
import { AGAIN, OK, type SendCode } from "../core/status.ts";
import { setTimeout } from "node:timers";
import { tcpAddress } from "./common/addresses.ts";
import {
  closeReasonOf,
  describeAddress,
  listenErrorOf,
  messageOf,
} from "./common/platform_errors.ts";
import { SocketReactor } from "./common/socket_reactor.ts";
import { CLOSING, DEAD, SHUT, StreamHandle } from "./common/stream_handle.ts";
import { type ConnReads, readsOf } from "./deno/conn_reads.ts";
import type {
  DenoAddress,
  DenoConn,
  DenoListener,
  DenoPlatform,
  DenoTcpWhere,
  DenoUnixWhere,
} from "./deno/platform.ts";
import { DriverPoll } from "./deno/driver_poll.ts";
import { DenoPolls } from "./deno/polls.ts";
import { ReadBuffers, SMALL_BYTES } from "./deno/read_buffers.ts";
import { denoWholeBodies } from "./deno/whole_bodies.ts";

/**
 * How long accepting rests after it failed, out of descriptors say: it would fail again at once.
 */
const ACCEPT_REST_MS = 100;

/** Makes a reactor over `Deno.listen`. One for each server; there is no global one. */
export function createDenoReactor(): Reactor {
  return new DenoReactor((globalThis as unknown as { Deno: DenoPlatform }).Deno);
}

class DenoReactor extends SocketReactor {
  readonly runtime: string;
  readonly via = "Deno.listen";
  readonly wholeBodies: WholeBodies | null = denoWholeBodies();
  readonly buffers = new ReadBuffers();
  readonly polls: Polls;
  readonly #deno: DenoPlatform;
  readonly #poll: DriverPoll;
  /** When the clock was read last: by the wall clock, and what it said. */
  #wallMs = -1;
  #readMs = 0;
  /** From when on a turn that follows another must let sockets be polled. */
  #pollDueMs = 0;

  constructor(deno: DenoPlatform) {
    super();
    this.#deno = deno;
    this.#poll = new DriverPoll(deno);
    this.polls = new DenoPolls(deno);
    this.runtime = `deno ${deno.version.deno}`;
  }

  protected override readClock(): number {
    this.#wallMs = wallNow();
    return this.#readMs = performance.now();
  }

  /** Deno's monotonic clock is an operation, 40 ns dearer than `Date`: read when that moves. */
  protected override eventClock(): number {
    return wallNow() === this.#wallMs ? this.#readMs : this.readClock();
  }

  protected override nextTurn(call: () => void): void {
    if (performance.now() < this.#pollDueMs) {
      super.nextTurn(call);
      return;
    }
    this.#poll.pollThen(() => {
      this.#pollDueMs = performance.now() + POLL_EVERY_MS;
      call();
    });
  }

  listen(address: Address, events: StreamEvents, options: ListenOptions = {}): Promise<Listener> {
    // Deno 2.9 ends the process when the option is used without its flag; the flag shows here.
    if (options.reusePort === true && this.#deno.listenDatagram === undefined) {
      const what = `${describeAddress(address)} can be shared only with --unstable-net`;
      return Promise.reject(new ListenError("other", what));
    }
    try {
      const listener = this.#deno.listen(whereOf(address, options));
      return Promise.resolve(new OpenListener(this, listener, events));
    } catch (error) {
      return Promise.reject(listenErrorOf(error, address));
    }
  }

  connect(address: Address, events: StreamEvents): Handle {
    const handle = new DenoHandle(this, events, address, false);
    handle.connect(this.#deno);
    return handle;
  }
}

function whereOf(address: Address, options: ListenOptions): DenoTcpWhere | DenoUnixWhere {
  if (address.transport === "unix") return { transport: "unix", path: address.path };
  return {
    transport: "tcp",
    hostname: address.host,
    port: address.port,
    reusePort: options.reusePort,
    tcpBacklog: options.backlog,
  };
}

class OpenListener implements Listener {
  readonly address: Address;
  readonly #reactor: DenoReactor;
  readonly #listener: DenoListener;
  readonly #accepting: Promise<void>;
  #closed = false;
  #stopped = false;
  /** Lets accepting go on; null while it does. */
  #goOn: (() => void) | null = null;

  constructor(reactor: DenoReactor, listener: DenoListener, events: StreamEvents) {
    this.#reactor = reactor;
    this.#listener = listener;
    this.address = addressOf(listener.addr);
    this.#accepting = this.#accept(events);
  }

  async #accept(events: StreamEvents): Promise<void> {
    while (!this.#closed) {
      if (this.#stopped) {
        await new Promise<void>((resolve) => this.#goOn = resolve);
        continue;
      }
      let conn: DenoConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        if (closeReasonOf(error) === "reset") continue;
        this.#reactor.log("warn", `accepting failed: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_REST_MS));
        continue;
      }
      new DenoHandle(this.#reactor, events, this.address, true).connected(conn);
    }
  }

  /** The pending accept cannot be taken back: one more stream opens. */
  acceptStop(): void {
    this.#stopped = true;
  }

  acceptStart(): void {
    this.#stopped = false;
    this.#goOn?.();
    this.#goOn = null;
  }

  /** The pending accept holds the socket until it is told. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
      this.acceptStart();
    }
    return this.#accepting;
  }
}

function addressOf(addr: DenoAddress): Address {
  return addr.transport === "unix"
    ? { transport: "unix", path: addr.path ?? "" }
    : tcpAddress(addr.hostname, addr.port);
}

class DenoHandle extends StreamHandle {
  readonly #buffers: ReadBuffers;
  /** Ends a connect that the core does not want any more. */
  #giveUp: AbortController | null = null;
  #conn: DenoConn | null = null;
  #reads: ConnReads | null = null;
  #small: Uint8Array | null = null;
  /** True exactly when the read loop runs: a read waits, or its event is being delivered. */
  #looping = false;
  /** True exactly when our FIN is with the kernel. */
  #finSent = false;

  constructor(reactor: DenoReactor, events: StreamEvents, asked: Address, accepted: boolean) {
    super(reactor, events, asked, accepted);
    this.#buffers = reactor.buffers;
  }

  async connect(deno: DenoPlatform): Promise<void> {
    this.#giveUp = new AbortController();
    const where = { ...whereOf(this.asked, {}), signal: this.#giveUp.signal };
    let conn: DenoConn;
    try {
      conn = await deno.connect(where);
    } catch (error) {
      if (this.state >= CLOSING) return;
      this.failed(error);
      this.closed();
      return;
    }
    this.#giveUp = null;
    if (this.state >= CLOSING) conn.close();
    else this.connected(conn);
  }

  connected(conn: DenoConn): void {
    this.#conn = conn;
    this.#reads = readsOf(conn);
    try {
      conn.setNoDelay?.(true);
    } catch {
      // The peer has reset it already; the first read says so.
    }
    this.opened();
    if (this.reading && this.state < CLOSING) this.platformResume();
  }

  // Reading.

  protected platformResume(): void {
    if (!this.#looping && !this.ended && this.#reads !== null) this.#readLoop(this.#reads);
  }

  /** The loop sees the flag when its read comes back; Deno has no other way to stop. */
  protected platformPause(): void {}

  async #readLoop(reads: ConnReads): Promise<void> {
    this.#looping = true;
    const small = this.#small ??= new Uint8Array(SMALL_BYTES);
    let buffer = small;
    while (this.reading && this.state < CLOSING) {
      let count: number;
      try {
        count = await reads.read(buffer);
      } catch (error) {
        this.#died(error);
        break;
      }
      if (count === 0) {
        this.peerEnded();
        this.#closeIfBothEnded();
        break;
      }
      if (count < buffer.length) {
        this.received(buffer.subarray(0, count));
        if (buffer !== small) this.#buffers.giveBack(buffer);
        buffer = small;
      } else {
        this.received(buffer);
        if (buffer === small) buffer = this.#buffers.take() ?? small;
      }
    }
    if (buffer !== small) this.#buffers.giveBack(buffer);
    this.#looping = false;
  }

  // Writing.

  protected offer(chain: Chain): SendCode {
    while (chain.first !== null) {
      if (this.lent !== null) {
        this.again = true;
        return AGAIN;
      }
      const buf = chain.lend();
      if (buf.pos < buf.end) {
        this.lent = buf;
        this.#write(buf.view());
      } else {
        this.released(buf);
      }
    }
    return OK;
  }

  #write(bytes: Uint8Array): void {
    this.#conn?.write(bytes).then(this.#written, this.#writeFailed);
  }

  readonly #written = (count: number): void => {
    const buf = this.lent;
    if (buf === null || this.state === DEAD) {
      this.closed();
      return;
    }
    buf.pos += count;
    if (buf.pos < buf.end) this.#write(buf.view());
    else this.lentFlushed();
  };

  readonly #writeFailed = (error: unknown): void => {
    if (this.state < DEAD) {
      this.failed(error);
      this.state = DEAD;
      this.#closeConn();
    }
    this.closed();
  };

  // Closing.

  protected platformShutdown(): void {
    this.#conn?.closeWrite().then(this.#shutDown, this.#died);
  }

  readonly #shutDown = (): void => {
    this.#finSent = true;
    this.#closeIfBothEnded();
  };

  /** Deno leaves a connection open that has ended both ways. */
  #closeIfBothEnded(): void {
    if (!this.ended || !this.#finSent || this.state !== SHUT) return;
    this.state = DEAD;
    this.#closeConn();
    this.closed();
  }

  /** A read or a shutdown failed. A write in flight comes back after the close, and ends it. */
  readonly #died = (error: unknown): void => {
    if (this.state >= DEAD) return;
    this.failed(error);
    this.state = DEAD;
    this.#closeConn();
    if (this.lent === null) this.closed();
  };

  protected platformClose(): void {
    this.#closeConn();
    this.closedSoon();
  }

  /** Deno cannot reset: the peer gets what the kernel has, and then FIN. */
  protected platformAbort(): void {
    this.#closeConn();
    if (this.lent === null) this.closedSoon();
  }

  #closeConn(): void {
    if (this.#conn !== null) this.#conn.close();
    else this.#giveUp?.abort();
  }

  protected tcpRemote(): Address {
    return this.#conn === null ? this.asked : addressOf(this.#conn.remoteAddr);
  }

  protected tcpLocal(): Address {
    return this.#conn === null ? tcpAddress(undefined, 0) : addressOf(this.#conn.localAddr);
  }
}

/** As it was when this was loaded: tests of applications replace it. */
const wallNow = Date.now;

/** How long turns may follow one another before sockets are polled. */
const POLL_EVERY_MS = 2;
