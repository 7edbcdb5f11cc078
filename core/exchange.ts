/**
 * The seam at which the two ways in meet: what a request asks of whatever carries it. A byte-level
 * runtime's exchange is core's `Connection`; `Bun.serve` brings one of its own. Types and prose,
 * and one question.
 *
 * @module
 */

import type { Outgoing, OutgoingSink } from "./filters/outgoing.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Loop } from "./loop.ts";
import type { Address, Listener, ListenOptions } from "./reactor.ts";
import type { DECLINED, SendCode } from "./status.ts";
import type { Service } from "./service.ts";

/**
 * Carries one request at a time. All calls come from the core, on the loop. In return the
 * exchange calls `runHandlers`, `settleRequest` when output has left, `terminateRequest` when the
 * peer is gone, and `RequestBody.push`, `end` and `fail`.
 */
export interface Exchange extends OutgoingSink {
  readonly loop: Loop;
  /** `https` exactly when the peer speaks TLS to this server. */
  readonly scheme: "http" | "https";
  readonly remoteAddress: Address;
  readonly localAddress: Address;
  /**
   * Sends a whole answer that passes no filter: `outgoing.response`, with its Content-Length, and
   * the body, which is less than `GATHER_BYTES_MAX` bytes and copied within the call. `DECLINED`,
   * with nothing sent, when the body is a text that is not ASCII or the exchange has no quick way.
   */
  writeWhole(outgoing: Outgoing, body: string | Uint8Array): SendCode | typeof DECLINED;
  /** Output was queued that nobody pushes: it leaves at the end of the turn. */
  pushLater(): void;
  /**
   * True exactly when all of the request's response that was sent was accepted by the runtime.
   */
  outputIsEmpty(request: HttpRequest): boolean;
  /**
   * Somebody wants the body, or wants it again after a pause. The exchange calls `RequestBody.push`
   * as bytes come, also inside this call when it has some.
   */
  bodyWanted(request: HttpRequest): void;
  /** Nobody wants the body for now: what comes is kept, within the bound for reading ahead. */
  bodyUnwanted(request: HttpRequest): void;
  /** The request is over: both halves are done or given up. Goes on to the next one, or closes. */
  requestOver(request: HttpRequest): void;
  /** Gives the request up now: the peer must see a reset, never a clean end of a cut-off answer. */
  terminate(request: HttpRequest): void;
  /** `request.clocks` are others now. */
  clocksChanged(request: HttpRequest): void;
  /** The response has begun: the handler is not late any more. */
  handlerClockStop(request: HttpRequest): void;
}

/** What a runtime supplies that hands over finished requests instead of bytes. */
export interface RequestLevel {
  /**
   * Accepts requests at `address`. For each the runtime makes an `HttpRequest` with an exchange of
   * its own, registers it with the service, calls `runHandlers`, and unregisters it in
   * `requestOver`. Rejects with a `ListenError`.
   */
  listenRequests(address: Address, service: Service, options?: ListenOptions): Promise<Listener>;
}

/** True exactly when `reactor` is on the level of requests. */
export function isRequestLevel(reactor: object): reactor is RequestLevel {
  return typeof (reactor as Partial<RequestLevel>).listenRequests === "function";
}
