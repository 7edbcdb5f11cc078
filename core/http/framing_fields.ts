/**
 * The fields that decide how a request is framed and how its connection goes on: Content-Length,
 * Transfer-Encoding, Connection (RFC 9112 §6, RFC 9110 §7.6.1). It knows how to read one value of
 * each; it refuses to know how several of them combine, which is the parser's business.
 *
 * Every function gets `bytes[from … to)` without the optional white space at both ends, and only
 * bytes that may stand in a value.
 *
 * @module
 */

import { COMMA, equalsLower, isDigit, isOws, TOKEN } from "./grammar.ts";

/** The value is not what its field must be. */
export const VALUE_BAD = -1;
/** The number is above 2^53 - 1. */
export const LENGTH_TOO_LARGE = -2;

/**
 * A length, or `VALUE_BAD`, or `LENGTH_TOO_LARGE`. Digits only: no sign, no list, no white space.
 */
export function parseContentLength(bytes: Uint8Array, from: number, to: number): number {
  if (from === to) return VALUE_BAD;
  let length = 0;
  let tooLarge = false;
  for (let i = from; i < to; i++) {
    if (!isDigit(bytes[i])) return VALUE_BAD;
    length = length * 10 + (bytes[i] - 0x30);
    if (length > Number.MAX_SAFE_INTEGER) tooLarge = true;
  }
  return tooLarge ? LENGTH_TOO_LARGE : length;
}

/** Bits of `parseConnection`: true exactly when the option of that name is in the list. */
export const CONNECTION_CLOSE = 1;
export const CONNECTION_KEEP_ALIVE = 2;
export const CONNECTION_UPGRADE = 4;

/** The known options of one Connection value as bits, or `VALUE_BAD` unless it is a token list. */
export function parseConnection(bytes: Uint8Array, from: number, to: number): number {
  let options = 0;
  let i = from;
  while (i < to) {
    // Empty elements are to be ignored (RFC 9110 §5.6.1.2).
    if (bytes[i] === COMMA || isOws(bytes[i])) {
      i++;
      continue;
    }
    const start = i;
    while (i < to && TOKEN[bytes[i]] !== 0) i++;
    const end = i;
    while (i < to && isOws(bytes[i])) i++;
    if (end === start || (i < to && bytes[i] !== COMMA)) return VALUE_BAD;
    options |= connectionOption(bytes, start, end);
  }
  return options;
}

function connectionOption(bytes: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 5:
      return equalsLower(bytes, from, to, "close") ? CONNECTION_CLOSE : 0;
    case 7:
      return equalsLower(bytes, from, to, "upgrade") ? CONNECTION_UPGRADE : 0;
    case 10:
      return equalsLower(bytes, from, to, "keep-alive") ? CONNECTION_KEEP_ALIVE : 0;
    default:
      return 0;
  }
}

/** Bits of `parseTransferEncoding`. */
export const CODING_CHUNKED = 1;
/** There is a coding other than chunked. */
export const CODING_OTHER = 2;
/** Chunked is there more than once. */
export const CODING_CHUNKED_TWICE = 4;
/** The last coding is chunked. */
export const CODING_CHUNKED_LAST = 8;

/**
 * Adds the codings of one Transfer-Encoding value to `before`, the bits of the values before it,
 * since several fields are one list. `VALUE_BAD` unless it is a list of one or more tokens: an
 * empty element or a parameter is where two programs begin to disagree about where a body ends. No
 * parameter is defined for chunked (RFC 9112 §7.1), and no other coding is implemented.
 */
export function parseTransferEncoding(
  bytes: Uint8Array,
  from: number,
  to: number,
  before: number,
): number {
  let codings = before;
  let i = from;
  for (;;) {
    const start = i;
    while (i < to && TOKEN[bytes[i]] !== 0) i++;
    if (i === start) return VALUE_BAD;
    codings = addCoding(codings, equalsLower(bytes, start, i, "chunked"));
    while (i < to && isOws(bytes[i])) i++;
    if (i === to) return codings;
    if (bytes[i] !== COMMA) return VALUE_BAD;
    i++;
    while (i < to && isOws(bytes[i])) i++;
  }
}

function addCoding(codings: number, isChunked: boolean): number {
  if (!isChunked) return (codings | CODING_OTHER) & ~CODING_CHUNKED_LAST;
  const twice = (codings & CODING_CHUNKED) !== 0 ? CODING_CHUNKED_TWICE : 0;
  return codings | CODING_CHUNKED | CODING_CHUNKED_LAST | twice;
}
