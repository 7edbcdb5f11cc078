/**
 * The Bun runtime: the reactor contract over `Bun.listen` and `Bun.connect`. It knows sockets and
 * nothing of HTTP.
 *
 * Bun's `write` answers how many bytes the kernel took and keeps none, so a buffer goes home inside
 * `send` and nothing is ever lent for longer. `end(bytes)` drops what the kernel does not take at
 * once (Bun 1.4): it is not used.
 *
 * @module
 */

import type { Polls } from "../core/capabilities/polls.ts";
import type { WholeBodies } from "../core/capabilities/whole_bodies.ts";
import type { Chain } from "../core/chain.ts";
import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
} from "../core/reactor.ts";
import { AGAIN, ERROR, OK, type SendCode } from "../core/status.ts";
import type {
  BunListener,
  BunPlatform,
  BunSocket,
  BunSocketHandlers,
  BunWhere,
} from "./bun/platform.ts";
import { BunPolls } from "./bun/polls.ts";
import { bunWholeBodies } from "./bun/whole_bodies.ts";
import { tcpAddress } from "./common/addresses.ts";
import type { LoopBase } from "./common/loop_base.ts";
import { listenErrorOf } from "./common/platform_errors.ts";
import { SocketReactor } from "./common/socket_reactor.ts";
import { CLOSING, DEAD, SHUT, StreamHandle } from "./common/stream_handle.ts";

/** The most that one `onData` may bring. Bun brings up to 524,288 bytes in one event. */
const SLICE_BYTES = 65536;

/** Makes a reactor over `Bun.listen`. One for each server; there is no global one. */
export function createBunReactor(): Reactor {
  return new BunReactor((globalThis as unknown as { Bun: BunPlatform }).Bun);
}

/** Exported for `bun_serve.ts`, which extends it. @internal */
export class BunReactor extends SocketReactor {
  readonly runtime: string;
  readonly via: string = "Bun.listen";
  readonly polls: Polls;
  readonly wholeBodies: WholeBodies | null;
  readonly #bun: BunPlatform;

  constructor(bun: BunPlatform) {
    super();
    this.#bun = bun;
    this.polls = new BunPolls(bun);
    this.runtime = `bun ${bun.version}`;
    this.wholeBodies = bunWholeBodies(bun);
  }

  listen(address: Address, events: StreamEvents, options: ListenOptions = {}): Promise<Listener> {
    try {
      const listener = this.#bun.listen<SocketData>({
        ...whereOf(address, options),
        socket: HANDLERS,
        data: { loop: this, events, address },
        allowHalfOpen: true,
      });
      return Promise.resolve(new OpenListener(listener, address));
    } catch (error) {
      return Promise.reject(listenErrorOf(error, address));
    }
  }

  connect(address: Address, events: StreamEvents): Handle {
    const handle = new BunHandle(this, events, address, null);
    this.#bun.connect<SocketData>({
      ...whereOf(address, {}),
      socket: HANDLERS,
      data: handle,
      allowHalfOpen: true,
    }).catch(ignore);
    return handle;
  }
}

/** `connectError` has told already. */
function ignore(): void {}

function whereOf(address: Address, options: ListenOptions): BunWhere {
  return address.transport === "unix" ? { unix: address.path } : {
    hostname: address.host,
    port: address.port,
    reusePort: options.reusePort ?? false,
  };
}

class OpenListener implements Listener {
  readonly address: Address;
  readonly #listener: BunListener;

  constructor(listener: BunListener, asked: Address) {
    this.#listener = listener;
    this.address = asked.transport === "tcp" ? tcpAddress(listener.hostname, listener.port) : asked;
  }

  /** Bun has no way to leave connections with the kernel: it accepts on. */
  acceptStop(): void {}

  acceptStart(): void {}

  close(): Promise<void> {
    this.#listener.stop();
    return Promise.resolve();
  }
}

/** What an accepted socket finds in its `data` before it has a handle. */
interface Accepting {
  readonly loop: LoopBase;
  readonly events: StreamEvents;
  readonly address: Address;
}

type SocketData = BunHandle | Accepting;
type Socket = BunSocket<SocketData>;

class BunHandle extends StreamHandle {
  #socket: Socket | null;
  /** Bytes of one event that came before `readStop`, more than one `onData` may bring. */
  #rest: Uint8Array | null = null;

  constructor(loop: LoopBase, events: StreamEvents, asked: Address, socket: Socket | null) {
    super(loop, events, asked, socket !== null);
    this.#socket = socket;
  }

  connected(socket: Socket): void {
    // The core may have given it up meanwhile.
    if (this.state >= CLOSING) {
      socket.terminate();
    } else {
      this.#socket = socket;
      this.opened();
    }
  }

  connectFailed(error: unknown): void {
    if (this.state >= CLOSING) return;
    this.failed(error);
    this.closedSoon();
  }

  // Reading.

  dataCame(bytes: Uint8Array): void {
    if (bytes.length <= SLICE_BYTES) this.received(bytes);
    else this.#deliver(bytes);
  }

  /**
   * Delivers in slices. What is left when the core stops reading is copied: Bun reuses the
   * memory.
   */
  #deliver(bytes: Uint8Array): void {
    for (let pos = 0; pos < bytes.length; pos += SLICE_BYTES) {
      if (!this.reading) {
        // Bun's bytes are a Buffer, whose `slice` does not copy.
        this.#rest = new Uint8Array(bytes.subarray(pos));
        return;
      }
      this.received(bytes.subarray(pos, pos + SLICE_BYTES));
    }
  }

  protected platformResume(): void {
    if (this.#rest === null) this.#socket?.resume();
    else Promise.resolve(this).then(deliverRest);
  }

  /**
   * Comes after `readStart`, outside of the call; reading may have been stopped again meanwhile.
   */
  restDue(): void {
    const rest = this.#rest;
    if (rest === null || !this.reading) return;
    this.#rest = null;
    this.#deliver(rest);
    if (this.#rest === null && this.reading && this.state < CLOSING) this.#socket?.resume();
  }

  protected platformPause(): void {
    this.#socket?.pause();
  }

  // Writing.

  protected offer(chain: Chain): SendCode {
    const socket = this.#socket as Socket;
    for (let buf = chain.first; buf !== null; buf = chain.first) {
      const size = buf.end - buf.pos;
      const count = size === 0
        ? 0
        : buf.isGone
        ? socket.write(buf.view(), 0, size)
        : socket.write(buf.bytes, buf.pos, size);
      if (count < 0) return this.#writeFailed();
      if (count < size) {
        buf.pos += count;
        this.again = true;
        return AGAIN;
      }
      this.released(chain.lend());
    }
    return OK;
  }

  /** Bun does not always tell of a reset that a write met, so the handle dies here. */
  #writeFailed(): SendCode {
    this.reason ??= "reset";
    this.state = DEAD;
    Promise.resolve(this).then(terminateHandle);
    return ERROR;
  }

  drainCame(): void {
    if (!this.again) return;
    this.loop.enterEvent();
    this.drained();
    this.loop.leaveEvent();
  }

  // Closing. Bun reports the close inside the call that asks for it: all of them are put off.

  terminate(): void {
    this.#socket?.terminate();
    this.closedSoon();
  }

  closeCame(error: unknown): void {
    if (error !== undefined && error !== null) this.failed(error);
    this.closedSoon();
  }

  /** After `shutdown` Bun 1.4 closes at the peer's FIN without an `end`. */
  override closed(): void {
    if (this.state === SHUT && this.reason === null) this.peerEnded();
    super.closed();
  }

  protected platformShutdown(): void {
    this.#socket?.shutdown();
  }

  protected platformClose(): void {
    this.#socket?.end();
    this.closedSoon();
  }

  protected platformAbort(): void {
    this.terminate();
  }

  protected tcpRemote(): Address {
    return tcpAddress(this.#socket?.remoteAddress, this.#socket?.remotePort);
  }

  protected tcpLocal(): Address {
    return tcpAddress(this.#socket?.localAddress, this.#socket?.localPort);
  }
}

function deliverRest(handle: BunHandle): void {
  handle.restDue();
}

function terminateHandle(handle: BunHandle): void {
  handle.terminate();
}

/**
 * The handlers, shared by all sockets of all reactors. There is no `error` on purpose: it would
 * catch what the core throws in an event, and Bun gives the errors of a socket to `close`.
 */
const HANDLERS: BunSocketHandlers<SocketData> = {
  open(socket) {
    const data = socket.data;
    if (data instanceof BunHandle) {
      data.connected(socket);
    } else {
      const handle = new BunHandle(data.loop, data.events, data.address, socket);
      socket.data = handle;
      handle.opened();
    }
  },
  data(socket, bytes) {
    (socket.data as BunHandle).dataCame(bytes);
  },
  drain(socket) {
    (socket.data as BunHandle).drainCame();
  },
  end(socket) {
    (socket.data as BunHandle).peerEnded();
  },
  close(socket, error) {
    (socket.data as BunHandle).closeCame(error);
  },
  connectError(socket, error) {
    (socket.data as BunHandle).connectFailed(error);
  },
};
