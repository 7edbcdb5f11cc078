/**
 * The little of Bun that the shim uses, typed by hand, so that `deno check` compiles it too. Types
 * and prose only.
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

/** What `Bun.file` gives. */
export interface BunFile {
  /** The path, when it was made of one. */
  readonly name?: string;
  exists(): Promise<boolean>;
  stream(): ReadableStream;
}

/** What writes to a file, and to the input of a child. */
export interface BunFileSink {
  write(bytes: Uint8Array): number | Promise<number>;
  flush(): unknown;
  end(): unknown;
}

/** A socket that an application made. */
export interface BunAdoptedSocket {
  /** There exactly when a listener accepted it. */
  readonly listener?: unknown;
  /** Closed exactly when not positive. */
  readonly readyState: string | number;
  reload(options: { readonly socket: BunAdoptedHandlers }): void;
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  terminate(): void;
  end(): void;
}

/** The events of an adopted socket. */
export interface BunAdoptedHandlers {
  data(socket: BunAdoptedSocket, bytes: Uint8Array): void;
  drain(): void;
  end(): void;
  error(socket: BunAdoptedSocket, error: unknown): void;
  close(socket: BunAdoptedSocket, error?: unknown): void;
}

export interface BunPlatform {
  readonly version: string;
  file(source: unknown): BunFile;
  /** What a promise has settled with, or else the promise itself. */
  peek?(promise: Promise<unknown>): unknown;
  listen<Data>(options: BunSocketOptions<Data>): BunListener;
  connect<Data>(options: BunSocketOptions<Data>): Promise<BunSocket<Data>>;
}
