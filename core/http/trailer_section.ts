/**
 * The trailer section behind the last chunk (RFC 9112 §7.1.2), one byte at a time. It knows the
 * field grammar and which fields may not stand there; it refuses to know the chunks before it.
 *
 * Trailers are rare and small, so plainness wins over speed here: every byte is one step.
 *
 * @module
 */

import { COLON, CR, isOws, LF, TOKEN, VALUE } from "./grammar.ts";
import { trimOws } from "./ows.ts";
import type { RefusalCode } from "./refusals.ts";

/** What `take` answers besides a refusal. */
export const TRAILERS_MORE = 0;
export const TRAILERS_DONE = 1;

const AT_LINE = 0;
const IN_NAME = 1;
const BEFORE_VALUE = 2;
const IN_VALUE = 3;
const AT_VALUE_LF = 4;
const AT_FINAL_LF = 5;

/**
 * Fields that a recipient must have before the content, or that belong to one hop: framing,
 * routing, the connection, request modifiers, authentication, content format (RFC 9110 §6.5.1). A
 * sender must not put them here, and whoever does hopes that somebody merges them into the head.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** True exactly when a field of this lower-case name may stand behind a body. */
export function isTrailerName(lowerCaseName: string): boolean {
  return !FORBIDDEN.has(lowerCaseName);
}

export class TrailerSection {
  /** Flat: name, value, name, value …; names as sent, values without white space at their ends. */
  fields: string[] = [];
  #state = AT_LINE;
  #name = "";
  #value = "";

  reset(): void {
    if (this.fields.length > 0) this.fields = [];
    this.#state = AT_LINE;
    this.#name = "";
    this.#value = "";
  }

  /** True exactly when the next byte, if it is `byte`, is counted: all but the final empty line. */
  counts(byte: number): boolean {
    return this.#state !== AT_FINAL_LF && (this.#state !== AT_LINE || byte !== CR);
  }

  /** Takes one byte. */
  take(byte: number): typeof TRAILERS_MORE | typeof TRAILERS_DONE | RefusalCode {
    switch (this.#state) {
      case AT_LINE:
        return this.#lineStart(byte);
      case IN_NAME:
        return this.#inName(byte);
      case BEFORE_VALUE:
      case IN_VALUE:
        return this.#inValue(byte);
      case AT_VALUE_LF:
        if (byte !== LF) return "bare-cr";
        this.fields.push(this.#name, trimOws(this.#value));
        this.#name = this.#value = "";
        this.#state = AT_LINE;
        return TRAILERS_MORE;
      default:
        return byte === LF ? TRAILERS_DONE : "bare-cr";
    }
  }

  #lineStart(byte: number): typeof TRAILERS_MORE | RefusalCode {
    if (byte === CR) {
      this.#state = AT_FINAL_LF;
      return TRAILERS_MORE;
    }
    if (isOws(byte)) return "obs-fold";
    if (byte === LF) return "bare-lf";
    if (TOKEN[byte] === 0) return "bad-field-name";
    this.#name = String.fromCharCode(byte);
    this.#state = IN_NAME;
    return TRAILERS_MORE;
  }

  #inName(byte: number): typeof TRAILERS_MORE | RefusalCode {
    if (TOKEN[byte] !== 0) {
      this.#name += String.fromCharCode(byte);
      return TRAILERS_MORE;
    }
    if (byte === LF) return "bare-lf";
    if (byte !== COLON) return isOws(byte) ? "space-before-colon" : "bad-field-name";
    this.#state = BEFORE_VALUE;
    return isTrailerName(this.#name.toLowerCase()) ? TRAILERS_MORE : "forbidden-trailer";
  }

  #inValue(byte: number): typeof TRAILERS_MORE | RefusalCode {
    if (this.#state === BEFORE_VALUE) {
      if (isOws(byte)) return TRAILERS_MORE;
      this.#state = IN_VALUE;
    }
    if (VALUE[byte] !== 0) {
      this.#value += String.fromCharCode(byte);
      return TRAILERS_MORE;
    }
    if (byte !== CR) return byte === LF ? "bare-lf" : "control-in-value";
    this.#state = AT_VALUE_LF;
    return TRAILERS_MORE;
  }
}
