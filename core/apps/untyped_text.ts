/**
 * The Content-Type of text on platforms that do not name it. By the Fetch standard the body "text"
 * has the type `text/plain;charset=UTF-8`. Bun 1.4 names it only on the wire of its own server
 * (oven-sh/bun#8530): there `response.headers` of a string and of bytes look the same. It knows
 * bytes and one field, and nothing of how an answer is sent.
 *
 * @module
 */

import type { ResponseHead } from "../http/response_head.ts";

/**
 * Names the type of a body that has none, on such a platform, when its first chunk is text. Without
 * a name browsers guess, and might take a text that a user wrote for a page. Bytes that happen to
 * be text get the name too: a named gap.
 */
export function nameUntypedText(head: ResponseHead, first: Uint8Array): void {
  if (head.hasContentType || textIsTyped()) return;
  if (isText(first)) head.append("content-type", "text/plain;charset=utf-8");
}

/** What the platform does, once it was asked: one answer for the whole process. */
let typed: boolean | null = null;

function textIsTyped(): boolean {
  return typed ??= new Response("a").headers.get("content-type") !== null;
}

/** True exactly when `bytes` are UTF-8 without control characters, but for a cut-off end. */
function isText(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, LOOK_BYTES_MAX);
  let isAscii = true;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
    if (byte > 0x7e) isAscii = false;
  }
  if (isAscii) return true;
  try {
    // As a stream, so that a character that is cut off is no fault.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
    return true;
  } catch {
    return false;
  }
}

const LOOK_BYTES_MAX = 1024;
