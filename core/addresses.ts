/**
 * What an address is called in a URL. It knows the two kinds of addresses, and not whose they are.
 *
 * @module
 */

import type { Address } from "./reactor.ts";

/** `host:port` of an address, for URLs of requests that name no host (HTTP/1.0). */
export function authorityOf(address: Address): string {
  if (address.transport === "unix") return "localhost";
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return address.port === 80 ? host : `${host}:${address.port}`;
}
