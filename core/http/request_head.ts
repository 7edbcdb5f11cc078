/**
 * A request head as the layers above see it. `ByteHead` knows where in the bytes everything is and
 * makes strings at first use; `PlainHead` has them from the start. Both refuse to know connections,
 * and what any field means beyond the facts that the parser found.
 *
 * @module
 */

import type { ByteText } from "../capabilities/byte_text.ts";
import { portableText } from "./latin1.ts";
import { METHOD_HEAD, METHOD_NAMES } from "./methods.ts";
import { trimOws } from "./ows.ts";
import { ORIGIN_FORM, type RequestHeadParser, type TargetForm } from "./request_head_parser.ts";

/**
 * A request's method, target and fields. Strings are made when they are asked for; a head that
 * nobody kept (`keep`) is dropped at the end of its request.
 */
export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** The request target as sent: a path with an optional query, an http URL, or `*`. */
  readonly target: string;
  /** Which of the forms of RFC 9112 §3.2 the target has. @internal */
  readonly targetForm: TargetForm;
  /** The request is of HTTP/1.0 or of HTTP/1.1. */
  readonly versionMinor: 0 | 1;
  /** `host[:port]` of an absolute target, else of the Host field; `""` when there is none. */
  readonly authority: string;
  /**
   * True exactly when a label of the authority starts with `xn--`, so that `new URL` may refuse it:
   * ask `URL.canParse` before.
   */
  readonly hostNeedsCheck: boolean;
  /** The declared length of the body in bytes; -1 when none is declared. */
  readonly contentLength: number;
  /** True exactly when the body is chunked. */
  readonly chunked: boolean;
  /** True exactly when the client lets the connection live on. */
  readonly keepAlive: boolean;
  /** True exactly when the client waits for `100 Continue` before it sends the body. */
  readonly expectContinue: boolean;
  /** True exactly when the client offers another protocol (RFC 9110 §7.8). */
  readonly hasUpgrade: boolean;
  /** True exactly when the method is HEAD. */
  readonly isHead: boolean;
  /**
   * Flat: name, value, name, value … in wire order. Names as sent, values as Latin-1 without white
   * space at their ends. The same array at each call; not to be changed.
   */
  fields(): readonly string[];
  /**
   * The value of a field, null when it is not there. Values of a repeated field are joined by `, `,
   * those of `cookie` by `; ` (RFC 9110 §5.3, RFC 9113 §8.2.3).
   */
  get(lowerCaseName: string): string | null;
  /** The values of a field, one for each line. */
  getAll(lowerCaseName: string): string[];
  /** Makes everything readable for ever, for whoever may look after its request's end. */
  keep(): void;
}

/**
 * The authority that was asked for last: the clients of a server mostly name the same one.
 *
 * It may be shared by all servers of a process, since it changes no answer: a head has the same
 * text with it and without, as a copy or as this very string. Beside a parser, or in a server, it
 * would be one more reference in each head. What it keeps alive is the one text that it was cut
 * from, at most `headBytesMax`.
 */
let lastAuthority = "";

/** What a dropped head has instead of text: nothing can be found in it. */
const DROPPED = "";

/** A head over the bytes of a connection. */
export class ByteHead implements RequestHead {
  readonly targetForm: TargetForm;
  readonly versionMinor: 0 | 1;
  readonly contentLength: number;
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  readonly hasUpgrade: boolean;
  readonly hostNeedsCheck: boolean;
  readonly #method: number;
  readonly #methodStart: number;
  readonly #methodEnd: number;
  readonly #targetStart: number;
  readonly #targetEnd: number;
  readonly #hostStart: number;
  readonly #hostEnd: number;
  readonly #fieldsStart: number;
  readonly #headBytes: number;
  readonly #hasObsText: boolean;
  readonly #start: number;
  readonly #byteText: ByteText;
  /** Borrowed until `keep` or `drop`. */
  #bytes: Uint8Array | null;
  /** The whole head, once it was needed or kept. */
  #text: string | null = null;
  #target: string | null = null;
  #authority: string | null = null;
  #fields: readonly string[] | null = null;

  /**
   * Copies the facts out of a parser that has just answered `HEAD_DONE` for the head at `start`,
   * and borrows the bytes until `keep` or `drop`.
   */
  constructor(
    parser: RequestHeadParser,
    bytes: Uint8Array,
    start: number,
    byteText: ByteText = portableText,
  ) {
    this.targetForm = parser.targetForm;
    this.versionMinor = parser.versionMinor;
    this.contentLength = parser.contentLength;
    this.chunked = parser.chunked;
    this.keepAlive = parser.keepAlive;
    this.expectContinue = parser.expectContinue;
    this.hasUpgrade = parser.hasUpgrade;
    this.hostNeedsCheck = parser.hostNeedsCheck;
    this.#method = parser.method;
    this.#methodStart = parser.methodStart;
    this.#methodEnd = parser.methodEnd;
    this.#targetStart = parser.targetStart;
    this.#targetEnd = parser.targetEnd;
    this.#hostStart = parser.hostStart;
    this.#hostEnd = parser.hostEnd;
    this.#fieldsStart = parser.fieldsStart;
    this.#headBytes = parser.headBytes;
    this.#hasObsText = parser.hasObsText;
    this.#start = start;
    this.#byteText = byteText;
    this.#bytes = bytes;
  }

  /** How much text is kept, one byte for each character; 0 while the head borrows. */
  get keptBytes(): number {
    return this.#text === null ? 0 : this.#text.length;
  }

  get isHead(): boolean {
    return this.#method === METHOD_HEAD;
  }

  get method(): string {
    return METHOD_NAMES[this.#method] || this.#slice(this.#methodStart, this.#methodEnd);
  }

  get target(): string {
    return this.#target ??= this.#slice(this.#targetStart, this.#targetEnd);
  }

  get authority(): string {
    if (this.#hostStart < 0) return "";
    return this.#authority ??= this.#lastAuthority() ?? this.#newAuthority();
  }

  fields(): readonly string[] {
    return this.#fields ??= splitFields(this.#wholeText(), this.#fieldsStart);
  }

  get(lowerCaseName: string): string | null {
    const text = this.#wholeText();
    let line = findField(text, this.#fieldsStart, lowerCaseName);
    if (line < 0) return null;
    let value = valueAt(text, line, lowerCaseName);
    while ((line = findField(text, text.indexOf(CRLF, line) + 2, lowerCaseName)) >= 0) {
      value += separatorOf(lowerCaseName) + valueAt(text, line, lowerCaseName);
    }
    return value;
  }

  getAll(lowerCaseName: string): string[] {
    const text = this.#wholeText();
    const values: string[] = [];
    let line = findField(text, this.#fieldsStart, lowerCaseName);
    while (line >= 0) {
      values.push(valueAt(text, line, lowerCaseName));
      line = findField(text, text.indexOf(CRLF, line) + 2, lowerCaseName);
    }
    return values;
  }

  /**
   * The bytes are about to go away: keeps the head as one string. Everything is readable for ever
   * from then on. Does nothing when called again or after `drop`.
   */
  keep(): void {
    this.#wholeText();
    this.#bytes = null;
  }

  /**
   * Gives the bytes back without keeping them. What was not read before reads as empty from then
   * on: `""`, no fields. Does nothing after `keep`.
   */
  drop(): void {
    this.#text ??= DROPPED;
    this.#bytes = null;
  }

  /** The string of the last one if this one is the same, so that nothing is copied. */
  #lastAuthority(): string | null {
    const { length } = lastAuthority;
    if (this.#text === null || this.#hostEnd - this.#hostStart !== length) return null;
    return this.#text.startsWith(lastAuthority, this.#hostStart) ? lastAuthority : null;
  }

  #newAuthority(): string {
    return lastAuthority = this.#slice(this.#hostStart, this.#hostEnd);
  }

  #wholeText(): string {
    if (this.#text === null) {
      const end = this.#start + this.#headBytes;
      this.#text = this.#byteText(this.#bytes!, this.#start, end, !this.#hasObsText);
    }
    return this.#text;
  }

  /** A part of the head without field values but Host, so always ASCII. */
  #slice(from: number, to: number): string {
    if (this.#text !== null) return this.#text.slice(from, to);
    return this.#byteText(this.#bytes!, this.#start + from, this.#start + to, true);
  }
}

/** What `makeHead` needs to know; what is left out is what the simplest GET has. */
export interface PlainHeadOptions {
  readonly method?: string;
  readonly target?: string;
  readonly targetForm?: TargetForm;
  readonly versionMinor?: 0 | 1;
  readonly authority?: string;
  readonly hostNeedsCheck?: boolean;
  readonly contentLength?: number;
  readonly chunked?: boolean;
  readonly keepAlive?: boolean;
  readonly expectContinue?: boolean;
  readonly hasUpgrade?: boolean;
  /** Name and value of each field, in order: a list of pairs or a `Headers`. Read at first use. */
  readonly fields?: Iterable<readonly [string, string]>;
}

/**
 * A head whose strings somebody else has made: a runtime that parses requests itself, or a test.
 */
export class PlainHead implements RequestHead {
  readonly method: string;
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly versionMinor: 0 | 1;
  readonly authority: string;
  readonly hostNeedsCheck: boolean;
  readonly contentLength: number;
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  readonly hasUpgrade: boolean;
  readonly isHead: boolean;
  readonly #source: Iterable<readonly [string, string]>;
  #fields: string[] | null = null;

  constructor(options: PlainHeadOptions) {
    this.method = options.method ?? "GET";
    this.target = options.target ?? "/";
    this.targetForm = options.targetForm ?? ORIGIN_FORM;
    this.versionMinor = options.versionMinor ?? 1;
    this.authority = options.authority ?? "";
    this.hostNeedsCheck = options.hostNeedsCheck ?? false;
    this.contentLength = options.contentLength ?? -1;
    this.chunked = options.chunked ?? false;
    this.keepAlive = options.keepAlive ?? true;
    this.expectContinue = options.expectContinue ?? false;
    this.hasUpgrade = options.hasUpgrade ?? false;
    this.isHead = this.method === "HEAD";
    this.#source = options.fields ?? [];
  }

  fields(): readonly string[] {
    if (this.#fields === null) {
      this.#fields = [];
      for (const [name, value] of this.#source) this.#fields.push(name, value);
    }
    return this.#fields;
  }

  get(lowerCaseName: string): string | null {
    const values = this.getAll(lowerCaseName);
    return values.length === 0 ? null : values.join(separatorOf(lowerCaseName));
  }

  getAll(lowerCaseName: string): string[] {
    const fields = this.fields();
    const values: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i].toLowerCase() === lowerCaseName) values.push(fields[i + 1]);
    }
    return values;
  }

  /** It is all here. */
  keep(): void {}
}

/** A head from its parts. */
export function makeHead(options: PlainHeadOptions): PlainHead {
  return new PlainHead(options);
}

const CRLF = "\r\n";
const COLON_CODE = 0x3a;
const CR_CODE = 0x0d;

function separatorOf(lowerCaseName: string): string {
  return lowerCaseName === "cookie" ? "; " : ", ";
}

/**
 * Where the next line of the field begins, at `from` or after it; -1 when there is none. `text` is
 * a head that passed the parser, and `from` is where one of its lines begins.
 */
function findField(text: string, from: number, lowerCaseName: string): number {
  const length = lowerCaseName.length;
  let line = from;
  while (line < text.length && text.charCodeAt(line) !== CR_CODE) {
    if (
      text.charCodeAt(line + length) === COLON_CODE && startsWithName(text, line, lowerCaseName)
    ) return line;
    line = text.indexOf(CRLF, line) + 2;
  }
  return -1;
}

/** True exactly when `lowerCaseName` stands at `line`, in any case. */
function startsWithName(text: string, line: number, lowerCaseName: string): boolean {
  for (let i = 0; i < lowerCaseName.length; i++) {
    const code = text.charCodeAt(line + i);
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (lower !== lowerCaseName.charCodeAt(i)) return false;
  }
  return true;
}

/** The value of the field `name` whose line begins at `line`. */
function valueAt(text: string, line: number, name: string): string {
  return trimOws(text, line + name.length + 1, text.indexOf(CRLF, line));
}

/** All names and values of a head whose first field line is at `from`. */
function splitFields(text: string, from: number): readonly string[] {
  const fields: string[] = [];
  let line = from;
  while (line < text.length && text.charCodeAt(line) !== CR_CODE) {
    const colon = text.indexOf(":", line);
    const end = text.indexOf(CRLF, colon);
    fields.push(text.slice(line, colon), trimOws(text, colon + 1, end));
    line = end + 2;
  }
  return fields;
}
