/**
 * The Content-Length of a response, with what `Bun.serve` makes of it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ProcessColumn } from "../commands.ts";

/** What leaves in one write everywhere. */
const SMALL_BYTES = 1024;

/**
 * `response` declares `size` bytes. A named gap: Bun.serve (Bun 1.4) drops the declared length of a
 * streamed body and sends chunks. When it keeps the length, this fails, and the gap is closed.
 */
export function assertDeclares(column: ProcessColumn, response: Response, size: number): void {
  const isGap = column === "bun_serve" && size > SMALL_BYTES;
  assertEquals(response.headers.get("content-length"), isGap ? null : String(size));
}
