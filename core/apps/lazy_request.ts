/**
 * The `Request` that a fetch application gets: it looks like the platform's, and costs nothing that
 * is not asked for. It knows an `HttpRequest`; how a body flows is `request_stream.ts`'s.
 *
 * Platforms refuse it where they look for their own class: `new Request(lazy)` and `fetch(lazy)`.
 * For these there is `toRequest`. `new Request(url, lazy)` works.
 *
 * @module
 */

import type { HttpRequest } from "../http_request.ts";
import { delegateRest, INSPECT } from "./delegate.ts";
import { LazyHeaders, platformHeaders } from "./lazy_headers.ts";
import { streamOfBody } from "./request_stream.ts";
import { serializedUrl } from "./request_url.ts";

/**
 * A platform's own `Request` for a lazy one; any other as it is. It shares the body with the lazy
 * one, whose body methods pass on to it from then on. The same one at each call.
 *
 * For `new Request(request, …)` and `fetch(request)`: Node 26 and Deno 2.9 refuse a lazy request
 * there, and Bun 1.4 forgets its method when there is a second argument. Where a framework does so
 * inside, give it a real one before: in Hono, `c.req.raw = toRequest(c.req.raw)` in a middleware.
 *
 * @throws {TypeError} when the body was used before, and for a method that the platform refuses.
 */
export function toRequest(request: Request): Request {
  const make = (request as Partial<LazyRequest>)[TO_REQUEST];
  return typeof make === "function" ? make.call(request) : request;
}

/** Found by this name, not by class: the source and the built package may both be loaded. */
const TO_REQUEST: unique symbol = Symbol.for("sluice.toRequest") as never;

/**
 * Has `Request.prototype` in its chain: `instanceof Request` holds.
 *
 * The body is in one of three states: nobody asked (`#carrier` and `#used` say no); read by a
 * method, straight from the `RequestBody` (`#used`); or with a platform's object, whose methods
 * know all the rules about streams (`#carrier`).
 */
export class LazyRequest {
  readonly #request: HttpRequest;
  #url: string | null = null;
  #headers: Headers | null = null;
  #carrier: Body | null = null;
  #used = false;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  get url(): string {
    return this.#url ??= urlOf(this.#request);
  }

  get headers(): Headers {
    return this.#headers ??= new LazyHeaders(this.#request.head) as unknown as Headers;
  }

  /** Aborts with a `RequestAborted` when the request is given up before its answer is complete. */
  get signal(): AbortSignal {
    return this.#request.signal;
  }

  /** Null without one, and for GET and HEAD, which have none in the Fetch standard. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#hasBody ? this.#carried().body : null;
  }

  get bodyUsed(): boolean {
    return this.#carrier === null ? this.#used : this.#carrier.bodyUsed;
  }

  // What a server's request has of the rest, by the Fetch standard's defaults.

  get cache(): string {
    return "default";
  }

  get credentials(): string {
    return "same-origin";
  }

  get destination(): string {
    return "";
  }

  get duplex(): string {
    return "half";
  }

  get integrity(): string {
    return "";
  }

  get isHistoryNavigation(): boolean {
    return false;
  }

  get isReloadNavigation(): boolean {
    return false;
  }

  get keepalive(): boolean {
    return false;
  }

  get mode(): string {
    return "cors";
  }

  get redirect(): string {
    return "follow";
  }

  get referrer(): string {
    return "about:client";
  }

  get referrerPolicy(): string {
    return "";
  }

  // Each of these reads the body to its end, once. It rejects with what the body failed with (an
  // `HttpError` with status 400, 408 or 413, or `RequestAborted`), or with a `TypeError` at a
  // second use.

  async text(): Promise<string> {
    return this.#carrier !== null ? await this.#carrier.text() : decoder.decode(await this.#take());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array> {
    return this.#carrier !== null
      ? new Uint8Array(await this.#carrier.arrayBuffer())
      : ownMemory(await this.#take());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#carrier !== null
      ? await this.#carrier.arrayBuffer()
      : ownMemory(await this.#take()).buffer;
  }

  async blob(): Promise<Blob> {
    if (this.#carrier !== null) return await this.#carrier.blob();
    return new Blob([ownMemory(await this.#take())], { type: this.#contentType() });
  }

  async formData(): Promise<FormData> {
    if (this.#carrier !== null) return await this.#carrier.formData();
    return await new Response(ownMemory(await this.#take()), this.#typed()).formData();
  }

  /**
   * A second request with the same body, which is kept for whoever reads slower.
   *
   * @throws {TypeError} when the body was used before.
   */
  clone(): Request {
    const twin = new LazyRequest(this.#request);
    twin.#url = this.#url;
    if (this.#headers !== null) {
      twin.#headers = new Headers();
      for (const [name, value] of this.#headers) twin.#headers.append(name, value);
    }
    if (this.#hasBody) twin.#carrier = this.#carried().clone();
    return twin as unknown as Request;
  }

  [TO_REQUEST](): Request {
    if (this.#carrier instanceof Request) return this.#carrier;
    const init: RequestInit & { duplex?: "half" } = {
      method: this.method,
      headers: platformHeaders(this.headers),
      signal: this.signal,
    };
    if (this.#hasBody) {
      init.body = this.#carried().body!;
      init.duplex = "half";
    }
    const real = new Request(this.url, init);
    this.#carrier = real;
    return real;
  }

  [INSPECT](): object {
    const { method, url, bodyUsed } = this;
    return { method, url, headers: platformHeaders(this.headers), bodyUsed };
  }

  get #hasBody(): boolean {
    const { head, method } = this.#request;
    return (head.chunked || head.contentLength > 0) && method !== "GET" && method !== "HEAD";
  }

  /** The body in the hands of the platform: from now on its object has the say. */
  #carried(): Body & { clone(): Body } {
    if (this.#carrier === null) {
      if (this.#used) throw new TypeError(USED);
      this.#carrier = new Response(streamOfBody(this.#request), this.#typed());
    }
    return this.#carrier as Request | Response;
  }

  /** The whole body, for a method. */
  async #take(): Promise<Uint8Array> {
    if (!this.#hasBody) return new Uint8Array(0);
    if (this.#used) throw new TypeError(USED);
    this.#used = true;
    return await this.#request.body.bytes();
  }

  #contentType(): string {
    return this.headers.get("content-type") ?? "";
  }

  #typed(): { headers: Record<string, string> } {
    const type = this.#contentType();
    return { headers: type === "" ? {} : { "content-type": type } };
  }
}

function urlOf(request: HttpRequest): string {
  const { authority, target } = request.head;
  // A whole URL, an asterisk, and the few that name no host.
  if (authority === "" || target.charCodeAt(0) !== SLASH) return new URL(request.url).href;
  return serializedUrl(request.exchange.scheme, authority, target);
}

const SLASH = 0x2f;

/** `bytes` as an array with a memory of its own, as applications expect of `bytes().buffer`. */
function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes : bytes.slice()) as Uint8Array<ArrayBuffer>;
}

const USED = "The request's body cannot be used: it was read before";
const decoder = new TextDecoder();

delegateRest(LazyRequest.prototype, Request.prototype, (lazy) => lazy[TO_REQUEST]());
