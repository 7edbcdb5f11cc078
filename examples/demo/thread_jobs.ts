/**
 * What the demo has run in a thread. Nothing in it awaits.
 *
 * @module
 */

import type { ThreadOutput, ThreadRequest } from "sluice";
import { countTo } from "../threads/query.ts";
import { readWholeNumber } from "./whole_number.ts";

const ROWS_MAX = 1_000_000_000;
const TEXT = { "content-type": "text/plain; charset=utf-8" };
/** Rows that are written together: each write is a call into the ring. */
const ROWS_EACH = 100;

/** `rows` lines. */
export function report(request: ThreadRequest, out: ThreadOutput): void {
  const rows = readWholeNumber("rows", queryOf(request, "rows") ?? "100000", ROWS_MAX);
  out.head(typeof rows === "string" ? 400 : 200, TEXT);
  if (typeof rows === "string") {
    out.writeSync(rows);
    return;
  }
  for (let row = 1; row <= rows; row += ROWS_EACH) {
    let text = "";
    const end = Math.min(row + ROWS_EACH, rows + 1);
    for (let i = row; i < end; i++) text += `row ${i}: ${Math.sqrt(i).toFixed(6)}\n`;
    out.writeSync(text);
  }
}

/** Counts to `n`. */
export function sql(request: ThreadRequest, out: ThreadOutput): void {
  countTo(queryOf(request, "n") ?? "1000000", out);
}

function queryOf(request: ThreadRequest, name: string): string | null {
  return new URL(request.url).searchParams.get(name);
}
