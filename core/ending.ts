/**
 * How a connection ends. It serves, then finishes (the last answer is queued, and what still comes
 * in is dropped), then is closed; or it is cut off. It knows the handle and the order of these; why
 * a connection ends is the connection's affair.
 *
 * Lingering: after the last answer the peer may still be sending, and nobody can know. Closing at
 * once would make its kernel throw the answer away with a reset (RFC 9112 §9.6), so this side
 * half-closes, reads and drops within bounds of bytes and time, and then closes.
 *
 * @module
 */

import { type ConnectionClocks, LINGER_PHASE, NO_PHASE } from "./connection_clocks.ts";
import type { Output } from "./output.ts";
import type { Handle } from "./reactor.ts";
import type { Service } from "./service.ts";

/** Reading requests and answering them. */
const SERVING = 0;
/** The last answer is queued; what still comes in is dropped. */
const FINISHING = 1;
/** `close` or `abort` was called, or the runtime closed it. */
const CLOSED = 2;

export class Ending {
  /** True exactly when the peer's FIN was seen. */
  peerEnded = false;
  readonly #handle: Handle;
  readonly #service: Service;
  readonly #output: Output;
  readonly #clocks: ConnectionClocks;
  #state: typeof SERVING | typeof FINISHING | typeof CLOSED = SERVING;
  #dropped = 0;
  #deadlineMs = Infinity;

  constructor(handle: Handle, service: Service, output: Output, clocks: ConnectionClocks) {
    this.#handle = handle;
    this.#service = service;
    this.#output = output;
    this.#clocks = clocks;
  }

  get isServing(): boolean {
    return this.#state === SERVING;
  }

  get isClosed(): boolean {
    return this.#state === CLOSED;
  }

  /** True exactly when it was closed, and nothing that the runtime took is on its way any more. */
  get isOver(): boolean {
    return this.#state === CLOSED && this.#output.hasLeft;
  }

  /** The last answer is queued. */
  finish(): void {
    this.#state = FINISHING;
    this.#clocks.readStop();
  }

  /** All output was accepted: one that finishes half-closes and lingers, or closes. */
  outputLeft(): void {
    if (this.#state !== FINISHING || this.#clocks.readPhase !== NO_PHASE) return;
    if (this.peerEnded) {
      this.close();
      return;
    }
    const { clocks, loop, streams } = this.#service;
    this.#deadlineMs = loop.now() + clocks.lingerTimeMs;
    const firstMs = Math.min(clocks.lingerTimeoutMs, clocks.lingerTimeMs);
    this.#clocks.readStart(LINGER_PHASE, firstMs);
    streams.shutdown(this.#handle);
    streams.readStart(this.#handle);
  }

  /** Bytes came that nobody wants. Answers false when there were too many of them. */
  drop(bytes: number): boolean {
    if (this.#state !== FINISHING) return true;
    this.#dropped += bytes;
    const { clocks, limits, loop } = this.#service;
    if (this.#clocks.readPhase === LINGER_PHASE) {
      const leftMs = this.#deadlineMs - loop.now();
      const nextMs = Math.max(0, Math.min(clocks.lingerTimeoutMs, leftMs));
      this.#clocks.readStart(LINGER_PHASE, nextMs);
    }
    return this.#dropped <= limits.lingerBytesMax;
  }

  /** Closes in order, after all that was accepted. The send clock runs for what has not left. */
  close(): void {
    if (this.#state === CLOSED) return;
    this.closed();
    this.#service.streams.close(this.#handle);
    if (!this.#output.hasLeft) this.#clocks.outputWaits(this.#output);
  }

  /** Cuts it off: the peer sees a reset. */
  abort(): void {
    this.closed();
    this.#output.drop();
    this.#service.streams.abort(this.#handle);
  }

  /** The runtime has closed it, or is told to. */
  closed(): void {
    this.#state = CLOSED;
    this.#clocks.stopAll();
  }
}
