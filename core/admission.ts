/**
 * Which connections may begin: how many there are in all and of each address, and those that came
 * while nothing is accepted. It knows counts and addresses, and nothing of requests.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { HttpError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Address } from "./reactor.ts";
import { FULL, FULL_ADDRESS } from "./refuse.ts";

/** It may stay. */
export const ADMITTED = 0;
/** It is one too many: see `refusal`. */
export const REFUSED = 1;
/** It is one too many, and so are those that are told so. */
export const TURNED_AWAY = 2;

export class Admission {
  /** After `REFUSED`: why. */
  refusal: HttpError = FULL;
  readonly #limits: Limits;
  /** Open connections of each address; null when no address can have too many. */
  readonly #counts: Map<string, number> | null;
  /** By what each connection is counted: a closed stream may have forgotten its address. */
  readonly #keys: Map<Connection, string> = new Map();
  readonly #waiting: Set<Connection> = new Set();
  /** One too many, each of them, and not closed yet: they count for nobody. */
  readonly #refused: Set<Connection> = new Set();

  constructor(limits: Limits) {
    this.#limits = limits;
    const counts = limits.connectionsPerAddressMax < limits.connectionsMax;
    this.#counts = counts ? new Map() : null;
  }

  /** `open` counts it, and those that were refused. */
  connectionOpened(
    connection: Connection,
    open: number,
  ): typeof ADMITTED | typeof REFUSED | typeof TURNED_AWAY {
    const { connectionsMax, refusedConnectionsMax } = this.#limits;
    if (open - this.#refused.size > connectionsMax) this.refusal = FULL;
    else if (this.#counts === null || this.#count(this.#counts, connection)) return ADMITTED;
    else this.refusal = FULL_ADDRESS;
    this.#refused.add(connection);
    return this.#refused.size > refusedConnectionsMax ? TURNED_AWAY : REFUSED;
  }

  connectionClosed(connection: Connection): void {
    if (this.#refused.delete(connection)) return;
    this.#waiting.delete(connection);
    const key = this.#keys.get(connection);
    if (key === undefined) return;
    this.#keys.delete(connection);
    const left = this.#counts!.get(key)! - 1;
    if (left === 0) this.#counts!.delete(key);
    else this.#counts!.set(key, left);
  }

  /**
   * It came although nothing is accepted, as runtimes cannot all help: it waits as it would with
   * the kernel, unread.
   */
  wait(connection: Connection): void {
    this.#waiting.add(connection);
    connection.mayBegin(false);
  }

  /** Accepting goes on. */
  waitingBegin(): void {
    for (const connection of this.#waiting) connection.mayBegin(true);
    this.#waiting.clear();
  }

  /** Answers false, and counts nothing, when its address has as many as it may. */
  #count(counts: Map<string, number>, connection: Connection): boolean {
    const key = keyOfAddress(connection.remoteAddress);
    if (key === null) return true;
    const count = counts.get(key) ?? 0;
    if (count >= this.#limits.connectionsPerAddressMax) return false;
    counts.set(key, count + 1);
    this.#keys.set(connection, key);
    return true;
  }
}

/**
 * By what the connections of one client are counted; null for those without an address. One client
 * of IPv6 has a whole /64 network as a rule (RFC 6177 §2); an IPv4 address in IPv6 (RFC 4291
 * §2.5.5.2) is that of IPv4.
 */
export function keyOfAddress(address: Address): string | null {
  if (address.transport === "unix") return null;
  const host = address.host.toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  if (mapped !== null) return mapped[1]!;
  if (!host.includes(":")) return host;
  const [head = "", tail] = host.split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const behind = tail === "" ? [] : tail.split(":");
    while (groups.length + behind.length < IPV6_GROUPS) groups.push("0");
    groups.push(...behind);
  }
  return groups.slice(0, IPV6_GROUPS / 2).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

const IPV6_GROUPS = 8;
