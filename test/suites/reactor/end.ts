/**
 * One end of a stream under check: what has happened to it, and whether that keeps the contract's
 * order and counts. It records and judges; it calls nothing.
 *
 * @module
 */

import { type Buf, LENT, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import type { CloseReason, Handle } from "../../../core/reactor.ts";

/** The most that one `onData` may bring. */
const DATA_BYTES_MAX = 65536;

/** What a check does at an event, beside the recording. */
export interface Acts {
  onOpen?(end: End): void;
  onData?(end: End, bytes: Uint8Array): void;
  /** Without it the end offers what is left in `out`. */
  onWritable?(end: End): void;
  onRelease?(end: End, buf: Buf): void;
  onEnd?(end: End): void;
  onClose?(end: End, reason: CloseReason): void;
}

export class End {
  readonly name: string;
  readonly handle: Handle;
  readonly acts: Acts;
  readonly faults: string[];
  /** What is still to be sent. */
  readonly out = new Chain();
  isOpen = false;
  /** How many times `onData` came, and with how many bytes. */
  datas = 0;
  bytesIn = 0;
  /** How many times `send` answered `AGAIN`, and `onWritable` came. */
  agains = 0;
  writables = 0;
  /** True exactly when an `AGAIN` is open. */
  again = false;
  /** How many buffers the runtime took, and gave back. */
  taken = 0;
  released = 0;
  hasEnded = false;
  /** The call after which no bytes may come any more. */
  gaveUpBy: "close" | "abort" | null = null;
  reason: CloseReason | null = null;

  constructor(name: string, handle: Handle, acts: Acts, faults: string[]) {
    this.name = name;
    this.handle = handle;
    this.acts = acts;
    this.faults = faults;
  }

  get isClosed(): boolean {
    return this.reason !== null;
  }

  opened(): void {
    if (this.isOpen) this.fault("onOpen came twice");
    if (this.isClosed) this.fault("onOpen came after onClose");
    if (this.gaveUpBy !== null) this.fault(`onOpen came after ${this.gaveUpBy}`);
    this.isOpen = true;
  }

  received(bytes: Uint8Array): void {
    this.#live("onData");
    if (this.hasEnded) this.fault("onData came after onEnd");
    if (this.gaveUpBy !== null) this.fault(`onData came after ${this.gaveUpBy}`);
    if (bytes.length < 1 || bytes.length > DATA_BYTES_MAX) {
      this.fault(`onData brought ${bytes.length} bytes`);
    }
    this.datas++;
    this.bytesIn += bytes.length;
  }

  writable(): void {
    this.#live("onWritable");
    if (!this.again) this.fault("onWritable came without AGAIN");
    this.again = false;
    this.writables++;
  }

  gotBack(buf: Buf): void {
    this.#live("onRelease");
    if (buf.state !== LENT) {
      this.fault("onRelease came for a buffer that was not lent");
      return;
    }
    this.released++;
    releaseBuf(buf);
  }

  peerEnded(): void {
    this.#live("onEnd");
    if (this.hasEnded) this.fault("onEnd came twice");
    if (this.gaveUpBy !== null) this.fault(`onEnd came after ${this.gaveUpBy}`);
    this.hasEnded = true;
  }

  closed(reason: CloseReason): void {
    if (this.isClosed) this.fault("onClose came twice");
    if (this.taken !== this.released) {
      this.fault(`onClose came with ${this.taken} buffers taken and ${this.released} released`);
    }
    this.reason = reason;
  }

  #live(event: string): void {
    if (!this.isOpen) this.fault(`${event} came before onOpen`);
    if (this.isClosed) this.fault(`${event} came after onClose`);
  }

  fault(text: string): void {
    this.faults.push(`${this.name}: ${text}`);
  }
}
