/**
 * What the checks of threads have run in a thread of its own only: exports that block it, end it,
 * or never end themselves.
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers";
import { parentPort } from "node:worker_threads";
import type { ThreadOutput, ThreadRequest, ThreadSide } from "../../../core/mod.ts";

const PIECE = Uint8Array.from({ length: 251 * 128 }, (_, i) => i % 251);

/** As many pieces of the pattern as are asked for, by code that cannot await. */
export function flood(request: ThreadRequest, out: ThreadOutput): void {
  const count = Number(request.target.slice(request.target.indexOf("?") + 1));
  out.head(200, { "content-type": "application/octet-stream" });
  for (let i = 0; i < count; i++) out.writeSync(PIECE);
}

/** Bytes of one piece of `flood`. */
export const FLOOD_PIECE_BYTES = PIECE.length;

/** Ends its thread, before a byte or behind some. */
export function exit(request: ThreadRequest, out: ThreadOutput): void {
  if (request.target.includes("?late")) out.writeSync("a part");
  process.exit(7);
}

/** Fails where no job can catch it, and waits. */
export function failOutside(): Promise<never> {
  setImmediate(() => {
    throw new Error("planted outside");
  });
  return new Promise(() => {});
}

export function loopForEver(_request: ThreadRequest, out: ThreadOutput): void {
  out.head(200);
  for (;;);
}

/** Computes until somebody stops it. */
export function spin(thread: ThreadSide): void {
  while (!thread.isStopped);
}

/** Goes on though nobody wants it: it never writes. */
export function deaf(_request: ThreadRequest, out: ThreadOutput): void {
  out.writeSync("here");
  for (;;);
}

/** Looks now and then whether it is wanted. */
export function attentive(_request: ThreadRequest, out: ThreadOutput, thread: ThreadSide): void {
  out.writeSync("here");
  while (!thread.isStopped);
  thread.callFromThread("never told");
}

/** Takes memory until there is none. */
export function eat(): never {
  const eaten: number[][] = [];
  for (;;) eaten.push(new Array<number>(100_000).fill(eaten.length + 0.5));
}

/** Flushes, as often as it is told, much quicker than anybody can send: `/flushNothing?COUNT`. */
export function flushNothing(request: ThreadRequest, out: ThreadOutput): void {
  const count = Number(request.target.slice(request.target.indexOf("?") + 1));
  for (let i = 0; i < count; i++) out.flushSync();
}

/** Talks to the loop past its job, as a library may do that finds itself in a worker. */
export function talk(): string {
  for (const message of [null, undefined, "text", 7, { kind: "ready" }, { kind: "over" }]) {
    parentPort!.postMessage(message);
  }
  return "talked";
}
