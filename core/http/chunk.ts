/**
 * The framing of a chunked body that goes out (RFC 9112 §7.1). It knows the lines around the data;
 * the data passes by elsewhere.
 *
 * @module
 */

import { checkFieldName, checkFieldValue } from "./fields.ts";
import { isTrailerName } from "./trailer_section.ts";

/** The longest size line: 14 hexadecimal digits and CRLF. */
export const CHUNK_SIZE_LINE_BYTES_MAX = 16;

/** Behind the data of each chunk. */
export const CHUNK_END = "\r\n";

/** The last chunk and the end of a body without trailers. */
export const LAST_CHUNK = "0\r\n\r\n";

/**
 * The line before a chunk's data. `size` is above 0: a chunk of size 0 ends the body, which is what
 * `LAST_CHUNK` is for.
 */
export function chunkSizeLine(size: number): string {
  return size.toString(16) + "\r\n";
}

/** Writes `chunkSizeLine(size)` to `into` from `at` on, and answers how many bytes that took. */
export function writeChunkSizeLine(size: number, into: Uint8Array, at: number): number {
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = size;
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = rest % 16;
    into[i] = digit + (digit < 10 ? 0x30 : 0x57);
    rest = Math.floor(rest / 16);
  }
  into[at + digits] = 0x0d;
  into[at + digits + 1] = 0x0a;
  return digits + 2;
}

/**
 * The trailer fields, flat (name, value, name, value …), as the lines between `0\r\n` and the final
 * `\r\n`. Throws a `TypeError` for a name or a value that no field may have, and for a field that
 * may not be a trailer (RFC 9110 §6.5.1).
 */
export function formatTrailers(fields: readonly string[]): string {
  let text = "";
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    checkFieldName(name);
    checkFieldValue(name, value);
    if (!isTrailerName(name.toLowerCase())) {
      throw new TypeError(`Cannot send the trailer "${name}": this field belongs in the head`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
