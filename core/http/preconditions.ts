/**
 * Conditional requests (RFC 9110 §13): whether an answer with these validators is wanted at all. It
 * knows the fields, their order of precedence and both comparisons of entity tags; it refuses to
 * know whose answer it is.
 *
 * @module
 */

import { parseHttpDate } from "./date.ts";

/** What a representation says of its own version. */
export interface Validators {
  /** The value of ETag: `"a"` or `W/"a"`; null without one. */
  readonly etag: string | null;
  /** The value of Last-Modified; null without one. */
  readonly lastModified: string | null;
}

/**
 * What the preconditions of a GET or HEAD come to, in the order of RFC 9110 §13.2.2: 412 when
 * If-Match or If-Unmodified-Since fails, 304 when the client has what it asks for, and 200 when the
 * answer goes out. For a request that would be answered 2xx (§13.2.1). `field` gives a field of the
 * request by its lower-case name; `nowMs` is the time since 1970.
 *
 * A field that cannot be read has no effect: a date is ignored (§13.1.3), and a list of tags
 * matches nothing.
 */
export function checkPreconditions(
  field: (lowerCaseName: string) => string | null,
  validators: Validators,
  nowMs: number,
): 200 | 304 | 412 {
  const { etag, lastModified } = validators;
  const modifiedSince = (name: string) => isModifiedSince(lastModified, field(name), nowMs);
  const ifMatch = field("if-match");
  if (ifMatch !== null) {
    if (!listHas(ifMatch, etag, isSameStrongly)) return 412;
  } else if (modifiedSince("if-unmodified-since") === true) {
    return 412;
  }
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== null) return listHas(ifNoneMatch, etag, isSameWeakly) ? 304 : 200;
  return modifiedSince("if-modified-since") === false ? 304 : 200;
}

/** Null when one of the dates is not there, or is none. */
function isModifiedSince(
  lastModified: string | null,
  since: string | null,
  nowMs: number,
): boolean | null {
  if (lastModified === null || since === null) return null;
  const modifiedMs = parseHttpDate(lastModified, nowMs);
  const sinceMs = parseHttpDate(since, nowMs);
  if (Number.isNaN(modifiedMs) || Number.isNaN(sinceMs)) return null;
  return modifiedMs > sinceMs;
}

type IsSame = (one: string, other: string) => boolean;

/** RFC 9110 §8.8.3.2: both strong, and the same. */
function isSameStrongly(one: string, other: string): boolean {
  return one === other && !one.startsWith(WEAK);
}

/** The same, whether weak or not. */
function isSameWeakly(one: string, other: string): boolean {
  return opaqueOf(one) === opaqueOf(other);
}

function opaqueOf(tag: string): string {
  return tag.startsWith(WEAK) ? tag.slice(WEAK.length) : tag;
}

/**
 * True exactly when a list of tags has the representation's. `*` stands for any that there is: one
 * without a tag is there, too.
 */
function listHas(list: string, etag: string | null, isSame: IsSame): boolean {
  if (list.trim() === "*") return true;
  if (etag === null) return false;
  // A tag may hold commas, so the list cannot be split at them (RFC 9110 §8.8.3).
  let at = 0;
  while (at < list.length) {
    TAG.lastIndex = at;
    const found = TAG.exec(list);
    if (found === null) return false;
    const tag = found[1];
    if (tag !== undefined && isSame(tag, etag)) return true;
    at = TAG.lastIndex;
  }
  return false;
}

const WEAK = "W/";
/** One element of a list, which may be empty (RFC 9110 §5.6.1), with its comma or the end. */
const TAG = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;
