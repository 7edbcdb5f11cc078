/**
 * The web globals that the core may use, by hand: `core/` compiles without DOM and without any
 * runtime's types, so that what is not declared here is a compile error.
 */

declare class TextEncoder {
  encode(text?: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class URL {
  static canParse(url: string): boolean;
  constructor(url: string, base?: string);
  readonly origin: string;
  readonly href: string;
}

declare class Headers {
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  getSetCookie(): string[];
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class Blob {
  constructor(parts?: readonly Uint8Array[], options?: { type?: string });
}

interface FormData {
  get(name: string): unknown;
}

interface ReadableStreamReadResult<T> {
  readonly done: boolean;
  readonly value?: T;
}

interface ReadableStreamDefaultReader<T> {
  readonly closed: Promise<unknown>;
  read(): Promise<ReadableStreamReadResult<T>>;
  cancel(reason?: unknown): Promise<void>;
}

interface ReadableByteStreamController {
  readonly byobRequest: { respond(bytesWritten: number): void } | null;
  enqueue(chunk: Uint8Array): void;
  close(): void;
  error(reason?: unknown): void;
}

interface UnderlyingByteSource {
  readonly type: "bytes";
  pull?(controller: ReadableByteStreamController): void;
  cancel?(reason?: unknown): void;
}

declare class ReadableStream<T = unknown> {
  constructor(source: UnderlyingByteSource);
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): ReadableStreamDefaultReader<T>;
}

/** What requests and responses have in common. */
interface Body {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array>;
  formData(): Promise<FormData>;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

interface ResponseInit {
  headers?: Readonly<Record<string, string>>;
}

declare class Response {
  constructor(body?: ReadableStream<Uint8Array> | Uint8Array | string | null, init?: ResponseInit);
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  clone(): Response;
}
interface Response extends Body {}

interface RequestInit {
  method?: string;
  headers?: Headers;
  body?: ReadableStream<Uint8Array>;
  duplex?: "half";
  signal?: AbortSignal;
}

declare class Request {
  constructor(url: string, init?: RequestInit);
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  clone(): Request;
}
interface Request extends Body {}

interface ImportMeta {
  /** Where this module was loaded from. */
  readonly url: string;
}
