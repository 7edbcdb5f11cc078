/**
 * The little of Bun that the shim uses, typed by hand, so that `deno check` compiles it too.
 *
 * @module
 */

export interface BunSocket<Data> {
  data: Data;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Answers how many bytes the kernel took, and a negative number when the connection is gone. */
  write(bytes: Uint8Array, byteOffset: number, byteLength: number): number;
  pause(): void;
  resume(): void;
  /** Sends FIN; reading goes on. */
  shutdown(): void;
  /** Closes both directions in order. */
  end(): void;
  /** Resets. */
  terminate(): void;
}

/** Declared once; the socket comes first in each. */
export interface BunSocketHandlers<Data> {
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, error?: unknown): void;
  connectError(socket: BunSocket<Data>, error: unknown): void;
}

export type BunWhere =
  | { readonly hostname: string; readonly port: number; readonly reusePort?: boolean }
  | { readonly unix: string };

export type BunSocketOptions<Data> = BunWhere & {
  readonly socket: BunSocketHandlers<Data>;
  readonly data: Data;
  readonly allowHalfOpen: true;
};

export interface BunListener {
  readonly hostname?: string;
  readonly port?: number;
  /** Stops accepting. Open sockets live on. */
  stop(): void;
}

export interface BunPlatform {
  readonly version: string;
  listen<Data>(options: BunSocketOptions<Data>): BunListener;
  connect<Data>(options: BunSocketOptions<Data>): Promise<BunSocket<Data>>;
}
