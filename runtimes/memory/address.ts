/**
 * Addresses of the in-memory network: which of them meet, and how they read in a report. Who
 * listens where is not known here.
 *
 * @module
 */

import type { Address } from "../../core/reactor.ts";

/** As in a URL's authority: `127.0.0.1:80`, `[::1]:80`; a Unix path as `unix:/path`. */
export function textOfAddress(address: Address): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/**
 * True exactly when the two cannot both be listened on; and when a connect to one reaches the
 * other. A wildcard host meets every host; the names of the loopback interface meet each other.
 */
export function addressesMeet(one: Address, other: Address): boolean {
  if (one.transport === "unix" || other.transport === "unix") {
    return one.transport === "unix" && other.transport === "unix" && one.path === other.path;
  }
  if (one.port !== other.port) return false;
  return isWildcard(one.host) || isWildcard(other.host) ||
    plainHost(one.host) === plainHost(other.host);
}

/** A TCP address with another port. */
export function withPort(host: string, port: number): Address {
  return { transport: "tcp", host, port };
}

export function isWildcard(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}

/** The host with the loopback's names made one, in lower case. */
export function plainHost(host: string): string {
  const lower = host.toLowerCase();
  return lower === "localhost" || lower === "::1" ? "127.0.0.1" : lower;
}
