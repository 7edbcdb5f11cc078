/**
 * The little of Deno that the shim uses, typed by hand, so that plain `tsc` compiles it beside the
 * types of Node and Bun.
 *
 * @module
 */

export interface DenoAddress {
  readonly transport: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string | null;
}

export interface DenoConn {
  readonly remoteAddr: DenoAddress;
  readonly localAddr: DenoAddress;
  /** Resolves to the count of bytes, or to null at the peer's FIN. */
  read(into: Uint8Array): Promise<number | null>;
  /** Resolves to how many bytes the kernel took: at least one, perhaps not all. */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** On TCP only. */
  setNoDelay?(on: boolean): void;
}

export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConn>;
  close(): void;
}

export interface DenoTcpWhere {
  readonly transport: "tcp";
  readonly hostname: string;
  readonly port: number;
  readonly reusePort: boolean | undefined;
  readonly tcpBacklog: number | undefined;
}

export interface DenoUnixWhere {
  readonly transport: "unix";
  readonly path: string;
}

export interface DenoConnectOptions {
  readonly signal: AbortSignal;
}

export interface DenoPlatform {
  readonly version: { readonly deno: string };
  /** There exactly when Deno runs with `--unstable-net`. */
  readonly listenDatagram?: unknown;
  listen(where: DenoTcpWhere | DenoUnixWhere): DenoListener;
  connect(where: (DenoTcpWhere | DenoUnixWhere) & DenoConnectOptions): Promise<DenoConn>;
}
