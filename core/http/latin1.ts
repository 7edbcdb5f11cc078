/**
 * Between bytes and strings of Latin-1, where byte n is the character U+00nn. It knows the quickest
 * portable way for each length; it refuses to know what the text says.
 *
 * `TextDecoder("latin1")` is windows-1252 by the Encoding standard and turns 27 bytes of 0x80 …
 * 0x9f into other characters, so it is not used. Measured per call (Node 26, Deno 2.9, Bun 1.4):
 * the UTF-8 decoder takes 50 to 100 ns for anything up to 600 bytes, `String.fromCharCode` 2 to 5
 * ns a byte.
 *
 * @module
 */

import type { ByteText } from "../capabilities/byte_text.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Up to this many bytes the loop is quicker than the decoder on all three runtimes. */
const LOOP_BYTES_MAX = 20;

/** The text of `bytes[from … to)`, all of which the caller knows to be ASCII. */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from <= LOOP_BYTES_MAX) return latin1Text(bytes, from, to);
  return decoder.decode(bytes.subarray(from, to));
}

/** What a runtime has that has nothing quicker. */
export const portableText: ByteText = (bytes, from, to, isAscii) =>
  isAscii ? asciiText(bytes, from, to) : latin1Text(bytes, from, to);

/** The text of `bytes[from … to)`, one character for each byte. */
export function latin1Text(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  let i = from;
  for (; i + 8 <= to; i += 8) {
    text += String.fromCharCode(
      bytes[i],
      bytes[i + 1],
      bytes[i + 2],
      bytes[i + 3],
      bytes[i + 4],
      bytes[i + 5],
      bytes[i + 6],
      bytes[i + 7],
    );
  }
  for (; i < to; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/**
 * Writes `text` to `into` from `at` on, where there is room for it, and answers how many bytes that
 * were: its length. Answers -1, with rubbish behind `at`, when a character is beyond ASCII.
 */
export function encodeAscii(text: string, into: Uint8Array, at: number): number {
  const length = text.length;
  if (length <= LOOP_BYTES_MAX) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return -1;
      into[at + i] = code;
    }
    return length;
  }
  const room = at === 0 ? into : into.subarray(at, at + length);
  const done = encoder.encodeInto(text, room);
  return done.read === length && done.written === length ? length : -1;
}

/**
 * Writes `text` to `into` from `at` on, one byte for each character, and answers how many: always
 * `text.length`, so the caller makes room for that many first. Every character is at most U+00FF.
 */
export function encodeLatin1(text: string, into: Uint8Array, at: number): number {
  const length = text.length;
  if (length > LOOP_BYTES_MAX) {
    if (encodeAscii(text, into.subarray(at, at + length), 0) === length) return length;
  }
  for (let i = 0; i < length; i++) into[at + i] = text.charCodeAt(i);
  return length;
}
