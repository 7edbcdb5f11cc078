/**
 * Optional white space in text (RFC 9110 §5.6.3): what stands around a value and is not part of it.
 * It knows SP and HTAB. It goes over each character once at most, which `/[ \t]+$/` does not: that
 * tries each run of white space again from each of its characters.
 *
 * @module
 */

/** `text[from … to)` without SP and HTAB at its ends. `String.trim` would take U+00A0 as well. */
export function trimOws(text: string, from = 0, to: number = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isOwsCode(text.charCodeAt(start))) start++;
  while (end > start && isOwsCode(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOwsCode(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
