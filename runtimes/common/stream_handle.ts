/**
 * One stream as all byte-level shims see it: its state, the order and count of its events, and
 * what each call may still do. A shim's handle extends it and adds the platform's calls. It knows
 * nothing of any platform.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { Buf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";
import type { Address, CloseReason, Handle, StreamEvents } from "../../core/reactor.ts";
import { AGAIN, ERROR, type SendCode } from "../../core/status.ts";
import { tcpAddress, UNNAMED_UNIX } from "./addresses.ts";
import type { LoopBase } from "./loop_base.ts";
import { closeReasonOf, describeAddress, messageOf } from "./platform_errors.ts";

/** `onOpen` has not come yet. */
export const CONNECTING = 0;
/** Both directions work. */
export const OPEN = 1;
/** `shutdown` was called; a lent buffer goes first. */
export const ENDING = 2;
/** FIN was sent; reading goes on. */
export const SHUT = 3;
/** `close` was called; a lent buffer goes first. Nothing is read any more. */
export const CLOSING = 4;
/** The platform was told to close; only releases and `onClose` are to come. */
export const DEAD = 5;
/** `onClose` has been called. */
export const CLOSED = 6;

export type StreamState =
  | typeof CONNECTING
  | typeof OPEN
  | typeof ENDING
  | typeof SHUT
  | typeof CLOSING
  | typeof DEAD
  | typeof CLOSED;

export abstract class StreamHandle implements Handle {
  owner: unknown = null;
  readonly loop: LoopBase;
  readonly events: StreamEvents;
  state: StreamState = CONNECTING;
  /** True exactly when the core wants bytes. */
  reading = true;
  /** True exactly when `send` answered `AGAIN` and `onWritable` has not come. */
  again = false;
  /** True exactly when the peer's FIN was reported. */
  ended = false;
  /** The buffer that the platform has now; the shim moves its `pos` as its bytes are flushed. */
  lent: Buf | null = null;
  /** Why the stream closes, once that is known. */
  reason: CloseReason | null = null;

  /** Where it listens (accepted) or connects to: what a Unix stream is called by. */
  readonly asked: Address;
  readonly accepted: boolean;
  #remote: Address | null = null;
  #local: Address | null = null;

  constructor(loop: LoopBase, events: StreamEvents, asked: Address, accepted: boolean) {
    this.loop = loop;
    this.events = events;
    this.asked = asked;
    this.accepted = accepted;
  }

  // What a platform supplies. None of these may deliver an event before it returns, save `offer`,
  // which may release.

  /** Takes bytes from the chain. Sets `again` exactly when it answers `AGAIN`. */
  protected abstract offer(chain: Chain): SendCode;
  protected abstract platformResume(): void;
  protected abstract platformPause(): void;
  /** Sends FIN. Nothing is lent. */
  protected abstract platformShutdown(): void;
  /** Closes both directions at once, in order. Nothing is lent. */
  protected abstract platformClose(): void;
  /** Closes at once and drops what is unsent, with a reset where the platform has one. */
  protected abstract platformAbort(): void;
  /** The two ends of a TCP stream that has opened; Node and Bun forget them when it closes. */
  protected abstract tcpRemote(): Address;
  protected abstract tcpLocal(): Address;

  // What the core calls.

  send(chain: Chain): SendCode {
    if (this.state !== OPEN) {
      assert(this.state !== CONNECTING, "send was called before onOpen");
      return ERROR;
    }
    return this.again ? AGAIN : this.offer(chain);
  }

  readStart(): void {
    if (this.reading) return;
    this.reading = true;
    if (this.state < CLOSING) this.platformResume();
  }

  readStop(): void {
    if (!this.reading) return;
    this.reading = false;
    if (this.state < CLOSING) this.platformPause();
  }

  shutdown(): void {
    if (this.state !== OPEN) return;
    if (this.lent !== null) {
      this.state = ENDING;
    } else {
      this.state = SHUT;
      this.platformShutdown();
    }
  }

  close(): void {
    if (this.state >= CLOSING) return;
    if (this.lent !== null) {
      this.state = CLOSING;
      this.platformPause();
    } else {
      this.state = DEAD;
      this.platformClose();
    }
  }

  abort(): void {
    if (this.state >= DEAD) return;
    this.reason = "aborted";
    this.platformAbort();
    this.state = DEAD;
  }

  /** The end of a Unix stream that connects has no path. What was asked for once is kept. */
  remoteAddress(): Address {
    if (this.asked.transport === "unix") return this.accepted ? UNNAMED_UNIX : this.asked;
    if (this.state === CONNECTING) return this.asked;
    return this.#remote ??= this.tcpRemote();
  }

  localAddress(): Address {
    if (this.asked.transport === "unix") return this.accepted ? this.asked : UNNAMED_UNIX;
    if (this.state === CONNECTING) return tcpAddress(undefined, 0);
    return this.#local ??= this.tcpLocal();
  }

  // What the platform tells. Each is one event of the loop.

  opened(): void {
    this.state = OPEN;
    this.loop.enterEvent();
    this.events.onOpen(this);
    this.loop.leaveEvent();
  }

  /** Bytes came in: 1 to 65,536. */
  received(bytes: Uint8Array): void {
    if (this.state >= CLOSING) return;
    this.loop.enterEvent();
    this.events.onData(this, bytes);
    this.loop.leaveEvent();
  }

  peerEnded(): void {
    if (this.ended || this.state >= CLOSING) return;
    this.ended = true;
    this.loop.enterEvent();
    this.events.onEnd(this);
    this.loop.leaveEvent();
  }

  /**
   * All of the lent buffer is with the kernel: it goes home, and whoever waited for that goes on.
   */
  lentFlushed(): void {
    this.loop.enterEvent();
    this.#releaseLent();
    if (this.lent === null) this.#afterFlush();
    this.loop.leaveEvent();
  }

  #afterFlush(): void {
    if (this.state === OPEN) {
      this.drained();
    } else if (this.state === ENDING) {
      this.state = SHUT;
      this.platformShutdown();
    } else if (this.state === CLOSING) {
      this.state = DEAD;
      this.platformClose();
    }
  }

  /** More may be offered. Inside an event. */
  protected drained(): void {
    if (!this.again || this.state !== OPEN) return;
    this.again = false;
    this.events.onWritable(this);
  }

  /** For `offer`: a buffer whose bytes the platform does not need any more. */
  protected released(buf: Buf): void {
    if (this.loop.inEvent) {
      this.events.onRelease(this, buf);
    } else {
      this.loop.enterEvent();
      this.events.onRelease(this, buf);
      this.loop.leaveEvent();
    }
  }

  #releaseLent(): void {
    const buf = this.lent;
    if (buf === null) return;
    this.lent = null;
    this.events.onRelease(this, buf);
  }

  /** Remembers why the stream dies. The first reason stays. */
  failed(error: unknown): void {
    if (this.reason !== null) return;
    this.reason = closeReasonOf(error);
    if (this.reason === "error") {
      const what = this.accepted ? "a stream accepted on" : "a stream to";
      const where = describeAddress(this.asked);
      this.loop.log("warn", `${what} ${where} failed: ${messageOf(error)}`);
    }
  }

  /** The platform is done with the stream and with every buffer of it. */
  closed(): void {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    this.loop.enterEvent();
    this.#releaseLent();
    this.events.onClose(this, this.reason ?? "clean");
    this.loop.leaveEvent();
  }

  /** `closed`, but not before whoever calls now has returned. */
  closedSoon(): void {
    Promise.resolve(this).then(closeHandle);
  }
}

function closeHandle(handle: StreamHandle): void {
  handle.closed();
}
