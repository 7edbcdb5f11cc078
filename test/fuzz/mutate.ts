/**
 * Changes an input a little, by seed: as transmission errors, as other programs and as attackers
 * do. It knows bytes, and the words that mean something in a request.
 *
 * @module
 */

import type { Dice } from "../sim/dice.ts";
import { bytesOf } from "../wire/load.ts";

/** What is worth putting somewhere. */
const TOKENS: readonly Uint8Array[] = [
  ...'\r|\n|\r\n|\r\n\r\n|\n\n| |\t|:|;|,|=|"|\\|/|?|*|@|[|]|%|\0|\x0b|\x7f|\x80|\xff'.split("|"),
  ..."0|1|4|a|F|00|0x1|+1|-1|1_0|1e1|ffffffff|9007199254740992|18446744073709551616".split("|"),
  ..."GET |HEAD |POST |PRI * |OPTIONS * | HTTP/1.1| HTTP/1.0| HTTP/2.0| http/1.1".split("|"),
  "Host: a\r\n",
  "host: b\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 1\r\n",
  "Content-Length: 10000000\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Expect: 100-continue\r\n",
  "Upgrade: h2c\r\n",
  "X: \r\n folded\r\n",
  "0\r\n\r\n",
  "1\r\na\r\n",
  "GET /read HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /skip HTTP/1.1\r\nHost: a\r\n\r\n",
  "http://a:1/",
  "/fetch",
  "/later",
  "/stream",
  "/skip",
].map(bytesOf);

const CHANGES_MAX = 6;
/** What grows longer costs time and shows nothing new. */
const BYTES_MAX = 6000;

/**
 * One to three inputs of `corpus` behind one another, changed a few times: seldom much, since most
 * changes make what follows them unreadable.
 */
export function mutate(dice: Dice, corpus: readonly Uint8Array[]): Uint8Array {
  const bytes: number[] = [];
  for (let left = dice.magnitude(1, 3); left > 0; left--) bytes.push(...dice.pick(corpus));
  for (let left = dice.magnitude(0, CHANGES_MAX); left > 0; left--) change(dice, bytes, corpus);
  return Uint8Array.from(bytes.slice(0, BYTES_MAX));
}

function change(dice: Dice, bytes: number[], corpus: readonly Uint8Array[]): void {
  const at = dice.below(bytes.length + 1);
  switch (dice.below(10)) {
    case 0: // A bit is another.
      if (at < bytes.length) bytes[at]! ^= 1 << dice.below(8);
      return;
    case 1:
      if (at < bytes.length) bytes[at] = dice.below(256);
      return;
    case 2:
    case 3:
      bytes.splice(at, 0, ...dice.pick(TOKENS));
      return;
    case 4: { // A word takes another's place.
      const token = dice.pick(TOKENS);
      bytes.splice(at, token.length, ...token);
      return;
    }
    case 5: // Something is missing.
      bytes.splice(at, dice.magnitude(1, 40));
      return;
    case 6: { // Something is there twice.
      const from = dice.below(bytes.length + 1);
      bytes.splice(at, 0, ...bytes.slice(from, from + dice.magnitude(1, 80)));
      return;
    }
    case 7: // The end is missing.
      if (dice.chance(0.3)) bytes.length = at;
      return;
    case 8: { // The one begins and the other ends.
      const other = dice.pick(corpus);
      bytes.splice(at, Infinity, ...other.subarray(dice.below(other.length + 1)));
      return;
    }
    default: // One behind the other.
      bytes.push(...dice.pick(corpus));
  }
}
