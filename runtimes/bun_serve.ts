/**
 * The Bun runtime at the level of requests: `Bun.serve` reads and frames HTTP, and hands over
 * finished requests; everything behind them is the core's. It knows how a listener of `Bun.serve`
 * is had and how its requests begin; their lives are in `bun_serve/`. All other capabilities are
 * those of the Bun runtime. What `Bun.serve` cannot promise is in the portability table, with the
 * reasons.
 *
 * @module
 */

import { type HttpError, textOfError } from "../core/errors.ts";
import type { RequestLevel } from "../core/exchange.ts";
import { beginRequest } from "../core/begin_request.ts";
import { HttpRequest } from "../core/http_request.ts";
import { AUTHORITY_NEEDS_CHECK, AUTHORITY_OK, checkAuthority } from "../core/http/authority.ts";
import { encodeLatin1 } from "../core/http/latin1.ts";
import { refusal } from "../core/http/refusals.ts";
import type { Address, Listener, ListenOptions, Reactor } from "../core/reactor.ts";
import { BAD_HOST, hostIsUsable } from "../core/refuse.ts";
import type { Service } from "../core/service.ts";
import { BunReactor } from "./bun.ts";
import type { BunPlatform } from "./bun/platform.ts";
import type { BunServeOptions, BunServer, ServePlatform } from "./bun_serve/platform.ts";
import { refusalResponse } from "./bun_serve/responses.ts";
import { type ExchangeHost, ServeExchange } from "./bun_serve/serve_exchange.ts";
import { ServeHead } from "./bun_serve/serve_head.ts";
import { tcpAddress, UNNAMED_UNIX } from "./common/addresses.ts";
import { listenErrorOf } from "./common/platform_errors.ts";

/** Makes a reactor that listens through `Bun.serve`. One for each server. */
export function createBunServeReactor(): Reactor {
  return new BunServeReactor((globalThis as unknown as { Bun: BunPlatform & ServePlatform }).Bun);
}

class BunServeReactor extends BunReactor implements RequestLevel {
  override readonly via = "Bun.serve";
  readonly #bun: ServePlatform;

  constructor(bun: BunPlatform & ServePlatform) {
    super(bun);
    this.#bun = bun;
  }

  listenRequests(
    address: Address,
    service: Service,
    options: ListenOptions = {},
  ): Promise<Listener> {
    try {
      return Promise.resolve(new ServeListener(this, this.#bun, address, service, options));
    } catch (error) {
      return Promise.reject(listenErrorOf(error, address));
    }
  }
}

class ServeListener implements Listener, ExchangeHost {
  readonly address: Address;
  readonly service: Service;
  readonly #reactor: BunReactor;
  readonly #server: BunServer;
  /** The Host that passed the check last: most requests of a server name the same. */
  #goodHost: string | null = null;

  constructor(
    reactor: BunReactor,
    bun: ServePlatform,
    address: Address,
    service: Service,
    options: ListenOptions,
  ) {
    this.#reactor = reactor;
    this.service = service;
    this.#server = bun.serve(this.#optionsOf(address, options));
    const bound = this.#server.address;
    this.address = typeof bound === "string" ? address : tcpAddress(bound.address, bound.port);
  }

  #optionsOf(address: Address, options: ListenOptions): BunServeOptions {
    const where = address.transport === "unix"
      ? { unix: address.path }
      : { hostname: address.host, port: address.port, reusePort: options.reusePort ?? false };
    return {
      ...where,
      development: false,
      idleTimeout: idleSeconds(this.service.clocks.keepAliveTimeoutMs),
      // The core's own limit decides.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (native) => this.#fetch(native),
      error: (error) => {
        this.service.log("error", `the core failed\n${textOfError(error)}`);
        return new Response(null, { status: 500 });
      },
    };
  }

  /** Bun accepts on, and hands over requests: those get their 503. */
  acceptStop(): void {}

  acceptStart(): void {}

  /** Stops accepting at once. Bun ends idle connections, and the others behind their answers. */
  close(): Promise<void> {
    this.service.waitForRuntime(this.#server.stop());
    return Promise.resolve();
  }

  #fetch(native: Request): Response | Promise<Response> {
    this.#reactor.enterEvent();
    try {
      const { service } = this;
      const head = new ServeHead(native);
      const error = this.#judge(head);
      if (error !== null) return this.#refuse(native, error);
      const exchange = new ServeExchange(this, native, head);
      const request = new HttpRequest(head, exchange, service, service.loop.now());
      exchange.request = request;
      if (!exchange.refuseLargeBody()) beginRequest(request);
      return exchange.handOver();
    } finally {
      this.#reactor.leaveEvent();
    }
  }

  /** What the core's parser would refuse, Bun takes, and can still be seen. */
  #judge(head: ServeHead): HttpError | null {
    const { host } = head;
    if (host !== null && host !== this.#goodHost) {
      if (!hostIsGood(host)) return BAD_HOST;
      this.#goodHost = host;
    }
    const { target } = head;
    if (target.length > this.service.limits.targetBytesMax) return refusal("target-too-long");
    if (target.includes("#")) return refusal("bad-target");
    if (head.method === "CONNECT") return refusal("connect-not-implemented");
    const expect = head.get("expect");
    return expect === null || EXPECTATION.test(expect) ? null : refusal("expectation-failed");
  }

  #refuse(native: Request, error: HttpError): Response {
    const remote = this.remoteAddressOf(native);
    const peer = remote.transport === "tcp" ? remote.host : "a local client";
    this.service.log("warn", `${peer}: ${error.status}, ${error.message}`);
    return refusalResponse(error);
  }

  // What exchanges ask.

  get localAddress(): Address {
    return this.address;
  }

  remoteAddressOf(request: Request): Address {
    if (this.address.transport === "unix") return UNNAMED_UNIX;
    const remote = this.#server.requestIP(request);
    return tcpAddress(remote?.address, remote?.port);
  }

  setIdleTime(request: Request, idleMs: number): void {
    this.#server.timeout(request, idleSeconds(idleMs));
  }

  asEvent(event: () => void): void {
    this.#reactor.enterEvent();
    try {
      event();
    } finally {
      this.#reactor.leaveEvent();
    }
  }
}

/** Bun counts whole seconds, up to 255, and knows 0 for never. */
function idleSeconds(idleMs: number): number {
  return idleMs === Infinity ? 0 : Math.min(Math.max(Math.ceil(idleMs / 1000), 1), 255);
}

/** Bun joins fields, so that one that came twice cannot be told from a list. */
const EXPECTATION = /^100-continue(, 100-continue)*$/i;

const HOST_LENGTH_MAX = 300;
const hostBytes = new Uint8Array(HOST_LENGTH_MAX);

/** Bun takes any Host; a good one is `host[:port]` that a URL parser takes, with one meaning. */
function hostIsGood(host: string): boolean {
  const { length } = host;
  if (length > HOST_LENGTH_MAX) return false;
  encodeLatin1(host, hostBytes, 0);
  const verdict = checkAuthority(hostBytes, 0, length);
  return verdict === AUTHORITY_OK || verdict === AUTHORITY_NEEDS_CHECK && hostIsUsable(host);
}
