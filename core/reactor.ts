/**
 * The reactor contract: all that the core asks of a runtime, as small capabilities. Types and prose
 * only. A shim under `runtimes/` supplies them; `checkReactor` in `test/suites/` checks them. Code
 * asks for the least that it needs (`Clock`, `Streams`, …), so that a test can supply ten lines.
 *
 * What holds for every capability:
 * - All events come from the runtime's loop, never from inside a call into the reactor, with one
 *   exception: `onRelease` may come inside `send`.
 * - An event handler never throws past the core; a shim need not guard its calls.
 *
 * @module
 */

import type { Buf } from "./buf.ts";
import type { Polls } from "./capabilities/polls.ts";
import type { ByteText } from "./capabilities/byte_text.ts";
import type { Codecs } from "./capabilities/codecs.ts";
import type { Files } from "./capabilities/files.ts";
import type { Context } from "./capabilities/context.ts";
import type { Threads } from "./capabilities/threads.ts";
import type { WholeBodies } from "./capabilities/whole_bodies.ts";
import type { Chain } from "./chain.ts";
import { knowInAnyCopy } from "./errors.ts";
import type { SendCode } from "./status.ts";

/**
 * Something that the runtime waits on. Opaque: compared by identity and never inspected. There is
 * no number in it, and whoever wants one cannot get it.
 */
export interface Handle {
  /**
   * The core's one slot: whatever the core wants to find again in an event. The shim never reads
   * it.
   */
  owner: unknown;
}

/** Where a stream goes to or comes from. */
export type Address =
  | { readonly transport: "tcp"; readonly host: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/**
 * Why a stream closed.
 *
 * - `clean`: both directions ended in order.
 * - `reset`: the peer reset the connection, or a write met a connection that was gone.
 * - `timeout`: the runtime gave up (connecting, TCP keep-alive).
 * - `aborted`: this side called `abort`.
 * - `error`: anything else; the log has the runtime's words.
 */
export type CloseReason = "clean" | "reset" | "timeout" | "aborted" | "error";

/** Monotonic and wall-clock time, and one wake-up. The core's timer wheel sits on this. */
export interface Clock {
  /** Milliseconds since some fixed point; never goes back; constant within one event. */
  now(): number;
  /**
   * Milliseconds on the scale of `now()` that move on while an event is handled: for measuring how
   * long work takes.
   */
  stopwatchMs(): number;
  /** Milliseconds since 1970 in UTC. May jump. */
  wallTime(): number;
  /**
   * Asks for one `TurnEvents.onWake` at `deadlineMs` on the scale of `now()`, or as soon after as
   * the runtime can. Each call replaces the one before; `Infinity` cancels. A pending wake-up does
   * not keep the process alive.
   */
  wakeAt(deadlineMs: number): void;
}

/** What a reactor calls on the one loop that is attached to it. */
export interface TurnEvents {
  /** Comes once after `soon()`, when the current batch of events and its microtasks are over. */
  endOfTurn(): void;
  /** The deadline that was given to `wakeAt` has come. */
  onWake(): void;
}

/** The turn of the loop: where posted calls and coalesced writes hang. */
export interface Turn {
  /**
   * Attaches the one receiver of turn events. A second attach is a programmer's error and throws.
   */
  attach(events: TurnEvents): void;
  /** Asks for one `endOfTurn()`. Asking again before it comes changes nothing. */
  soon(): void;
}

/**
 * The events of a stream, declared once for each listener or connect: no closures per socket. Each
 * gets the handle first. For one handle the order is `onOpen`, then any of the middle four, then
 * `onClose` exactly once and last. A connect that fails gets `onClose` alone.
 */
export interface StreamEvents {
  /** The stream is there: accepted, or connected. Sending may begin inside the call. */
  onOpen(handle: Handle): void;
  /**
   * Bytes came in. They are valid during the call only: whoever keeps them copies them. At most 64
   * KiB at a time; never empty.
   */
  onData(handle: Handle, bytes: Uint8Array): void;
  /** The last `AGAIN` of this handle is over: offer more. Comes once for each `AGAIN`. */
  onWritable(handle: Handle): void;
  /**
   * The runtime is done with a buffer that it took. Exactly once for each taken buffer, also when
   * the stream dies; always before `onClose`. May come inside `send`. The receiver calls
   * `releaseBuf`, at once or when it likes; the shim never does.
   */
  onRelease(handle: Handle, buf: Buf): void;
  /** The peer will send no more (FIN). Writing goes on. At most once. */
  onEnd(handle: Handle): void;
  /** The stream is over, and every buffer that was taken has come home. */
  onClose(handle: Handle, reason: CloseReason): void;
}

/** What can be done with an open stream. Calls on a closed handle do nothing (`send`: `ERROR`). */
export interface Streams {
  /**
   * Offers a chain. The runtime takes bytes from its front: a buffer taken whole leaves the chain
   * and is *lent* until `onRelease`; of a buffer taken in part, `pos` moves (and those bytes are
   * free).
   *
   * - `OK`: the chain is empty now; offer more at will.
   * - `AGAIN`: offer nothing until `onWritable`. The chain may hold a rest, which stays the
   *   caller's.
   * - `ERROR`: the handle is dead, or was shut down or closed by this side; nothing is taken. When
   *   it is dead, `onClose` follows, never inside the call.
   */
  send(handle: Handle, chain: Chain): SendCode;
  /** Goes on reading. A fresh handle reads from `onOpen` on. */
  readStart(handle: Handle): void;
  /** Stops reading: after it at most one more `onData`, of bytes that were read already. */
  readStop(handle: Handle): void;
  /**
   * Half close: sends FIN after all that was taken. Reading goes on. When the peer has ended too,
   * the stream closes by itself (`clean`).
   */
  shutdown(handle: Handle): void;
  /**
   * Closes both directions after all that was taken is with the kernel. Reading stops. On a stream
   * that is still connecting it gives up, with `onClose("clean")` alone.
   */
  close(handle: Handle): void;
  /**
   * Closes now. Bytes taken but unsent are dropped, and the peer sees a reset where the platform
   * can send one (see the portability table).
   */
  abort(handle: Handle): void;
  /** The peer's address, for logs and applications. */
  remoteAddress(handle: Handle): Address;
  /** The address of this side's end, as `remoteAddress`. */
  localAddress(handle: Handle): Address;
}

/** How to listen, where the platform can. */
export interface ListenOptions {
  /** Pending connections that the kernel keeps. Default: the runtime's. */
  readonly backlog?: number;
  /** Lets several processes listen on one port, where the platform can. Default: false. */
  readonly reusePort?: boolean;
}

/** A listening socket. */
export interface Listener {
  /** Where it really listens: a port 0 is replaced by the one that was given. */
  readonly address: Address;
  /**
   * Stops accepting for a while: whoever connects waits with the kernel. Streams may still open,
   * one that was being accepted, or all of them where the platform cannot stop (see the portability
   * table). Does nothing when it has stopped.
   */
  acceptStop(): void;
  /** Accepts again. Does nothing when it does so. */
  acceptStart(): void;
  /** Stops accepting. Open streams live on. Resolves when the address is free again. */
  close(): Promise<void>;
}

/** Making streams. */
export interface Sockets {
  /** Rejects with a `ListenError` when the address cannot be had. */
  listen(address: Address, events: StreamEvents, options?: ListenOptions): Promise<Listener>;
  /** Starts to connect; `onOpen` or `onClose` follows. */
  connect(address: Address, events: StreamEvents): Handle;
}

/** Why an address cannot be had. */
export class ListenError extends Error {
  override name = "ListenError";
  /** `in-use`, `denied`, `unavailable` (no such address here) or `other`. */
  readonly code: "in-use" | "denied" | "unavailable" | "other";

  constructor(code: ListenError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

knowInAnyCopy(ListenError, "listen-error");

/** How bad it is: `warn` is a peer's fault or an overload, `error` somebody's here. */
export type LogLevel = "info" | "warn" | "error";

/** One line out. The text may hold line breaks only where it quotes a stack. */
export interface Log {
  /** Writes one entry, and waits for nothing. */
  log(level: LogLevel, text: string): void;
}

/** Random bytes good enough for identifiers and boundaries. */
export interface Entropy {
  /** Fills all of `into`. */
  random(into: Uint8Array): void;
}

/** All of it: what a byte-level runtime supplies. */
export interface Reactor extends Clock, Turn, Streams, Sockets, Log, Entropy {
  /** The runtime's name and version for the start line: `node 26.10.0`. */
  readonly runtime: string;
  /** How it listens, for the start line: `node:net`, `Deno.listen`, `Bun.listen`, `in memory`. */
  readonly via: string;
  /** Encoders and decoders of content codings. */
  readonly codecs: Codecs;
  /** Temporary files, for what is too large for memory. */
  readonly files: Files;
  /** The ambient state (`AsyncLocalStorage`) in which something was asked for. */
  readonly context: Context;
  /** What the application owns and this runtime can wait for. */
  readonly polls: Polls;
  /** Threads, for code that would hold up the loop. */
  readonly threads: Threads;
  /** Absent or null where the platform does not let it be seen. */
  readonly wholeBodies?: WholeBodies | null;
  /** Absent or null where the platform has nothing quicker than the core. */
  readonly byteText?: ByteText | null;
}
