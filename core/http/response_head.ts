/**
 * The head of a response: what the application says, checked, and how it is written (RFC 9112 §4,
 * RFC 9110 §6.6.1). It knows which fields the application may not own, since the server frames the
 * body and keeps the connection; it refuses to know how long the body really is.
 *
 * What an application gets wrong is a `TypeError` that names the field.
 *
 * @module
 */

import { checkFieldName, checkFieldValue, isFieldValue } from "./fields.ts";
import { reasonOf } from "./reasons.ts";

/** Fields in any of the usual shapes. A record's value may be a list: one line for each entry. */
export type HeaderFields =
  | ReadonlyArray<readonly [string, string]>
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [string, string]>;

// What a field is to the server.
const ORDINARY = 0;
const CONTENT_LENGTH = 1;
const TRANSFER_ENCODING = 2;
const CONNECTION = 3;
/** Belongs to the connection, so it is the server's: left out. */
const HOP = 4;
const DATE = 5;
const CONTENT_TYPE = 6;
const TRAILER = 7;
const UPGRADE = 8;

const KINDS: Readonly<Record<string, number>> = {
  "content-length": CONTENT_LENGTH,
  "transfer-encoding": TRANSFER_ENCODING,
  "connection": CONNECTION,
  "keep-alive": HOP,
  "proxy-connection": HOP,
  "date": DATE,
  "content-type": CONTENT_TYPE,
  "trailer": TRAILER,
  "upgrade": UPGRADE,
};

const NO_NAMES: readonly string[] = [];

/** A name that passed the check. */
interface KnownName {
  readonly kind: number;
  /** The value that passed its check last: a program sends the same few. */
  lastValue: string;
}

/** By names as spelled. */
const knownNames = new Map<string, KnownName>();
/** An application that makes names out of requests must not fill the memory. */
const KNOWN_NAMES_MAX = 1000;
/** Longer values are checked each time. */
const LAST_VALUE_MAX = 256;
const NO_FIELDS: string[] = [];

/**
 * A response's head: status and fields, checked as they are set. `request.response` is the one that
 * was sent; an iterable application finds the one to come at `out.response`.
 */
export class ResponseHead {
  /** The status: 200 … 599. */
  status = 200;
  /** The words behind the status (RFC 9112 §4). */
  reason = "OK";
  /** Flat: name, value, name, value … as they will be sent, without the fields below. */
  fields: string[] = NO_FIELDS;
  /** The body's length as declared by the application or found by a filter; -1 when unknown. */
  contentLength = -1;
  /** True exactly when the body is sent in chunks. A filter sets it, never an application. */
  chunked = false;
  /** True exactly when the application sent `Connection: close`. */
  closeAsked = false;
  /** True exactly when there is a Date field: the server adds none then. */
  hasDate = false;
  /** True exactly when there is a Content-Type field. */
  hasContentType = false;
  /** True exactly when there is an Upgrade field, which needs its connection option. */
  hasUpgrade = false;
  /** The names of the Trailer field, in lower case. */
  trailerNames: readonly string[] = NO_NAMES;

  /**
   * Replaces all that was said before. `status` is 200 … 599; `reason` is the usual one for it
   * unless given. Throws a `TypeError` for what cannot be sent, and the head is then unchanged in
   * nothing but its fields: set it again.
   *
   * The framing is the server's. `Content-Length` becomes `contentLength`. `Transfer-Encoding` is
   * left out when it is `chunked`, which some frameworks send by habit, and refused otherwise. Of
   * `Connection` only `close` counts. `Keep-Alive` and `Proxy-Connection` are left out.
   */
  set(status: number, fields: HeaderFields, reason?: string): void {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`Cannot send the status ${String(status)}: it is not 200 … 599`);
    }
    if (reason !== undefined && !isFieldValue(reason)) {
      throw new TypeError(
        "Cannot send the reason: it has a character that no status line may have",
      );
    }
    this.status = status;
    this.reason = reason ?? reasonOf(status);
    if (this.fields.length > 0 || this.contentLength >= 0 || this.closeAsked) this.clearFields();
    this.appendAll(fields);
  }

  /** Forgets all fields and the facts that came from them. */
  clearFields(): void {
    this.fields = NO_FIELDS;
    this.contentLength = -1;
    this.chunked = false;
    this.closeAsked = false;
    this.hasDate = false;
    this.hasContentType = false;
    this.hasUpgrade = false;
    this.trailerNames = NO_NAMES;
  }

  /** Appends each of `fields`. */
  appendAll(fields: HeaderFields): void {
    if (Symbol.iterator in fields) {
      for (const [name, value] of fields as Iterable<readonly [string, string]>) {
        this.append(name, value);
      }
      return;
    }
    for (const name in fields) {
      if (!Object.hasOwn(fields, name)) continue;
      const value = fields[name];
      if (typeof value === "object" && value !== null) {
        for (const entry of value) this.append(name, entry);
      } else {
        this.append(name, value);
      }
    }
  }

  /** Appends one field, or takes the fact that it stands for; see `set`. */
  append(name: string, value: string | number): void {
    const known = knownNames.get(name) ?? learnName(name);
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string") {
      throw new TypeError(`Cannot send the field "${name}": its value is not a string`);
    }
    if (text !== known.lastValue) {
      checkFieldValue(name, text);
      if (text.length <= LAST_VALUE_MAX) known.lastValue = text;
    }
    if (known.kind !== ORDINARY && !this.#takeFact(known.kind, name, text)) return;
    // An array that grows from nothing makes room for sixteen more.
    if (this.fields.length === 0) this.fields = [name, text];
    else this.fields.push(name, text);
  }

  /**
   * Makes it the head of an answer about the same resource that has no part of it: 304 or 412. The
   * fields that describe a body go, but for Content-Location (RFC 9110 §15.4.5).
   */
  become(status: number): void {
    this.status = status;
    this.reason = reasonOf(status);
    this.contentLength = -1;
    this.hasContentType = false;
    this.filterFields((name) => name === "content-location" || !name.startsWith("content-"));
  }

  /** Drops each field of whose lower-case name `keeps` answers false. */
  filterFields(keeps: (lowerCaseName: string) => boolean): void {
    const kept: string[] = [];
    for (let i = 0; i < this.fields.length; i += 2) {
      const name = this.fields[i]!;
      if (keeps(name.toLowerCase())) kept.push(name, this.fields[i + 1]!);
    }
    this.fields = kept;
  }

  /** The value of an ordinary field, null when it is not there; repeated ones joined by `, `. */
  get(lowerCaseName: string): string | null {
    let joined: string | null = null;
    for (let i = 0; i < this.fields.length; i += 2) {
      const name = this.fields[i];
      if (name.length !== lowerCaseName.length || name.toLowerCase() !== lowerCaseName) continue;
      joined = joined === null ? this.fields[i + 1] : `${joined}, ${this.fields[i + 1]}`;
    }
    return joined;
  }

  /** Takes note of a field that is not ordinary. True exactly when it is sent as it stands. */
  #takeFact(kind: number, name: string, value: string): boolean {
    switch (kind) {
      case DATE:
        this.hasDate = true;
        return true;
      case CONTENT_TYPE:
        this.hasContentType = true;
        return true;
      case UPGRADE:
        this.hasUpgrade = true;
        return true;
      case TRAILER:
        this.trailerNames = [...this.trailerNames, ...tokensOf(value)];
        return true;
      case CONTENT_LENGTH:
        this.#takeLength(value);
        return false;
      case CONNECTION:
        if (tokensOf(value).includes("close")) this.closeAsked = true;
        return false;
      case TRANSFER_ENCODING:
        if (value.toLowerCase() !== "chunked") {
          throw new TypeError(
            `Cannot send the field "${name}": the server frames the body, and only as chunked`,
          );
        }
        return false;
      default:
        return false;
    }
  }

  #takeLength(value: string): void {
    const length = /^[0-9]+$/.test(value) ? Number(value) : -1;
    if (length < 0 || length > Number.MAX_SAFE_INTEGER) {
      throw new TypeError('Cannot send the field "Content-Length": its value is not a length');
    }
    if (this.contentLength >= 0 && this.contentLength !== length) {
      throw new TypeError('Cannot send the field "Content-Length": it has two different values');
    }
    this.contentLength = length;
  }
}

/**
 * The head as it is sent, up to and with its final empty line: one Latin-1 string. `versionMinor`
 * is the request's; the status line says HTTP/1.1 to both (RFC 9110 §2.5). `date` is the value of
 * Date unless the application sent one, `""` for none. `keepAlive` says that the connection lives
 * on.
 */
export function formatResponseHead(
  head: ResponseHead,
  versionMinor: 0 | 1,
  date: string,
  keepAlive: boolean,
): string {
  let text = statusLine(head.status, head.reason);
  const fields = head.fields;
  for (let i = 0; i < fields.length; i += 2) text += fields[i] + ": " + fields[i + 1] + "\r\n";
  if (!head.hasDate && date !== "") text += "Date: " + date + "\r\n";
  // RFC 9110 §8.6 and RFC 9112 §6.1: a 204 has neither.
  if (head.status !== 204) {
    if (head.chunked) text += "Transfer-Encoding: chunked\r\n";
    else if (head.contentLength >= 0) text += "Content-Length: " + head.contentLength + "\r\n";
  }
  return text + connectionLine(head, versionMinor, keepAlive) + "\r\n";
}

/**
 * An interim response (RFC 9110 §15.2), complete: `100 Continue`, or `103 Early Hints` with
 * `fields` (RFC 8297). Never for HTTP/1.0. Framing fields in `fields` are left out.
 */
export function formatInterim(status: 100 | 103, fields: HeaderFields = []): string {
  const head = new ResponseHead();
  head.appendAll(fields);
  let text = statusLine(status, reasonOf(status));
  for (let i = 0; i < head.fields.length; i += 2) {
    text += head.fields[i] + ": " + head.fields[i + 1] + "\r\n";
  }
  return text + "\r\n";
}

/** Status lines with their usual reasons, by status. */
const statusLines: string[] = [];

function statusLine(status: number, reason: string): string {
  if (reason !== reasonOf(status)) return `HTTP/1.1 ${status} ${reason}\r\n`;
  return statusLines[status] ??= `HTTP/1.1 ${status} ${reason}\r\n`;
}

function connectionLine(head: ResponseHead, versionMinor: 0 | 1, keepAlive: boolean): string {
  const closes = head.closeAsked || !keepAlive;
  if (head.hasUpgrade) return closes ? "Connection: close, upgrade\r\n" : "Connection: upgrade\r\n";
  if (closes) return "Connection: close\r\n";
  return versionMinor === 0 ? "Connection: keep-alive\r\n" : "";
}

/** Checks a name that is new, and remembers its kind. */
function learnName(name: string): KnownName {
  checkFieldName(name);
  const lower = name.toLowerCase();
  const kind = Object.hasOwn(KINDS, lower) ? KINDS[lower] : ORDINARY;
  const known = { kind, lastValue: "" };
  if (knownNames.size < KNOWN_NAMES_MAX) knownNames.set(name, known);
  return known;
}

/** The elements of a list, in lower case. */
function tokensOf(list: string): string[] {
  return list.toLowerCase().split(",").map((token) => token.trim()).filter((token) => token !== "");
}
