/**
 * What the hard tests of threads have run in a thread. The first export is for any thread, the
 * others need one of their own; `startThread` is the naive way, without the ring.
 *
 * @module
 */

import { existsSync } from "node:fs";
import process from "node:process";
import type { ThreadOutput, ThreadPort, ThreadRequest, ThreadSide } from "../../../core/mod.ts";

const PIECE_BYTES = 251 * 256;
const PIECE = Uint8Array.from({ length: PIECE_BYTES }, (_, i) => i % 251);
/** The loop hears of what was made after so many pieces. */
const TELL_EVERY = 8;

/** As many pieces of the pattern as `/…?COUNT` asks for, as fast as they go. */
export function* make(request: ThreadRequest, out: ThreadOutput, thread: ThreadSide) {
  const count = numberOf(request);
  out.head(200, { "content-length": count * PIECE_BYTES });
  for (let i = 1; i <= count; i++) {
    yield PIECE;
    if (i % TELL_EVERY === 0) thread.callFromThread("made", i * PIECE_BYTES);
  }
}

/** The same for code that cannot await. */
export function makeSync(request: ThreadRequest, out: ThreadOutput, thread: ThreadSide): void {
  for (const piece of make(request, out, thread)) out.writeSync(piece);
}

/** The same into messages, for whoever takes them. */
export function startThread(port: ThreadPort): void {
  port.listen((count) => {
    for (let i = 0; i < Number(count); i++) port.post(PIECE);
  });
}

/** Some of the pattern in pieces of odd sizes, and then what its target says: `/trial?FATE`. */
export function* trial(request: ThreadRequest, out: ThreadOutput) {
  const fate = request.target.slice(request.target.indexOf("?") + 1);
  out.head(200, { "x-fate": fate });
  for (let at = 0; at < 200_000;) {
    const size = Math.min(1 + (at * 7) % 30_000, 200_000 - at);
    yield PIECE.subarray(at % 251, at % 251 + size);
    at += size;
    if (at > 100_000) end(fate);
  }
}

/** How the bad ones end, in the middle of their output. */
function end(fate: string): void {
  if (fate === "throw") throw new Error("planted");
  if (fate === "exit") process.exit(3);
  if (fate === "loop") { for (;;); }
}

/** Blocks its thread for so many milliseconds. */
export function block(request: ThreadRequest): string {
  blockFor(numberOf(request));
  return "blocked";
}

export function blockFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** Blocks until there is a file of the name that is asked for: `/path?NAME`. */
export function blockUntil(request: ThreadRequest): string {
  const path = request.target.slice(request.target.indexOf("?") + 1);
  while (!existsSync(path));
  return "blocked";
}

function numberOf(request: ThreadRequest): number {
  return Number(request.target.slice(request.target.indexOf("?") + 1));
}
