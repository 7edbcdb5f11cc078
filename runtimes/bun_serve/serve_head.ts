/**
 * A request head over Bun's `Request`: everything is asked for when it is needed. It knows what Bun
 * has made of the head on the wire, and cannot know what it looked like there: names are in lower
 * case and sorted, repeated fields are one, and the target is what a URL parser makes of it.
 *
 * @module
 */

import { ORIGIN_FORM } from "../../core/http/request_head_parser.ts";
import type { RequestHead } from "../../core/http/request_head.ts";

export class ServeHead implements RequestHead {
  /** Bun refuses `OPTIONS *`, and makes a path of an absolute target. */
  readonly targetForm = ORIGIN_FORM;
  readonly hostNeedsCheck = false;
  /** Bun has sent `100 Continue` before anybody could ask. */
  readonly expectContinue = false;
  readonly hasUpgrade = false;
  readonly method: string;
  /** The path and query, and the fragment that no target may have. */
  readonly target: string;
  /** The Host field as sent; null without one. */
  readonly host: string | null;
  readonly #headers: Headers;
  #fields: string[] | null = null;

  constructor(request: Request) {
    const { headers } = request;
    this.#headers = headers;
    this.method = request.method;
    this.target = targetOf(request.url);
    this.host = headers.get("host");
  }

  /** Bun does not tell the version; but only HTTP/1.0 comes without a Host. */
  get versionMinor(): 0 | 1 {
    return this.host === null ? 0 : 1;
  }

  get authority(): string {
    return this.host ?? "";
  }

  /** True exactly when a body may come: Bun hands over none of a GET or HEAD. */
  get mayHaveBody(): boolean {
    return this.method !== "GET" && this.method !== "HEAD";
  }

  get isHead(): boolean {
    return this.method === "HEAD";
  }

  get contentLength(): number {
    const text = this.#headers.get("content-length");
    return text === null ? -1 : Number(text);
  }

  get chunked(): boolean {
    return this.#headers.has("transfer-encoding");
  }

  get keepAlive(): boolean {
    const options = this.#headers.get("connection");
    if (options === null || options === "keep-alive") return this.versionMinor === 1;
    return !/(^|[,\s])close($|[,\s])/i.test(options);
  }

  fields(): readonly string[] {
    return this.#fields ??= [...this.#headers].flat();
  }

  get(lowerCaseName: string): string | null {
    return this.#headers.get(lowerCaseName);
  }

  getAll(lowerCaseName: string): string[] {
    const value = this.#headers.get(lowerCaseName);
    return value === null ? [] : [value];
  }

  /** Bun's request outlives its answer. */
  keep(): void {}
}

const SLASH = 0x2f;
/** Behind `http://`. */
const AUTHORITY_AT = 7;

/** The target in an absolute URL, or in the bare one that Bun gives without a Host. */
function targetOf(url: string): string {
  return url.charCodeAt(0) === SLASH ? url : url.slice(url.indexOf("/", AUTHORITY_AT));
}
