/**
 * What a request head says, as small integers: where its parts are, how its body is framed, how its
 * connection goes on. It knows the meaning of the few fields that a server must understand (RFC
 * 9110 §7.2, §7.6, §7.8, §10.1.1; RFC 9112 §3.2, §6, §9.3), and which combinations of them are
 * refused. It refuses to know how the bytes came, and every other field.
 *
 * @module
 */

import {
  AUTHORITY_BAD,
  AUTHORITY_NEEDS_CHECK,
  checkAuthority,
  equalAuthorities,
} from "./authority.ts";
import {
  CODING_CHUNKED_LAST,
  CODING_CHUNKED_TWICE,
  CODING_OTHER,
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  LENGTH_TOO_LARGE,
  parseConnection,
  parseContentLength,
  parseTransferEncoding,
  VALUE_BAD,
} from "./framing_fields.ts";
import { equalsLower, isOws, QUESTION, SLASH } from "./grammar.ts";
import { METHOD_OTHER } from "./methods.ts";
import type { RefusalCode } from "./refusals.ts";

/** The target is a path with an optional query: `/a?b`. */
export const ORIGIN_FORM = 0;
/** The target is an http URL. */
export const ABSOLUTE_FORM = 1;
/** The target is `*`; the method is OPTIONS. */
export const ASTERISK_FORM = 2;
/** The target of CONNECT, which is refused: never seen in a complete head. */
export const AUTHORITY_FORM = 3;

export type TargetForm =
  | typeof ORIGIN_FORM
  | typeof ABSOLUTE_FORM
  | typeof ASTERISK_FORM
  | typeof AUTHORITY_FORM;

const HTTP_PORT = 80;
const SCHEME = "http://";

/** All positions are relative to the first byte of the head. */
const NO_HOST = new Uint8Array(0);
/** Longer hosts are checked each time. */
const LAST_HOST_BYTES_MAX = 64;

export class HeadFacts {
  /** Length of the head, leading empty lines and the final empty line included. */
  headBytes = 0;
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Where the first field line begins, or the final empty line. */
  fieldsStart = 0;
  /** A code of `METHOD_NAMES`; 0 for a method that has none. */
  method = METHOD_OTHER;
  targetForm: TargetForm = ORIGIN_FORM;
  versionMinor: 0 | 1 = 1;
  headerCount = 0;
  /** The declared length of the body in bytes; -1 when none is declared. */
  contentLength = -1;
  /** True exactly when the body is chunked. */
  chunked = false;
  /** True exactly when the client lets the connection live on (RFC 9112 §9.3). */
  keepAlive = true;
  /** True exactly when an HTTP/1.1 client waits for `100 Continue` before it sends a body. */
  expectContinue = false;
  /** True exactly when an HTTP/1.1 client offers another protocol (RFC 9110 §7.8). */
  hasUpgrade = false;
  /** The authority, from the target if it has one, else from Host; -1 when there is none. */
  hostStart = -1;
  hostEnd = -1;
  /** True exactly when only a URL parser can tell whether the host is one (`xn--` labels). */
  hostNeedsCheck = false;
  /** True exactly when a field value has bytes above 0x7f. */
  hasObsText = false;

  /** The host that passed the check last: a connection's requests nearly always name the same. */
  #lastHost: Uint8Array = NO_HOST;
  #hostFieldStart = -1;
  #hostFieldEnd = -1;
  #codings = 0;
  #connection = 0;
  #upgradeField = false;
  #expects = false;

  /** Forgets what is not written by each head anyway. */
  protected resetFacts(): void {
    this.headerCount = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.expectContinue = false;
    this.hasUpgrade = false;
    this.hostStart = -1;
    this.hostEnd = -1;
    this.hostNeedsCheck = false;
    this.hasObsText = false;
    this.#hostFieldStart = -1;
    this.#hostFieldEnd = -1;
    this.#codings = 0;
    this.#connection = 0;
    this.#upgradeField = false;
    this.#expects = false;
  }

  /**
   * Takes the authority of an absolute target, which is complete. `base` is where the head begins.
   */
  protected takeAbsoluteTarget(bytes: Uint8Array, base: number): RefusalCode | null {
    const first = base + this.targetStart;
    const end = base + this.targetEnd;
    if (beginsWith(bytes, first, end, "https://")) return "misdirected";
    if (!beginsWith(bytes, first, end, SCHEME)) return "bad-target-form";
    const from = first + SCHEME.length;
    let to = from;
    while (to < end && bytes[to] !== SLASH && bytes[to] !== QUESTION) to++;
    const verdict = checkAuthority(bytes, from, to);
    if (verdict === AUTHORITY_BAD) return "bad-target-host";
    this.hostNeedsCheck = verdict === AUTHORITY_NEEDS_CHECK;
    this.hostStart = from - base;
    this.hostEnd = to - base;
    return null;
  }

  /** Takes a complete field line. The value ends before its CR. */
  protected takeField(
    bytes: Uint8Array,
    base: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): RefusalCode | null {
    const name = base + nameStart;
    const end = base + nameEnd;
    const from = base + valueStart;
    const to = base + valueEnd;
    switch (nameEnd - nameStart) {
      case 4:
        return equalsLower(bytes, name, end, "host") ? this.#host(bytes, base, from, to) : null;
      case 6:
        return equalsLower(bytes, name, end, "expect") ? this.#expect(bytes, from, to) : null;
      case 7:
        if (equalsLower(bytes, name, end, "upgrade")) this.#upgradeField = true;
        return null;
      case 10:
        if (!equalsLower(bytes, name, end, "connection")) return null;
        return this.#takeConnection(bytes, from, to);
      case 14:
        if (!equalsLower(bytes, name, end, "content-length")) return null;
        return this.#takeContentLength(bytes, from, to);
      case 17:
        if (!equalsLower(bytes, name, end, "transfer-encoding")) return null;
        return this.#takeTransferEncoding(bytes, from, to);
      default:
        return null;
    }
  }

  /** Judges the head as a whole once its last byte is there. */
  protected takeEnd(bytes: Uint8Array, base: number): RefusalCode | null {
    if (this.#hostFieldStart < 0) {
      if (this.versionMinor === 1) return "host-missing";
    } else if (this.hostStart < 0) {
      this.hostStart = this.#hostFieldStart;
      this.hostEnd = this.#hostFieldEnd;
    } else if (!this.#hostsAgree(bytes, base)) return "host-differs";
    if (this.#codings !== 0) {
      const refused = judgeCodings(this.#codings);
      if (refused !== null) return refused;
      this.chunked = true;
    }
    const options = this.#connection;
    this.keepAlive = (options & CONNECTION_CLOSE) === 0 &&
      (this.versionMinor === 1 || (options & CONNECTION_KEEP_ALIVE) !== 0);
    this.hasUpgrade = this.#upgradeField && this.versionMinor === 1 &&
      (options & CONNECTION_UPGRADE) !== 0;
    // Without a body there is nothing to wait for.
    this.expectContinue = this.#expects && (this.chunked || this.contentLength > 0);
    return null;
  }

  #host(bytes: Uint8Array, base: number, from: number, to: number): RefusalCode | null {
    if (this.#hostFieldStart >= 0) return "host-repeated";
    const end = trimEnd(bytes, from, to);
    if (!equalBytes(bytes, from, end, this.#lastHost)) {
      const verdict = checkAuthority(bytes, from, end);
      if (verdict === AUTHORITY_BAD) return "bad-host";
      if (verdict === AUTHORITY_NEEDS_CHECK) this.hostNeedsCheck = true;
      else if (end - from <= LAST_HOST_BYTES_MAX) {
        this.#lastHost = new Uint8Array(bytes.subarray(from, end));
      }
    }
    this.#hostFieldStart = from - base;
    this.#hostFieldEnd = end - base;
    return null;
  }

  #hostsAgree(bytes: Uint8Array, base: number): boolean {
    return equalAuthorities(
      bytes,
      base + this.hostStart,
      base + this.hostEnd,
      base + this.#hostFieldStart,
      base + this.#hostFieldEnd,
      HTTP_PORT,
    );
  }

  #expect(bytes: Uint8Array, from: number, to: number): RefusalCode | null {
    // HTTP/1.0 has no expectations (RFC 9110 §10.1.1).
    if (this.versionMinor === 0) return null;
    if (!equalsLower(bytes, from, trimEnd(bytes, from, to), "100-continue")) {
      return "expectation-failed";
    }
    this.#expects = true;
    return null;
  }

  #takeConnection(bytes: Uint8Array, from: number, to: number): RefusalCode | null {
    const options = parseConnection(bytes, from, to);
    if (options === VALUE_BAD) return "bad-connection";
    this.#connection |= options;
    return null;
  }

  #takeContentLength(bytes: Uint8Array, from: number, to: number): RefusalCode | null {
    if (this.contentLength >= 0) return "content-length-repeated";
    if (this.#codings !== 0) return "length-and-coding";
    const length = parseContentLength(bytes, from, trimEnd(bytes, from, to));
    if (length === VALUE_BAD) return "bad-content-length";
    if (length === LENGTH_TOO_LARGE) return "content-length-too-large";
    this.contentLength = length;
    return null;
  }

  #takeTransferEncoding(bytes: Uint8Array, from: number, to: number): RefusalCode | null {
    if (this.versionMinor === 0) return "coding-in-http10";
    if (this.contentLength >= 0) return "length-and-coding";
    const end = trimEnd(bytes, from, to);
    const codings = parseTransferEncoding(bytes, from, end, this.#codings);
    if (codings === VALUE_BAD) return "bad-transfer-encoding";
    this.#codings = codings;
    return null;
  }
}

/** True exactly when `bytes[from … to)` are `other`, which is not empty. */
function equalBytes(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (other.length === 0 || to - from !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[from + i] !== other[i]) return false;
  return true;
}

/** `codings` are the bits of all Transfer-Encoding fields together. */
function judgeCodings(codings: number): RefusalCode | null {
  if ((codings & CODING_CHUNKED_TWICE) !== 0) return "chunked-repeated";
  if ((codings & CODING_CHUNKED_LAST) === 0) return "chunked-not-last";
  if ((codings & CODING_OTHER) !== 0) return "coding-not-implemented";
  return null;
}

/** True exactly when `words`, in lower case, stand at `from` in any case. */
function beginsWith(bytes: Uint8Array, from: number, to: number, words: string): boolean {
  return equalsLower(bytes, from, Math.min(to, from + words.length), words);
}

/** Where the value ends that begins at `from`, without the white space before `to`. */
function trimEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && isOws(bytes[end - 1])) end--;
  return end;
}
