/**
 * A reactor between the core and the in-memory one that looks on: what comes up to each connection
 * of the server, what it sends, and how it closes, with times; and that the bytes held for it stay
 * within their bounds. It changes nothing.
 *
 * @module
 */

import type { Chain } from "../../core/chain.ts";
import type { Connection } from "../../core/connection.ts";
import { bytesHeldFor, connectionBytesMax } from "../../core/connection_bytes.ts";
import type {
  Address,
  CloseReason,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
  TurnEvents,
} from "../../core/reactor.ts";
import type { SendCode } from "../../core/status.ts";
import { PassingEvents, PassingReactor } from "../fakes/passing_reactor.ts";
import { ServerSide, Violation } from "./facts.ts";
import { type JobWorld, WatchingThreads } from "./watch_threads.ts";

export class WatchingReactor extends PassingReactor {
  /** Each connection of the server, by the port of its client. */
  readonly sides: Map<number, ServerSide> = new Map();
  readonly #sideOf = new Map<Handle, ServerSide>();
  /** The threads, as soon as there is somebody to ask about jobs. */
  jobWorld: JobWorld | null = null;
  #threads: WatchingThreads | null = null;
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

  override get threads(): WatchingThreads {
    return this.#threads ??= new WatchingThreads(super.threads, this.jobWorld!);
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
  const connection = handle.owner as Connection;
  const { output, service } = connection;
  const most = service.limits.outputBytesMax + ONE_ITEM_BYTES;
  const { input, bodies, output: queued, lent, codecs } = bytesHeldFor(connection);
  const held = input + bodies + queued + lent + codecs;
  // An application may compress by itself.
  const codings = { requestCodings: service.requestCodings, compression: true };
  if (output.chain.size() > most) {
    throw new Violation(`${output.chain.size()} bytes are queued for one connection`);
  } else if (held > connectionBytesMax(service.limits, ONE_ITEM_BYTES, codings)) {
    throw new Violation(`${held} bytes are held for one connection`);
  }
}

/** The largest thing that the simulated application sends at once, with heads and chunk lines. */
const ONE_ITEM_BYTES = 330_000;
