/**
 * The parser of a request head: one pass over its bytes, resumable at every byte, strict. It knows
 * the lines of RFC 9112 §2 to §5 and what may stand where in them. It refuses to know what a field
 * means (that is `HeadFacts`), strings (they are made late, by `ByteHead`), bodies, and
 * connections.
 *
 * What holds:
 * - The outcome depends on the bytes alone, never on how they were split.
 * - A byte that cannot stand where it stands is refused when it is seen, not at the end of a line.
 * - Nothing is allocated, unless a request is refused.
 *
 * Nearly all heads come as a whole and are plain. For these there is a way without states
 * (`#readPlain`), which takes half the time. It accepts less than the grammar, refuses nothing and
 * leaves everything else to the states, which have the last word.
 *
 * @module
 */

import type { HttpError } from "../errors.ts";
import {
  COLON,
  CR,
  DOT,
  isDigit,
  isOws,
  LF,
  SLASH,
  SP,
  TARGET,
  TOKEN,
  VALUE,
  VALUE_OBS,
} from "./grammar.ts";
import {
  ABSOLUTE_FORM,
  ASTERISK_FORM,
  AUTHORITY_FORM,
  HeadFacts,
  ORIGIN_FORM,
  type TargetForm,
} from "./head_facts.ts";
import { METHOD_CONNECT, METHOD_OPTIONS, METHOD_OTHER, methodOf } from "./methods.ts";
import { refusal, type RefusalCode } from "./refusals.ts";

export { ABSOLUTE_FORM, ASTERISK_FORM, AUTHORITY_FORM, ORIGIN_FORM, type TargetForm };
export { METHOD_NAMES } from "./methods.ts";

/** What `feed` answers: the head is complete. */
export const HEAD_DONE = 0;
/** The head goes on: keep its bytes and feed them again with more behind. */
export const HEAD_MORE = 1;
/** The head is refused; `error` says how. */
export const HEAD_BAD = 2;

export type HeadCode = typeof HEAD_DONE | typeof HEAD_MORE | typeof HEAD_BAD;

/** The limits of one head, each inclusive. */
export interface HeadLimits {
  /** From the first byte, leading empty lines included, to the final CRLFCRLF: 431 past it. */
  headBytesMax: number;
  /** How many field lines: 431 past it. */
  headerCountMax: number;
  /** 414 past it, also when the target alone fills `headBytesMax`. */
  targetBytesMax: number;
}

/** A client may send a CRLF too many behind a body (RFC 9112 §2.2); some send two. */
const EMPTY_LINES_MAX = 4;
const METHOD_BYTES_MAX = 32;
const UPPER_H = 0x48;
const UPPER_T = 0x54;
const UPPER_P = 0x50;
const HTTP_SLASH = [UPPER_H, UPPER_T, UPPER_T, UPPER_P, SLASH];
const ASTERISK = 0x2a;
const LOWER_H = 0x68;
const ZERO = 0x30;
const ONE = 0x31;
/** ` HTTP/1.1` with CR LF. */
const HTTP11_BYTES = 11;

// Where in the head the next byte stands.
const AT_START = 0;
const AT_EMPTY_LINE_LF = 1;
const IN_METHOD = 2;
const IN_TARGET = 3;
const IN_VERSION = 4;
const AT_LINE = 5;
const IN_NAME = 6;
const BEFORE_VALUE = 7;
const IN_VALUE = 8;
const AT_VALUE_LF = 9;
const AT_FINAL_LF = 10;
const OVER = 11;

export class RequestHeadParser extends HeadFacts {
  /** True exactly when a byte other than those of leading empty lines was seen. */
  started = false;
  /** After `HEAD_BAD`: the refusal. */
  error: HttpError | null = null;

  readonly #limits: HeadLimits;
  #state = AT_START;
  /** How many bytes were taken. */
  #at = 0;
  #emptyLines = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;

  constructor(limits: HeadLimits) {
    super();
    this.#limits = { ...limits };
  }

  /** Makes the parser ready for the next head. */
  reset(): void {
    this.resetFacts();
    this.started = false;
    this.error = null;
    this.#state = AT_START;
    this.#at = 0;
    this.#emptyLines = 0;
  }

  /**
   * Takes the bytes of a head, whose first byte is `bytes[start]`, up to `end`. After `HEAD_MORE`
   * the caller keeps all of them and calls again with the same bytes, wherever they are now, and
   * more behind: the parser goes on where it stopped. After another answer it is called again only
   * when `reset`. The array is borrowed for the call.
   */
  feed(
    bytes: Uint8Array,
    start: number,
    end: number,
  ): HeadCode {
    const max = start + this.#limits.headBytesMax;
    const limit = end < max ? end : max;
    if (this.#at === 0 && this.#state === AT_START && this.#readPlain(bytes, start, limit)) {
      return HEAD_DONE;
    }
    let pos = start + this.#at;
    if (this.#state < AT_LINE) pos = this.#requestLine(bytes, start, pos, limit);
    if (this.#state >= AT_LINE && pos >= 0) pos = this.#fieldLines(bytes, start, pos, limit);
    if (pos < 0) return HEAD_BAD;
    this.#at = pos - start;
    if (this.#state === OVER) {
      this.headBytes = this.#at;
      const refused = this.takeEnd(bytes, start);
      if (refused === null) return HEAD_DONE;
      this.#refuse(refused);
      return HEAD_BAD;
    }
    if (pos < max) return HEAD_MORE;
    this.#refuse(this.#state === IN_TARGET ? "target-too-long" : "head-too-large");
    return HEAD_BAD;
  }

  /**
   * Takes a head that is here as a whole, of HTTP/1.1 and with a path for its target. Answers false
   * for any other, and for one that is to be refused; nothing was taken then.
   */
  #readPlain(bytes: Uint8Array, start: number, limit: number): boolean {
    let pos = start;
    while (pos < limit && TOKEN[bytes[pos]] !== 0) pos++;
    const methodEnd = pos;
    const path = methodEnd + 1;
    if (path >= limit || bytes[methodEnd] !== SP || bytes[path] !== SLASH) return false;
    const method = methodOf(bytes, start, methodEnd);
    // It has a code, so it is not too long; and none is empty.
    if (method === METHOD_OTHER || method === METHOD_CONNECT) return false;
    pos = path + 1;
    while (pos < limit && TARGET[bytes[pos]] !== 0) pos++;
    const targetEnd = pos;
    if (targetEnd - path > this.#limits.targetBytesMax) return false;
    if (targetEnd + HTTP11_BYTES > limit || !isHttp11(bytes, targetEnd)) return false;
    pos = targetEnd + HTTP11_BYTES;
    this.fieldsStart = pos - start;
    this.versionMinor = 1;
    pos = this.#plainFields(bytes, start, pos, limit);
    if (pos < 0 || this.headerCount > this.#limits.headerCountMax) return this.#notPlain();
    this.method = method;
    this.methodStart = 0;
    this.methodEnd = methodEnd - start;
    this.targetForm = ORIGIN_FORM;
    this.targetStart = path - start;
    this.targetEnd = targetEnd - start;
    this.headBytes = pos - start;
    return this.takeEnd(bytes, start) === null || this.#notPlain();
  }

  /** The field lines of a plain head. Answers where the head ends, or -1. */
  #plainFields(bytes: Uint8Array, start: number, from: number, limit: number): number {
    let pos = from;
    let count = 0;
    let kinds = 0;
    while (pos + 1 < limit) {
      const name = pos;
      while (pos < limit && TOKEN[bytes[pos]] !== 0) pos++;
      const nameEnd = pos;
      if (nameEnd === name) {
        if (bytes[pos] !== CR || bytes[pos + 1] !== LF) return -1;
        this.headerCount = count;
        this.hasObsText = (kinds & VALUE_OBS) !== 0;
        return pos + 2;
      }
      if (pos === limit || bytes[pos] !== COLON) return -1;
      pos++;
      while (pos < limit && isOws(bytes[pos])) pos++;
      const value = pos;
      let kind = 0;
      while (pos < limit && (kind = VALUE[bytes[pos]]) !== 0) {
        kinds |= kind;
        pos++;
      }
      if (pos + 1 >= limit || bytes[pos] !== CR || bytes[pos + 1] !== LF) return -1;
      count++;
      const refused = this.takeField(
        bytes,
        start,
        name - start,
        nameEnd - start,
        value - start,
        pos - start,
      );
      if (refused !== null) return -1;
      pos += 2;
    }
    return -1;
  }

  /** Undoes what a head left that turned out not to be plain; the states begin it anew. */
  #notPlain(): false {
    this.resetFacts();
    return false;
  }

  /** Up to the first field line. Answers the position reached, or -1 for a refusal. */
  #requestLine(bytes: Uint8Array, start: number, from: number, limit: number): number {
    let pos = from;
    if (this.#state < IN_METHOD) {
      pos = this.#emptyLinesBefore(bytes, start, pos, limit);
    }
    if (this.#state === IN_METHOD && pos >= 0) pos = this.#methodToken(bytes, start, pos, limit);
    if (this.#state === IN_TARGET && pos >= 0) pos = this.#target(bytes, start, pos, limit);
    if (this.#state === IN_VERSION && pos >= 0) pos = this.#version(bytes, start, pos, limit);
    return pos;
  }

  #emptyLinesBefore(bytes: Uint8Array, start: number, from: number, limit: number): number {
    let pos = from;
    for (; pos < limit; pos++) {
      const byte = bytes[pos];
      if (this.#state === AT_EMPTY_LINE_LF) {
        if (byte !== LF) return this.#refuse("bare-cr");
        this.#state = AT_START;
      } else if (byte === CR) {
        if (++this.#emptyLines > EMPTY_LINES_MAX) return this.#refuse("too-many-empty-lines");
        this.#state = AT_EMPTY_LINE_LF;
      } else {
        if (byte === LF) return this.#refuse("bare-lf");
        this.started = true;
        this.methodStart = pos - start;
        this.#state = IN_METHOD;
        return pos;
      }
    }
    return pos;
  }

  #methodToken(bytes: Uint8Array, start: number, from: number, limit: number): number {
    const first = start + this.methodStart;
    const stop = Math.min(limit, first + METHOD_BYTES_MAX);
    let pos = from;
    while (pos < stop && TOKEN[bytes[pos]] !== 0) pos++;
    if (pos === limit) return pos;
    const byte = bytes[pos];
    if (byte !== SP || pos === first) {
      if (byte === LF) return this.#refuse("bare-lf");
      return this.#refuse(TOKEN[byte] !== 0 ? "method-too-long" : "bad-method");
    }
    this.methodEnd = pos - start;
    this.method = methodOf(bytes, first, pos);
    this.targetStart = this.methodEnd + 1;
    if (this.method === METHOD_CONNECT) {
      this.targetForm = AUTHORITY_FORM;
      return this.#refuse("connect-not-implemented");
    }
    this.#state = IN_TARGET;
    return pos + 1;
  }

  #target(bytes: Uint8Array, start: number, from: number, limit: number): number {
    if (from === limit) return from;
    const first = start + this.targetStart;
    if (from === first) {
      const form = formOf(bytes[first]);
      if (form === -1) return this.#refuse(targetRefusal(bytes[first]));
      this.targetForm = form;
    }
    const stop = Math.min(limit, first + this.#limits.targetBytesMax);
    let pos = from;
    while (pos < stop && TARGET[bytes[pos]] !== 0) pos++;
    if (pos === limit) return pos;
    const byte = bytes[pos];
    if (byte !== SP) {
      if (byte === LF) return this.#refuse("bare-lf");
      if (byte === CR) return this.#refuse("bad-version");
      return this.#refuse(TARGET[byte] !== 0 ? "target-too-long" : "bad-target");
    }
    this.targetEnd = pos - start;
    if (this.targetForm === ASTERISK_FORM && pos > first + 1) {
      return this.#refuse("bad-target-form");
    }
    if (this.targetForm === ABSOLUTE_FORM) {
      const refused = this.takeAbsoluteTarget(bytes, start);
      if (refused !== null) return this.#refuse(refused);
    }
    this.#state = IN_VERSION;
    return pos + 1;
  }

  /** `HTTP/d.d` CR LF. How far it has come is the distance from the target's end. */
  #version(bytes: Uint8Array, start: number, from: number, limit: number): number {
    const first = start + this.targetEnd + 1;
    for (let pos = from; pos < limit; pos++) {
      const byte = bytes[pos];
      const index = pos - first;
      if (index < 5 ? byte !== HTTP_SLASH[index] : index < 8 && !isVersionByte(byte, index)) {
        return this.#refuse(byte === LF ? "bare-lf" : "bad-version");
      }
      if (index === 8 && byte !== CR) return this.#refuse(byte === LF ? "bare-lf" : "bad-version");
      if (index === 9) {
        if (byte !== LF) return this.#refuse("bare-cr");
        return this.#endRequestLine(bytes, start, pos);
      }
    }
    return limit;
  }

  /** `pos` is at the LF of the request line. */
  #endRequestLine(bytes: Uint8Array, start: number, pos: number): number {
    const minor = bytes[pos - 2];
    if (bytes[pos - 4] !== ONE || (minor !== ONE && minor !== ZERO)) {
      return this.#refuse("version-not-supported");
    }
    this.versionMinor = minor === ONE ? 1 : 0;
    if (this.targetForm === ASTERISK_FORM && this.method !== METHOD_OPTIONS) {
      return this.#refuse("bad-target-form");
    }
    this.fieldsStart = pos + 1 - start;
    this.#state = AT_LINE;
    return pos + 1;
  }

  /** From the first field line to the end of the head. Answers the position reached, or -1. */
  #fieldLines(bytes: Uint8Array, start: number, from: number, limit: number): number {
    let pos = from;
    let state = this.#state;
    while (pos < limit) {
      if (state === AT_LINE) {
        state = this.#lineStart(bytes[pos]);
        if (state < 0) return -1;
        if (state === IN_NAME) this.#nameStart = pos - start;
        pos++;
      }
      if (state === IN_NAME) {
        while (pos < limit && TOKEN[bytes[pos]] !== 0) pos++;
        if (pos === limit) break;
        if (bytes[pos] !== COLON) return this.#refuse(nameRefusal(bytes[pos]));
        this.#nameEnd = pos - start;
        state = BEFORE_VALUE;
        pos++;
      }
      if (state === BEFORE_VALUE) {
        while (pos < limit && isOws(bytes[pos])) pos++;
        if (pos === limit) break;
        this.#valueStart = pos - start;
        state = IN_VALUE;
      }
      if (state === IN_VALUE) {
        let kinds = 0;
        let kind = 0;
        while (pos < limit && (kind = VALUE[bytes[pos]]) !== 0) {
          kinds |= kind;
          pos++;
        }
        if ((kinds & VALUE_OBS) !== 0) this.hasObsText = true;
        if (pos === limit) break;
        if (bytes[pos] !== CR) {
          return this.#refuse(bytes[pos] === LF ? "bare-lf" : "control-in-value");
        }
        this.#valueEnd = pos - start;
        state = AT_VALUE_LF;
        pos++;
        if (pos === limit) break;
      }
      if (state === AT_VALUE_LF) {
        if (bytes[pos] !== LF) return this.#refuse("bare-cr");
        const refused = this.takeField(
          bytes,
          start,
          this.#nameStart,
          this.#nameEnd,
          this.#valueStart,
          this.#valueEnd,
        );
        if (refused !== null) return this.#refuse(refused);
        state = AT_LINE;
        pos++;
      } else if (state === AT_FINAL_LF && pos < limit) {
        if (bytes[pos] !== LF) return this.#refuse("bare-cr");
        state = OVER;
        pos++;
        break;
      }
    }
    this.#state = state;
    return pos;
  }

  /** The state that the first byte of a line leads to, or -1 for a refusal. */
  #lineStart(byte: number): number {
    if (TOKEN[byte] !== 0) {
      if (++this.headerCount > this.#limits.headerCountMax) return this.#refuse("too-many-fields");
      return IN_NAME;
    }
    if (byte === CR) return AT_FINAL_LF;
    if (isOws(byte)) return this.#refuse("obs-fold");
    return this.#refuse(byte === LF ? "bare-lf" : "bad-field-name");
  }

  /** Makes the error for `code`; -1, for the caller to answer with. */
  #refuse(code: RefusalCode): -1 {
    this.started = true;
    this.error = refusal(code);
    return -1;
  }
}

/**
 * True exactly when ` HTTP/1.1` and the end of the line stand at `pos`. Each request passes here: a
 * loop over a list of the same bytes takes 13 to 16 ns, and this 8 to 13 (Node 26, Deno 2.9, Bun
 * 1.4).
 */
function isHttp11(bytes: Uint8Array, pos: number): boolean {
  return bytes[pos] === SP && bytes[pos + 1] === UPPER_H && bytes[pos + 2] === UPPER_T &&
    bytes[pos + 3] === UPPER_T && bytes[pos + 4] === UPPER_P && bytes[pos + 5] === SLASH &&
    bytes[pos + 6] === ONE && bytes[pos + 7] === DOT && bytes[pos + 8] === ONE &&
    bytes[pos + 9] === CR && bytes[pos + 10] === LF;
}

/** The form that a target's first byte promises; -1 when it is none. */
function formOf(byte: number): TargetForm | -1 {
  if (byte === SLASH) return ORIGIN_FORM;
  if (byte === ASTERISK) return ASTERISK_FORM;
  return (byte | 0x20) === LOWER_H ? ABSOLUTE_FORM : -1;
}

function targetRefusal(byte: number): RefusalCode {
  if (byte === LF) return "bare-lf";
  return TARGET[byte] !== 0 ? "bad-target-form" : "bad-target";
}

function nameRefusal(byte: number): RefusalCode {
  if (byte === LF) return "bare-lf";
  return isOws(byte) ? "space-before-colon" : "bad-field-name";
}

/** True exactly when `byte` may stand at `index`, 5 to 7, of `HTTP/d.d`. */
function isVersionByte(byte: number, index: number): boolean {
  return index === 6 ? byte === DOT : isDigit(byte);
}
