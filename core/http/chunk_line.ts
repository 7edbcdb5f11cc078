/**
 * The line before a chunk's data: size and extensions (RFC 9112 §7.1, §7.1.1), as a table of steps.
 * It knows which byte may follow which; it refuses to know sizes, counts and data.
 *
 * White space is accepted where the grammar has BWS: around the semicolon and the equals sign.
 * Before the CR it is not.
 *
 * @module
 */

import {
  BACKSLASH,
  CR,
  DQUOTE,
  EQUALS,
  isOws,
  LF,
  QDTEXT,
  SEMICOLON,
  TOKEN,
  VALUE,
} from "./grammar.ts";
import type { RefusalCode } from "./refusals.ts";

// Behind the size digits, where the next byte stands.
/** Behind the size, or behind a complete extension. */
export const LINE_REST = 0;
/** At the LF that ends the line. */
export const LINE_LF = 1;
const BEFORE_SEMICOLON = 2;
const BEFORE_NAME = 3;
const IN_NAME = 4;
const AFTER_NAME = 5;
const BEFORE_VALUE = 6;
const IN_TOKEN = 7;
const IN_QUOTED = 8;
const IN_ESCAPE = 9;

/** The state behind `byte` in `state`, which is not `LINE_LF`; or the refusal. */
export function chunkLineStep(state: number, byte: number): number | RefusalCode {
  if (byte === LF) return "bare-lf";
  switch (state) {
    case LINE_REST:
      return byte === CR ? LINE_LF : semicolonStep(byte);
    case BEFORE_SEMICOLON:
      return semicolonStep(byte);
    case BEFORE_NAME:
      if (isOws(byte)) return BEFORE_NAME;
      return TOKEN[byte] !== 0 ? IN_NAME : "bad-chunk-extension";
    case IN_NAME:
      if (TOKEN[byte] !== 0) return IN_NAME;
      if (byte === CR) return LINE_LF;
      return afterNameStep(byte);
    case AFTER_NAME:
      return afterNameStep(byte);
    case BEFORE_VALUE:
      if (isOws(byte)) return BEFORE_VALUE;
      if (byte === DQUOTE) return IN_QUOTED;
      return TOKEN[byte] !== 0 ? IN_TOKEN : "bad-chunk-extension";
    case IN_TOKEN:
      if (TOKEN[byte] !== 0) return IN_TOKEN;
      return byte === CR ? LINE_LF : semicolonStep(byte);
    case IN_QUOTED:
      if (byte === DQUOTE) return LINE_REST;
      if (byte === BACKSLASH) return IN_ESCAPE;
      return QDTEXT[byte] !== 0 ? IN_QUOTED : "bad-chunk-extension";
    default:
      return VALUE[byte] !== 0 ? IN_QUOTED : "bad-chunk-extension";
  }
}

function semicolonStep(byte: number): number | RefusalCode {
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isOws(byte) ? BEFORE_SEMICOLON : "bad-chunk-extension";
}

function afterNameStep(byte: number): number | RefusalCode {
  if (byte === EQUALS) return BEFORE_VALUE;
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isOws(byte) ? AFTER_NAME : "bad-chunk-extension";
}
