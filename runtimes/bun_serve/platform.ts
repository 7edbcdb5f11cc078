/**
 * The little of `Bun.serve` that the shim uses, typed by hand, so that `deno check` compiles it
 * too: types, and the one cast from Bun's own kind of stream source to the standard's.
 *
 * @module
 */

export interface ServePlatform {
  serve(options: BunServeOptions): BunServer;
}

export type BunServeOptions =
  & (
    | { readonly hostname: string; readonly port: number; readonly reusePort: boolean }
    | { readonly unix: string }
  )
  & {
    /** Without it Bun answers errors with a page for developers. */
    readonly development: false;
    /** Seconds without a byte until Bun closes a connection, 1 to 255; 0 for never. */
    readonly idleTimeout: number;
    /** Bytes of a body past which Bun itself answers 413. */
    readonly maxRequestBodySize: number;
    fetch(request: Request, server: BunServer): Response | Promise<Response>;
    /** Answers for a `fetch` that threw. */
    error(error: unknown): Response;
  };

/** An address as Bun tells it. */
export interface BunAddress {
  readonly address: string;
  readonly port: number;
}

export interface BunServer {
  /** A path when it listens on one. */
  readonly address: BunAddress | string;
  /** The client's end; null on a Unix path, and when the connection is gone. */
  requestIP(request: Request): BunAddress | null;
  /** Seconds without a byte until the connection of this request is closed; 0 for never. */
  timeout(request: Request, seconds: number): void;
  /** Stops accepting, closes idle connections, and resolves when the last answer is out. */
  stop(): Promise<void>;
}

/** What `pull` of a stream of type `direct` gets. */
export interface DirectController {
  /**
   * Copies the bytes. Answers how many, or a promise of that when the peer is slow; after the
   * stream was given up a promise of false, or 0.
   */
  write(bytes: Uint8Array): number | Promise<unknown>;
  /** Sends what was written. What is not flushed leaves when Bun's loop has no more to do. */
  flush(): number | Promise<unknown>;
  end(): unknown;
}

/** The source of a stream of type `direct`, which Bun reads without the stream's own machinery. */
export interface DirectSource {
  readonly type: "direct";
  pull(controller: DirectController): Promise<void> | void;
  cancel(): void;
}

/**
 * A body over a direct source. When the source ends before `bufferBytes` are written or anything is
 * flushed, Bun sends a Content-Length; otherwise chunks.
 */
export function directBody(source: DirectSource, bufferBytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream(source as unknown as UnderlyingDefaultSource<Uint8Array>, {
    highWaterMark: bufferBytes,
  });
}
