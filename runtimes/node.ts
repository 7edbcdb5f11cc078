/**
 * The Node runtime: the reactor contract over `node:net`. It knows sockets and nothing of HTTP.
 *
 * Bytes go out by the socket's `_write`, below the queue of Node's streams (docs/decisions/0013).
 * It calls back within the call when the kernel has them all, and the buffer goes home inside
 * `send`; only when bytes are left does the buffer stay lent until they are flushed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect, createServer, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { setImmediate } from "node:timers";
import process from "node:process";
import type { Buf } from "../core/buf.ts";
import type { Chain } from "../core/chain.ts";
import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
} from "../core/reactor.ts";
import { AGAIN, OK, type SendCode } from "../core/status.ts";
import { tcpAddress } from "./common/addresses.ts";
import type { LoopBase } from "./common/loop_base.ts";
import { listenErrorOf, messageOf } from "./common/platform_errors.ts";
import { SocketReactor } from "./common/socket_reactor.ts";
import { nodePolls } from "./node/polls.ts";
import { CONNECTING, StreamHandle } from "./common/stream_handle.ts";

/**
 * How much of one large buffer Node gets at a time, so that `pos` shows the progress of a slow
 * peer.
 */
const SLICE_BYTES = 65536;
/** What a stream tells its `_write` of a chunk that is no text. The types know texts alone. */
const BYTES = "buffer" as BufferEncoding;
/** The most that one event brings. */
const READ_BYTES_MAX = 65536;
/** Views of the read buffer are kept for requests smaller than this. */
const READ_VIEWS_MAX = 2048;

/** Makes a reactor over `node:net`. One for each server; there is no global one. */
export function createNodeReactor(): Reactor {
  return new NodeReactor();
}

class NodeReactor extends SocketReactor {
  readonly runtime = `node ${process.versions.node}`;
  readonly via = "node:net";
  readonly polls = nodePolls;

  listen(address: Address, events: StreamEvents, options: ListenOptions = {}): Promise<Listener> {
    const server = createServer(
      { allowHalfOpen: true, noDelay: true },
      (socket) => new NodeHandle(this, events, address, true, withReadBuffer(socket)).opened(),
    );
    return new Promise((resolve, reject) => {
      const refused = (error: Error) => reject(listenErrorOf(error, address));
      server.once("error", refused);
      server.listen(listenOptionsOf(address, options), () => {
        server.off("error", refused);
        server.on("error", (error) => this.log("warn", `accepting failed: ${messageOf(error)}`));
        resolve(new NodeListener(server, address));
      });
    });
  }

  connect(address: Address, events: StreamEvents): Handle {
    const socket = address.transport === "tcp"
      ? connect({ host: address.host, port: address.port, allowHalfOpen: true, noDelay: true })
      : connect({ path: address.path, allowHalfOpen: true });
    socket.on("connect", onConnect);
    return new NodeHandle(this, events, address, false, socket);
  }
}

/** Node takes an absent option, but not one that is `undefined`. */
function listenOptionsOf(address: Address, options: ListenOptions) {
  const where = address.transport === "tcp"
    ? { host: address.host, port: address.port, reusePort: options.reusePort ?? false }
    : { path: address.path };
  return options.backlog === undefined ? where : { ...where, backlog: options.backlog };
}

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: Server;

  constructor(server: Server, asked: Address) {
    this.#server = server;
    const bound = server.address();
    this.address = typeof bound === "object" && bound !== null
      ? { transport: "tcp", host: bound.address, port: bound.port }
      : asked;
  }

  /** Node has no way to leave connections with the kernel: it accepts on. */
  acceptStop(): void {}

  acceptStart(): void {}

  /**
   * `close` gives the address back at once; its own callback waits for the open streams as well.
   */
  close(): Promise<void> {
    this.#server.close();
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * A socket over the same stream that reads into one buffer of ours, which all sockets share. Node
 * makes and shrinks a buffer of 64 KiB for each read otherwise: 0.8 of the 2 µs that `net` takes
 * for a request (Node 26). `onread` is public for sockets that connect, but `net.Server` cannot be
 * told to use it, so the stream is handed over by the field that holds it. Where Node should have
 * renamed that field, the socket stays as it is, and reads by its events. See docs/decisions/0006.
 */
function withReadBuffer(accepted: Socket): Socket {
  const holder = accepted as Socket & { _handle?: unknown };
  const handle = holder._handle;
  if (typeof handle !== "object" || handle === null) return accepted;
  const options = { handle, allowHalfOpen: true, onread: { buffer: readBuffer, callback: onRead } };
  const socket = new Socket(options as SocketConstructorOpts);
  holder._handle = null;
  // Without a stream this only takes it off the server's count.
  accepted.destroy();
  return socket;
}

/** Bytes of `onData` are valid during the call only, and calls come one at a time. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** The beginnings of the read buffer by their size: most requests are small and alike. */
const readViews: (Uint8Array | undefined)[] = new Array(READ_VIEWS_MAX).fill(undefined);

function onRead(this: Socket, size: number, bytes: Uint8Array): boolean {
  const view = size < READ_VIEWS_MAX
    ? readViews[size] ??= bytes.subarray(0, size)
    : bytes.subarray(0, size);
  (this as OwnedSocket)[HANDLE].received(view);
  return true;
}

/** Where the shared listeners below find the handle. */
const HANDLE = Symbol("handle");

interface OwnedSocket extends Socket {
  [HANDLE]: NodeHandle;
}

class NodeHandle extends StreamHandle {
  readonly #socket: OwnedSocket;
  /** How much of the lent buffer Node has now. */
  #sliceBytes = 0;
  /** True exactly while the socket is told to write. */
  #isPushing = false;
  /** True exactly when the kernel had the last slice within the call. */
  #isFlushed = false;

  constructor(
    loop: LoopBase,
    events: StreamEvents,
    asked: Address,
    accepted: boolean,
    socket: Socket,
  ) {
    super(loop, events, asked, accepted);
    this.#socket = socket as OwnedSocket;
    this.#socket[HANDLE] = this;
    socket.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  }

  protected offer(chain: Chain): SendCode {
    while (chain.first !== null) {
      const buf = chain.lend();
      if (!this.#push(buf)) {
        this.lent = buf;
        this.again = true;
        return AGAIN;
      }
      this.released(buf);
    }
    return OK;
  }

  /** Writes what is left of `buf`, and answers true when the kernel has all of it. */
  #push(buf: Buf): boolean {
    while (buf.pos < buf.end) {
      const { pos } = buf;
      const size = Math.min(buf.end - pos, SLICE_BYTES);
      const slice = size === buf.end - pos ? buf.view() : buf.part(pos, pos + size);
      this.#isFlushed = false;
      this.#isPushing = true;
      this.#socket._write(slice, BYTES, this.#flushed);
      this.#isPushing = false;
      if (!this.#isFlushed) {
        this.#sliceBytes = size;
        return false;
      }
      buf.pos += size;
    }
    return true;
  }

  /** Streams destroy themselves when a write fails; `error` and `close` follow, in a later tick. */
  readonly #flushed = (error?: Error | null): void => {
    if (error !== undefined && error !== null) this.#socket.destroy(error);
    else if (this.#isPushing) this.#isFlushed = true;
    else this.#sliceFlushed();
  };

  /** Where `close` is to come, the lent buffer goes home there. */
  #sliceFlushed(): void {
    const buf = this.lent;
    if (buf === null || this.#socket.destroyed) return;
    buf.pos += this.#sliceBytes;
    if (this.#push(buf)) this.lentFlushed();
  }

  protected platformResume(): void {
    this.#socket.resume();
  }

  protected platformPause(): void {
    this.#socket.pause();
  }

  protected platformShutdown(): void {
    this.#socket.end();
  }

  protected platformClose(): void {
    this.#socket.destroy();
  }

  /** Only TCP has a reset, and only once it is connected. */
  protected platformAbort(): void {
    if (this.asked.transport === "tcp" && this.state !== CONNECTING) {
      this.#socket.resetAndDestroy();
    } else {
      this.#socket.destroy();
    }
  }

  protected tcpRemote(): Address {
    return tcpAddress(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  protected tcpLocal(): Address {
    return tcpAddress(this.#socket.localAddress, this.#socket.localPort);
  }
}

// The listeners, shared by all sockets.

function onConnect(this: Socket): void {
  (this as OwnedSocket)[HANDLE].opened();
}

function onData(this: Socket, bytes: Uint8Array): void {
  (this as OwnedSocket)[HANDLE].received(bytes);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[HANDLE].peerEnded();
}

function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[HANDLE].failed(error);
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[HANDLE].closed();
}
