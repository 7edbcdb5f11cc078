/**
 * Heads as bytes, remembered: a program sends the same few heads again and again, and most differ
 * from the one before in nothing, for as long as the second of their Date lasts. It knows when two
 * heads are the same to the byte; it refuses to know who sends them.
 *
 * @module
 */

import { encodeLatin1 } from "./latin1.ts";
import { formatResponseHead, type ResponseHead } from "./response_head.ts";

/** How many heads are remembered, found by status and length: a power of two. */
const HEADS_MAX = 32;
/** Longer heads are made anew each time. */
const HEAD_BYTES_MAX = 1024;

/** One remembered head: what it was made of, and its bytes. */
interface Remembered {
  fields: readonly string[];
  reason: string;
  status: number;
  contentLength: number;
  date: string;
  keepAlive: boolean;
  versionMinor: 0 | 1;
  bytes: Uint8Array;
}

export class HeadBytes {
  readonly #heads: (Remembered | null)[] = new Array<Remembered | null>(HEADS_MAX).fill(null);

  /**
   * The bytes of a head with a Content-Length; see `formatResponseHead`. Borrowed: copy them before
   * the next call, and do not write to them.
   */
  of(head: ResponseHead, versionMinor: 0 | 1, date: string, keepAlive: boolean): Uint8Array {
    const at = (head.contentLength * 31 + head.status) & (HEADS_MAX - 1);
    const known = this.#heads[at] ?? null;
    if (
      known !== null && known.date === date && known.status === head.status &&
      known.contentLength === head.contentLength && known.keepAlive === keepAlive &&
      known.versionMinor === versionMinor && known.reason === head.reason &&
      !head.closeAsked && sameFields(known.fields, head.fields)
    ) return known.bytes;
    const text = formatResponseHead(head, versionMinor, date, keepAlive);
    const bytes = new Uint8Array(text.length);
    encodeLatin1(text, bytes, 0);
    if (bytes.length <= HEAD_BYTES_MAX && !head.closeAsked && !head.hasUpgrade) {
      const { fields, reason, status, contentLength } = head;
      this.#heads[at] = {
        fields,
        reason,
        status,
        contentLength,
        date,
        keepAlive,
        versionMinor,
        bytes,
      };
    }
    return bytes;
  }
}

function sameFields(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
