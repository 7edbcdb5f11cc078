/**
 * The common methods (RFC 9110 §9, RFC 5789) as small integers. It knows their names and nothing of
 * what they do. Methods are case-sensitive.
 *
 * @module
 */

/** A method that has no code here: decode it from its bytes. */
export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;
export const METHOD_POST = 3;
export const METHOD_PUT = 4;
export const METHOD_DELETE = 5;
export const METHOD_OPTIONS = 6;
export const METHOD_PATCH = 7;
export const METHOD_CONNECT = 8;
export const METHOD_TRACE = 9;

/** The name of each code; `""` for `METHOD_OTHER`. */
export const METHOD_NAMES: readonly string[] = [
  "",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "CONNECT",
  "TRACE",
];

/** The code of the method that is `bytes[from … to)`. */
export function methodOf(bytes: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 3:
      return is(METHOD_GET, bytes, from) || is(METHOD_PUT, bytes, from);
    case 4:
      return is(METHOD_POST, bytes, from) || is(METHOD_HEAD, bytes, from);
    case 5:
      return is(METHOD_PATCH, bytes, from) || is(METHOD_TRACE, bytes, from);
    case 6:
      return is(METHOD_DELETE, bytes, from);
    case 7:
      return is(METHOD_OPTIONS, bytes, from) || is(METHOD_CONNECT, bytes, from);
    default:
      return METHOD_OTHER;
  }
}

/**
 * `method` when the bytes from `from` on are its name, whose length they have; else `METHOD_OTHER`.
 */
function is(method: number, bytes: Uint8Array, from: number): number {
  const name = METHOD_NAMES[method];
  for (let i = 0; i < name.length; i++) {
    if (bytes[from + i] !== name.charCodeAt(i)) return METHOD_OTHER;
  }
  return method;
}
