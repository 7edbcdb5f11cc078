/**
 * The framing of a chunked body that goes out (RFC 9112 §7.1). It knows the lines around the data;
 * the data passes by elsewhere.
 *
 * @module
 */

import { checkFieldName, checkFieldValue } from "./fields.ts";
import { isTrailerName } from "./trailer_section.ts";

/** The line before a chunk's data. `size` is above 0: a chunk of size 0 ends the body. */
export function chunkSizeLine(size: number): string {
  return size.toString(16) + "\r\n";
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
