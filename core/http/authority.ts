/**
 * The check of `host[:port]`, as it stands in a Host field or an absolute target. It knows RFC 3986
 * §3.2.2 and those rules of the URL standard that make a parser fail; it refuses to know where the
 * bytes came from.
 *
 * The promise: `new URL("http://" + authority + "/")` succeeds for every authority that passes with
 * `AUTHORITY_OK`, and its host has one meaning. So there is no user, no percent sign, no empty
 * port, and a host whose last label is a number is a dotted-decimal address or nothing: `127.1`,
 * `0x7f.0.0.1` and `010.0.0.1` mean different machines to different programs.
 *
 * @module
 */

import { COLON, DASH, DOT, HEX, HOST, isDigit, lowerByte } from "./grammar.ts";

/** Not an authority. */
export const AUTHORITY_BAD = 0;
/** An authority that a URL parser accepts. */
export const AUTHORITY_OK = 1;
/**
 * Well formed, but a label starts with `xn--`: whether a URL parser accepts it takes tables of
 * Unicode, so the layer that has a URL class asks it.
 */
export const AUTHORITY_NEEDS_CHECK = 2;

const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const PORT_DIGITS_MAX = 5;
const PORT_MAX = 65535;

/** Judges `bytes[from … to)`. An empty authority is bad. */
export function checkAuthority(
  bytes: Uint8Array,
  from: number,
  to: number,
): typeof AUTHORITY_BAD | typeof AUTHORITY_OK | typeof AUTHORITY_NEEDS_CHECK {
  const hostEnd = findHostEnd(bytes, from, to);
  if (hostEnd <= from) return AUTHORITY_BAD;
  if (hostEnd < to && !isPort(bytes, hostEnd, to)) return AUTHORITY_BAD;
  if (bytes[from] === BRACKET_OPEN) {
    return isIpv6(bytes, from + 1, hostEnd - 1) ? AUTHORITY_OK : AUTHORITY_BAD;
  }
  return checkName(bytes, from, hostEnd);
}

/**
 * True exactly when two authorities that passed the check name the same host and port: letters
 * without regard to case, and a missing port as `defaultPort`. Addresses are compared as they are
 * spelled.
 */
export function equalAuthorities(
  bytes: Uint8Array,
  from1: number,
  to1: number,
  from2: number,
  to2: number,
  defaultPort: number,
): boolean {
  const end1 = findHostEnd(bytes, from1, to1);
  const end2 = findHostEnd(bytes, from2, to2);
  if (end1 - from1 !== end2 - from2) return false;
  for (let i = 0; i < end1 - from1; i++) {
    if (lowerByte(bytes[from1 + i]) !== lowerByte(bytes[from2 + i])) return false;
  }
  return portOf(bytes, end1, to1, defaultPort) === portOf(bytes, end2, to2, defaultPort);
}

/**
 * Where the host ends and the port, if any, begins with its colon; `from` when there is no host.
 */
function findHostEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  if (from < to && bytes[from] === BRACKET_OPEN) {
    while (i < to && bytes[i] !== BRACKET_CLOSE) i++;
    return i === to ? from : i + 1;
  }
  while (i < to && HOST[bytes[i]] !== 0) i++;
  return i;
}

/** True exactly when `bytes[from … to)` is a colon and one to five digits, at most 65535. */
function isPort(bytes: Uint8Array, from: number, to: number): boolean {
  const digits = to - from - 1;
  if (bytes[from] !== COLON || digits < 1 || digits > PORT_DIGITS_MAX) return false;
  for (let i = from + 1; i < to; i++) {
    if (!isDigit(bytes[i])) return false;
  }
  return portOf(bytes, from, to, 0) <= PORT_MAX;
}

function portOf(bytes: Uint8Array, from: number, to: number, defaultPort: number): number {
  if (from === to) return defaultPort;
  let port = 0;
  for (let i = from + 1; i < to; i++) port = port * 10 + (bytes[i] - 0x30);
  return port;
}

/** Judges a host whose bytes are all in `HOST`. */
function checkName(
  bytes: Uint8Array,
  from: number,
  to: number,
): typeof AUTHORITY_BAD | typeof AUTHORITY_OK | typeof AUTHORITY_NEEDS_CHECK {
  let labelStart = from;
  let needsCheck = false;
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    if (byte === DOT) {
      // An empty label: `a..b`, `.a`. The URL standard lets it pass, the DNS has no such name.
      if (i === labelStart) return AUTHORITY_BAD;
      if (i + 1 < to) labelStart = i + 1;
    } else if (byte === DASH && i === labelStart + 3 && isXn(bytes, labelStart)) {
      needsCheck = true;
    }
  }
  const lastEnd = bytes[to - 1] === DOT ? to - 1 : to;
  if (isDigit(bytes[labelStart])) {
    if (isNumber(bytes, labelStart, lastEnd)) {
      return isIpv4(bytes, from, to) ? AUTHORITY_OK : AUTHORITY_BAD;
    }
    if (endsInHex(bytes, labelStart, lastEnd)) return AUTHORITY_BAD;
  }
  return needsCheck ? AUTHORITY_NEEDS_CHECK : AUTHORITY_OK;
}

/** True exactly when the four bytes from `at` on are `xn--` in any case; the fourth is known. */
function isXn(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] | 0x20) === 0x78 && (bytes[at + 1] | 0x20) === 0x6e && bytes[at + 2] === DASH;
}

/**
 * True exactly when the URL standard takes the label, which begins with a digit, for a number: all
 * digits, or `0x` and hexadecimal ones.
 */
function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  let i = from;
  while (i < to && isDigit(bytes[i])) i++;
  if (i === to) return true;
  if (i !== from + 1 || bytes[from] !== 0x30 || (bytes[i] | 0x20) !== 0x78) return false;
  for (i++; i < to; i++) {
    if (HEX[bytes[i]] === 0) return false;
  }
  return true;
}

/**
 * True exactly when the label ends in `0x` and hexadecimal digits, if any. The URL standard takes
 * such a label for a name, Bun 1.4 takes some for a number that is too large (`5510274330x`) and
 * refuses them. One answer everywhere is worth more than names that nobody has.
 */
function endsInHex(bytes: Uint8Array, from: number, to: number): boolean {
  let i = to - 1;
  while (i > from && HEX[bytes[i]] !== 0) i--;
  return i > from && (bytes[i] | 0x20) === 0x78 && bytes[i - 1] === 0x30;
}

/** True exactly when `bytes[from … to)` is four decimal octets without leading zeros. */
function isIpv4(bytes: Uint8Array, from: number, to: number): boolean {
  let octets = 0;
  let i = from;
  while (i < to) {
    const start = i;
    let value = 0;
    while (i < to && isDigit(bytes[i]) && i - start < 3) value = value * 10 + bytes[i++] - 0x30;
    if (i === start || value > 255 || (bytes[start] === 0x30 && i - start > 1)) return false;
    octets++;
    if (i === to) break;
    if (bytes[i] !== DOT || octets === 4) return false;
    i++;
  }
  return octets === 4 && bytes[to - 1] !== DOT;
}

/** True exactly when `bytes[from … to)` is an IPv6 address (RFC 4291 §2.2) without a zone. */
function isIpv6(bytes: Uint8Array, from: number, to: number): boolean {
  let groups = 0;
  let compressed = false;
  let i = from;
  if (i + 1 < to && bytes[i] === COLON) {
    if (bytes[i + 1] !== COLON) return false;
    compressed = true;
    i += 2;
  }
  while (i < to) {
    const start = i;
    while (i < to && HEX[bytes[i]] !== 0 && i - start < 4) i++;
    if (i === start) return false;
    if (i < to && bytes[i] === DOT) {
      // The last 32 bits as an IPv4 address.
      return isIpv4(bytes, start, to) && (compressed ? groups <= 5 : groups === 6);
    }
    groups++;
    if (i === to) break;
    if (bytes[i] !== COLON) return false;
    i++;
    if (i === to) return false;
    if (bytes[i] === COLON) {
      if (compressed) return false;
      compressed = true;
      i++;
    }
  }
  return compressed ? groups <= 7 : groups === 8;
}
