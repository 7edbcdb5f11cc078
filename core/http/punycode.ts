/**
 * Whether an `xn--` label is one that a URL can have: Punycode (RFC 3492) that decodes to something
 * beyond ASCII. It refuses to know which characters a name may have, which differs between versions
 * of Unicode and so between runtimes.
 *
 * @module
 */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const FIRST_BEYOND_ASCII = 128;
const LAST_CODE_POINT = 0x10ffff;

/** True exactly when every label of `host` that starts with `xn--` decodes. */
export function labelsDecode(host: string): boolean {
  return host.toLowerCase().split(".").every((label) =>
    !label.startsWith("xn--") || decodes(label.slice(4))
  );
}

/** RFC 3492 §6.2, without keeping what comes out. */
function decodes(text: string): boolean {
  const delimiter = text.lastIndexOf("-");
  let length = Math.max(delimiter, 0);
  let codePoint = FIRST_BEYOND_ASCII;
  let bias = INITIAL_BIAS;
  let i = 0;
  let at = delimiter < 0 ? 0 : delimiter + 1;
  if (at === text.length) return false;
  while (at < text.length) {
    const before = i;
    let weight = 1;
    for (let k = BASE;; k += BASE) {
      const digit = digitOf(text.charCodeAt(at++));
      if (digit < 0) return false;
      i += digit * weight;
      const t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
      if (digit < t) break;
      weight *= BASE - t;
      if (weight > LAST_CODE_POINT * BASE) return false;
    }
    length++;
    bias = adapt(i - before, length, before === 0);
    codePoint += Math.floor(i / length);
    i = i % length + 1;
    if (codePoint > LAST_CODE_POINT || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return false;
  }
  return true;
}

/**
 * The value of a digit: a … z are 0 … 25, 0 … 9 are 26 … 35. -1 for anything else, and past the
 * end.
 */
function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  return -1;
}

function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > (BASE - T_MIN) * T_MAX / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor((BASE - T_MIN + 1) * rest / (rest + SKEW));
}
