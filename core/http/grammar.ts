/**
 * The character classes of HTTP as byte tables. It knows which byte may stand where (RFC 9110 §5.6,
 * RFC 9112 §3); it refuses to know what any of them means.
 *
 * Each table has 256 entries, so that `TABLE[byte]` needs no bounds check; 0 is "not in this
 * class".
 *
 * @module
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const BACKSLASH = 0x5c;

const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `tchar` (RFC 9110 §5.6.2): methods, field names, options, codings. */
export const TOKEN: Uint8Array = tableOf("!#$%&'*+-.^_`|~" + DIGITS + LETTERS);

/** A plain byte of a field value. */
export const VALUE_ASCII = 1;
/** `obs-text` (0x80 … 0xff): allowed in a value, with no meaning of its own. */
export const VALUE_OBS = 2;

/**
 * What may stand in a field value (RFC 9110 §5.5): `VALUE_ASCII` for HTAB, SP and visible ASCII,
 * `VALUE_OBS` for `obs-text`, 0 for control characters and DEL.
 */
export const VALUE: Uint8Array = valueTable();

/**
 * What may stand in a request target: visible ASCII but for `#`, since a target has no fragment.
 * That is wider than the URI grammar on purpose: browsers send `|`, `{`, `"` and their like
 * unescaped, and none of them makes a target ambiguous.
 */
export const TARGET: Uint8Array = targetTable();

/**
 * What may stand in a host name: `unreserved` and `sub-delims` of RFC 3986 §3.2.2, which the URL
 * standard accepts in a host as well. No percent sign: it decodes to something else.
 */
export const HOST: Uint8Array = tableOf("-._~!$&'()*+,;=" + DIGITS + LETTERS);

/** The value of a hexadecimal digit plus one; 0 for every other byte. */
export const HEX: Uint8Array = hexTable();

/** What may stand unescaped in a quoted string (RFC 9110 §5.6.4): `qdtext`. */
export const QDTEXT: Uint8Array = quotedTable();

/** True exactly when `byte` is an ASCII digit. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** True exactly when `byte` is SP or HTAB: optional white space (RFC 9110 §5.6.3). */
export function isOws(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** `byte` with an ASCII capital made small; every other byte as it is. */
export function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/**
 * True exactly when `bytes[from … to)` is `lowerText` without regard to the case of ASCII letters.
 * There are no control characters but HTAB in the bytes, and `lowerText` has small letters, digits,
 * `-`, `:` and `/` only: for those, setting one bit is the whole folding.
 */
export function equalsLower(
  bytes: Uint8Array,
  from: number,
  to: number,
  lowerText: string,
): boolean {
  const length = lowerText.length;
  if (to - from !== length) return false;
  for (let i = 0; i < length; i++) {
    if ((bytes[from + i] | 0x20) !== lowerText.charCodeAt(i)) return false;
  }
  return true;
}

function tableOf(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < members.length; i++) table[members.charCodeAt(i)] = 1;
  return table;
}

function valueTable(): Uint8Array {
  const table = new Uint8Array(256);
  table[HTAB] = VALUE_ASCII;
  table.fill(VALUE_ASCII, SP, 0x7f);
  table.fill(VALUE_OBS, 0x80);
  return table;
}

function targetTable(): Uint8Array {
  const table = new Uint8Array(256).fill(1, 0x21, 0x7f);
  table[0x23] = 0;
  return table;
}

function hexTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < 10; i++) table[0x30 + i] = i + 1;
  for (let i = 0; i < 6; i++) table[0x41 + i] = table[0x61 + i] = i + 11;
  return table;
}

function quotedTable(): Uint8Array {
  const table = valueTable();
  table[DQUOTE] = 0;
  table[BACKSLASH] = 0;
  return table;
}
