/**
 * A reactor between the core and the in-memory one that looks on: what comes up to each connection
 * of the server, what it sends, and how it closes, with times; and that the bytes held for it stay
 * within their bounds. It changes nothing.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { Context } from "../../core/capabilities/context.ts";
import type { Chain } from "../../core/chain.ts";
import type { Connection } from "../../core/connection.ts";
import { connectionBytesMax } from "../../core/limits.ts";
import type {
  Address,
  CloseReason,
  Handle,
  Listener,
  ListenOptions,
  LogLevel,
  Reactor,
  StreamEvents,
  TurnEvents,
} from "../../core/reactor.ts";
import type { Polls } from "../../core/capabilities/polls.ts";
import type { Codecs } from "../../core/capabilities/codecs.ts";
import type { Files } from "../../core/capabilities/files.ts";
import type { Threads } from "../../core/capabilities/threads.ts";
import type { SendCode } from "../../core/status.ts";
import { ServerSide, Violation } from "./facts.ts";

/** Passes everything on. For those that look on, and for those that break something. */
export class PassingReactor implements Reactor {
  readonly runtime: string;
  readonly via: string;
  readonly context: Context;
  protected readonly under: Reactor;

  constructor(under: Reactor) {
    this.under = under;
    this.runtime = under.runtime;
    this.via = under.via;
    this.context = under.context;
  }

  get threads(): Threads {
    return this.under.threads;
  }

  get files(): Files {
    return this.under.files;
  }

  get codecs(): Codecs {
    return this.under.codecs;
  }

  get polls(): Polls {
    return this.under.polls;
  }

  now(): number {
    return this.under.now();
  }

  stopwatchMs(): number {
    return this.under.stopwatchMs();
  }

  wallTime(): number {
    return this.under.wallTime();
  }

  wakeAt(deadlineMs: number): void {
    this.under.wakeAt(deadlineMs);
  }

  attach(events: TurnEvents): void {
    this.under.attach(events);
  }

  soon(): void {
    this.under.soon();
  }

  listen(address: Address, events: StreamEvents, options?: ListenOptions): Promise<Listener> {
    return this.under.listen(address, events, options);
  }

  connect(address: Address, events: StreamEvents): Handle {
    return this.under.connect(address, events);
  }

  send(handle: Handle, chain: Chain): SendCode {
    return this.under.send(handle, chain);
  }

  readStart(handle: Handle): void {
    this.under.readStart(handle);
  }

  readStop(handle: Handle): void {
    this.under.readStop(handle);
  }

  shutdown(handle: Handle): void {
    this.under.shutdown(handle);
  }

  close(handle: Handle): void {
    this.under.close(handle);
  }

  abort(handle: Handle): void {
    this.under.abort(handle);
  }

  remoteAddress(handle: Handle): Address {
    return this.under.remoteAddress(handle);
  }

  localAddress(handle: Handle): Address {
    return this.under.localAddress(handle);
  }

  log(level: LogLevel, text: string): void {
    this.under.log(level, text);
  }

  random(into: Uint8Array): void {
    this.under.random(into);
  }
}

/** Passes every event on. */
export class PassingEvents implements StreamEvents {
  protected readonly above: StreamEvents;

  constructor(above: StreamEvents) {
    this.above = above;
  }

  onOpen(handle: Handle): void {
    this.above.onOpen(handle);
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    this.above.onData(handle, bytes);
  }

  onWritable(handle: Handle): void {
    this.above.onWritable(handle);
  }

  onRelease(handle: Handle, buf: Buf): void {
    this.above.onRelease(handle, buf);
  }

  onEnd(handle: Handle): void {
    this.above.onEnd(handle);
  }

  onClose(handle: Handle, reason: CloseReason): void {
    this.above.onClose(handle, reason);
  }
}

export class WatchingReactor extends PassingReactor {
  /** Each connection of the server, by the port of its client. */
  readonly sides: Map<number, ServerSide> = new Map();
  readonly #sideOf = new Map<Handle, ServerSide>();
  /** How many turns of the loop have begun. */
  turns = 0;
  readonly #connectionsMax: number;
  /** Connections that are open now: those that may be, and those that were one too many. */
  #served = 0;
  #refused = 0;

  constructor(under: Reactor, connectionsMax: number) {
    super(under);
    this.#connectionsMax = connectionsMax;
  }

  /** What the server knows a connection by. */
  side(handle: Handle): ServerSide {
    const side = this.#sideOf.get(handle);
    if (side === undefined) throw new Violation("an event came for a handle that was never opened");
    return side;
  }

  accepted(handle: Handle): void {
    const { port } = this.remoteAddress(handle) as { port: number };
    const isRefused = this.#served === this.#connectionsMax;
    if (isRefused) this.#refused++;
    else this.#served++;
    const side = new ServerSide(handle, this.now(), isRefused, this.#refused);
    this.#sideOf.set(handle, side);
    this.sides.set(port, side);
  }

  closed(handle: Handle, reason: CloseReason): void {
    const side = this.side(handle);
    if (side.closed !== null) throw new Violation("a connection closed twice");
    side.closed = reason;
    side.closedMs = this.now();
    if (side.isRefused) this.#refused--;
    else this.#served--;
  }

  override attach(events: TurnEvents): void {
    super.attach({
      onWake: () => events.onWake(),
      endOfTurn: () => {
        this.turns++;
        events.endOfTurn();
      },
    });
  }

  override listen(
    address: Address,
    events: StreamEvents,
    options?: ListenOptions,
  ): Promise<Listener> {
    return super.listen(address, new WatchingEvents(events, this), options);
  }

  override send(handle: Handle, chain: Chain): SendCode {
    const before = chain.size();
    const code = super.send(handle, chain);
    const side = this.side(handle);
    side.went.add(this.now(), before - chain.size());
    side.lastSendMs = this.now();
    return code;
  }

  override readStart(handle: Handle): void {
    const side = this.side(handle);
    if (side.readingMs === Infinity) side.readingMs = this.now();
    super.readStart(handle);
  }

  override readStop(handle: Handle): void {
    this.side(handle).readingMs = Infinity;
    super.readStop(handle);
  }

  override shutdown(handle: Handle): void {
    this.#ends(handle, "shutdown");
    super.shutdown(handle);
  }

  override close(handle: Handle): void {
    this.#ends(handle, "close");
    super.close(handle);
  }

  override abort(handle: Handle): void {
    this.#ends(handle, "abort");
    const side = this.side(handle);
    side.abortedMs = Math.min(side.abortedMs, this.now());
    super.abort(handle);
  }

  #ends(handle: Handle, how: "abort" | "close" | "shutdown"): void {
    const side = this.side(handle);
    if (side.ended !== null) return;
    side.ended = how;
    side.endedMs = this.now();
    side.cameUntilEnd = side.came.total;
  }
}

class WatchingEvents extends PassingEvents {
  readonly #watch: WatchingReactor;

  constructor(above: StreamEvents, watch: WatchingReactor) {
    super(above);
    this.#watch = watch;
  }

  override onOpen(handle: Handle): void {
    this.#watch.accepted(handle);
    super.onOpen(handle);
  }

  override onData(handle: Handle, bytes: Uint8Array): void {
    this.#watch.side(handle).came.add(this.#watch.now(), bytes.length);
    super.onData(handle, bytes);
    checkQueued(handle);
  }

  override onWritable(handle: Handle): void {
    this.#watch.side(handle).lastSendMs = this.#watch.now();
    super.onWritable(handle);
    checkQueued(handle);
  }

  override onEnd(handle: Handle): void {
    this.#watch.side(handle).finMs = this.#watch.now();
    super.onEnd(handle);
  }

  override onClose(handle: Handle, reason: CloseReason): void {
    this.#watch.closed(handle, reason);
    super.onClose(handle, reason);
  }
}

/** What no connection may have queued, whatever its application does. */
function checkQueued(handle: Handle): void {
  const { inputBytes, output, service } = handle.owner as Connection;
  const most = service.limits.outputBytesMax + ONE_ITEM_BYTES;
  const held = inputBytes + output.queuedBytes + output.lentBytes;
  if (output.chain.size() > most) {
    throw new Violation(`${output.chain.size()} bytes are queued for one connection`);
  } else if (held > connectionBytesMax(service.limits, ONE_ITEM_BYTES)) {
    throw new Violation(`${held} bytes are held for one connection`);
  }
}

/** The largest thing that the simulated application sends at once, with heads and chunk lines. */
const ONE_ITEM_BYTES = 330_000;
