/**
 * Addresses as the contract shows them, whatever a platform calls them. Knows no sockets.
 *
 * @module
 */

import type { Address } from "../../core/reactor.ts";

const MAPPED_IPV4 = "::ffff:";

/**
 * A TCP address. A peer that came by IPv4 to a socket that listens on both families is shown by
 * its IPv4 address. Platforms forget the address of a closed socket: then the host is empty and
 * the port 0.
 */
export function tcpAddress(host: string | undefined, port: number | undefined): Address {
  if (host === undefined) return NO_TCP_ADDRESS;
  const plain = host.startsWith(MAPPED_IPV4) && host.includes(".")
    ? host.slice(MAPPED_IPV4.length)
    : host;
  return { transport: "tcp", host: plain, port: port ?? 0 };
}

const NO_TCP_ADDRESS: Address = { transport: "tcp", host: "", port: 0 };

/** The address of the end of a Unix stream that was not bound to a path: all connecting ends. */
export const UNNAMED_UNIX: Address = { transport: "unix", path: "" };
