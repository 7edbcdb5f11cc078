/**
 * The little of Deno that the shim uses, typed by hand, so that plain `tsc` compiles it beside the
 * types of Node and Bun. Types and prose only.
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

/** Whatever reads into memory: connections, files, standard input. */
export interface DenoReader {
  /** Resolves to the count of bytes, or to null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

export interface DenoWriter {
  /** Resolves to how many bytes were taken. */
  write(bytes: Uint8Array): Promise<number>;
}

export interface DenoFile extends DenoReader, DenoWriter {
  statSync(): DenoFileInfo;
  close(): void;
}

export interface DenoFileInfo {
  readonly isFile: boolean;
  /** Null where the platform cannot tell. */
  readonly isFifo: boolean | null;
}

/** A class of Deno's, for telling its objects. */
export type DenoClass = abstract new (...args: never[]) => object;

export interface DenoPlatform {
  readonly FsFile: DenoClass;
  readonly ChildProcess: DenoClass;
  statSync(path: string): DenoFileInfo;
  openSync(path: string, options: { readonly read: true }): DenoFile;
  readonly version: { readonly deno: string };
  /** There exactly when Deno runs with `--unstable-net`. */
  readonly listenDatagram?: unknown;
  listen(where: DenoTcpWhere | DenoUnixWhere): DenoListener;
  connect(where: (DenoTcpWhere | DenoUnixWhere) & DenoConnectOptions): Promise<DenoConn>;
}
