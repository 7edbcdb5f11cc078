/**
 * Whether a connection goes on behind the answer that it gives now (RFC 9112 §9.3): what the client
 * asked for, what the application did, what the limits say, and whether the rest of the request's
 * body may be dropped. It decides, and remembers; to act on it is the connection's affair.
 *
 * @module
 */

import type { BodyReader } from "./body_reader.ts";
import type { ConnectionClocks } from "./connection_clocks.ts";
import type { ByteHead } from "./http/request_head.ts";
import type { ResponseHead } from "./http/response_head.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Service } from "./service.ts";

export class Persistence {
  /** Requests so far. */
  requests = 0;
  /** True exactly when the connection goes on behind the current answer, for all that is known. */
  keepAlive = true;
  readonly #service: Service;
  readonly #clocks: ConnectionClocks;
  readonly #body: BodyReader;

  constructor(service: Service, clocks: ConnectionClocks, body: BodyReader) {
    this.#service = service;
    this.#clocks = clocks;
    this.#body = body;
  }

  /** A request begins: it says what the client wants. */
  begins(head: ByteHead): void {
    this.requests++;
    this.keepAlive = head.keepAlive;
  }

  /** An answer begins: from here on the client is told. Answers `keepAlive`. */
  answers(response: ResponseHead, request: HttpRequest | null): boolean {
    if (response.closeAsked || this.mustClose(request)) this.keepAlive = false;
    // Whoever answers before it asked for the body does not want it.
    this.#body.continueOwed = false;
    return this.keepAlive;
  }

  /** True exactly when the connection cannot go on behind the answer to `request`. */
  mustClose(request: HttpRequest | null): boolean {
    const { closing, limits } = this.#service;
    if (this.#clocks.inForce.keepAliveTimeoutMs === 0) return true;
    return closing || this.requests >= limits.requestsPerConnectionMax ||
      this.restIsTooMuch(request);
  }

  /** True exactly when more is to come of the body of `request` than is dropped to go on. */
  restIsTooMuch(request: HttpRequest | null): boolean {
    const isTaken = request?.bodyIfAsked?.isTaken === true;
    return this.#body.restIsTooMuch(isTaken, this.#service.limits);
  }
}
