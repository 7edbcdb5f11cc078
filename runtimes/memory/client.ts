/**
 * A client for tests: text in, text out. It knows streams and chains, as core does; it knows
 * nothing of HTTP, nor of how the in-memory network works.
 *
 * @module
 */

import { bufOf, releaseBuf } from "../../core/buf.ts";
import { Chain } from "../../core/chain.ts";
import type {
  Address,
  CloseReason,
  Handle,
  Sockets,
  StreamEvents,
  Streams,
} from "../../core/reactor.ts";
import { AGAIN } from "../../core/status.ts";
import { joined } from "../../core/work/pieces.ts";

/** One connection to `address`. It reads from the start, and keeps all that comes. */
export class MemoryClient {
  readonly #reactor: Sockets & Streams;
  protected readonly handle: Handle;
  readonly #queue = new Chain();
  readonly #received: Uint8Array[] = [];
  readonly #decoder = new TextDecoder();
  #text = "";
  #isOpen = false;
  #isBlocked = false;
  #hasEnded = false;
  #endIsAsked = false;
  #closeIsAsked = false;
  #closed: CloseReason | null = null;

  constructor(reactor: Sockets & Streams, address: Address) {
    this.#reactor = reactor;
    this.handle = reactor.connect(address, this.#events());
  }

  /**
   * Queues text (as UTF-8) or bytes (copied) for the server. It may be called before the connection
   * is made; what is written to a closed one goes nowhere.
   */
  write(data: string | Uint8Array): this {
    if (this.#endIsAsked) throw new Error("write() was called after end()");
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.#queue.append(bufOf(bytes));
    this.#push();
    return this;
  }

  /** Half close: FIN after all that was written. Answers are still received. */
  end(): this {
    this.#endIsAsked = true;
    this.#push();
    return this;
  }

  /**
   * Closes both directions after all that was written: what the server sends from then on is lost.
   */
  close(): this {
    this.#closeIsAsked = true;
    return this.end();
  }

  /** Leaves now: the server sees a reset. */
  reset(): this {
    this.#reactor.abort(this.handle);
    return this;
  }

  /** Takes nothing more in: the server's output backs up. */
  pauseReading(): this {
    this.#reactor.readStop(this.handle);
    return this;
  }

  /** Takes in what comes again. */
  resumeReading(): this {
    this.#reactor.readStart(this.handle);
    return this;
  }

  /** All that was received and not taken, as UTF-8. Half a character waits for its other half. */
  get text(): string {
    return this.#text;
  }

  /** All that was received, ever. */
  get bytes(): Uint8Array {
    return joined(this.#received);
  }

  /** Answers `text` and begins it anew: for one exchange after another. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** True exactly when the connection was made. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True exactly when the server has sent its FIN. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Why the connection closed; null while it has not. */
  get closed(): CloseReason | null {
    return this.#closed;
  }

  /** This end's address, as the server sees it. */
  get address(): Address {
    return this.#reactor.localAddress(this.handle);
  }

  /** Bytes came. For classes that know more of what they mean; valid during the call. */
  protected received(_bytes: Uint8Array): void {}

  /** The server's FIN came. */
  protected ended(): void {}

  #push(): void {
    if (this.#closed !== null) this.#queue.drop();
    if (this.#closed !== null || !this.#isOpen || this.#isBlocked) return;
    if (!this.#queue.isEmpty) {
      this.#isBlocked = this.#reactor.send(this.handle, this.#queue) === AGAIN;
    }
    if (!this.#queue.isEmpty || !this.#endIsAsked) return;
    if (this.#closeIsAsked) this.#reactor.close(this.handle);
    else this.#reactor.shutdown(this.handle);
  }

  #events(): StreamEvents {
    return {
      onOpen: () => {
        this.#isOpen = true;
        this.#push();
      },
      onData: (_handle, bytes) => {
        this.#received.push(bytes.slice());
        this.#text += this.#decoder.decode(bytes, { stream: true });
        this.received(bytes);
      },
      onWritable: () => {
        this.#isBlocked = false;
        this.#push();
      },
      onRelease: (_handle, buf) => releaseBuf(buf),
      onEnd: () => {
        this.#hasEnded = true;
        this.ended();
      },
      onClose: (_handle, reason) => {
        this.#closed = reason;
        this.#push();
      },
    };
  }
}
