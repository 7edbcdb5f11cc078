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
  "/tagged",
  "Accept-Encoding: gzip, br;q=0.5\r\n",
  "Content-Encoding: gzip\r\n",
  "Content-Encoding: br\r\n",
  'If-None-Match: W/"a", "b"\r\n',
  "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
].map(bytesOf);

const CHANGES_MAX = 6;
/** What grows longer costs time and shows nothing new. */
const BYTES_MAX = 6000;
/** How seldom that is: it costs ten times as much as any other. */
const PUMPED_CHANCE = 1 / 10;
const PUMPED_BYTES = [2000, 15_000, 30_000, 30_000];
/** What is in a run. A reader goes back and forth in white space, if anywhere. */
const PUMPS: readonly Uint8Array[] = [
  ...[" ", " ", " ", " ", " ", " ", " ", "\t", " ,", ",", ";", '"', '"a",', "a", "0", ":"],
  "x: \r\n",
  "1\r\na\r\n",
  "1;a\r\nb\r\n",
].map(bytesOf);
/** Fields of which the server, or what comes with it, reads the value. */
const READ_FIELDS: readonly string[] = [
  ...["Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type"],
  ...["Expect", "If-Match", "If-Modified-Since", "If-None-Match", "Transfer-Encoding", "X"],
];

/**
 * One to three inputs of `corpus` behind one another, changed a few times: seldom much, since most
 * changes make what follows them unreadable.
 */
export function mutate(dice: Dice, corpus: readonly Uint8Array[]): Uint8Array {
  const bytes: number[] = [];
  for (let left = dice.magnitude(1, 3); left > 0; left--) bytes.push(...dice.pick(corpus));
  for (let left = dice.magnitude(0, CHANGES_MAX); left > 0; left--) change(dice, bytes, corpus);
  const changed = Uint8Array.from(bytes.slice(0, BYTES_MAX));
  return dice.chance(PUMPED_CHANCE) ? pumped(dice, changed) : changed;
}

/** Puts a run of one thing into a line, or a new line with one between others. */
function pumped(dice: Dice, bytes: Uint8Array): Uint8Array {
  const pump = dice.pick(PUMPS);
  const run = new Uint8Array(dice.pick(PUMPED_BYTES));
  for (let i = 0; i < run.length; i++) run[i] = pump[i % pump.length]!;
  const starts = [...bytes.keys()].filter((at) => at === 0 || bytes[at - 1] === LF);
  const start = starts.length === 0 ? 0 : dice.pick(starts);
  if (dice.chance(0.5)) {
    const before = bytesOf(`${dice.pick(READ_FIELDS)}: ${dice.pick(["", "a", "a", '"a"'])}`);
    const behind = bytesOf(`${dice.pick(["", "a", "a", ";q=1"])}\r\n`);
    return joined([bytes.subarray(0, start), before, run, behind, bytes.subarray(start)]);
  }
  const end = bytes.indexOf(LF, start);
  const at = dice.between(start, end < 0 ? bytes.length : end);
  return joined([bytes.subarray(0, at), run, bytes.subarray(at)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const LF = 0x0a;

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
