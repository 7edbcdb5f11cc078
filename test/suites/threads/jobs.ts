/**
 * What the checks of threads have run in a thread: exports that behave well, and some that do not.
 * It runs in real threads and in simulated ones; what needs a thread of its own is in
 * `real_jobs.ts`.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { ThreadOutput, ThreadRequest, ThreadSide } from "../../../core/mod.ts";

/** Adds, and proves that its arguments crossed. */
export function add(a: number, b: number): number {
  return a + b;
}

export function fail(message: string): never {
  throw new RangeError(message);
}

/** What cannot be copied. */
export function answerFunction(): unknown {
  return () => 1;
}

/** Calls the loop as often as it is told. */
export function callBack(count: number, thread: ThreadSide): string {
  for (let i = 0; i < count; i++) thread.callFromThread("told", i, `call ${i}`);
  return "called";
}

export function callUnknown(thread: ThreadSide): void {
  thread.callFromThread("never registered");
}

/** Echoes what it sees of a request. */
export function reflect(request: ThreadRequest, out: ThreadOutput): void {
  out.head(203, { "content-type": "application/json", "x-made-in": "a thread" });
  const body = new TextDecoder().decode(request.body);
  out.writeSync(JSON.stringify({ ...request, body }));
}

/** Answers with text as a whole. */
export function text(request: ThreadRequest): string {
  return `you asked for ${request.target}`;
}

/** Lines on demand: `/lines?COUNT`. */
export function* lines(request: ThreadRequest, out: ThreadOutput): Generator<string> {
  out.head(200, { "content-type": "text/plain" });
  const count = numberOf(request);
  for (let i = 0; i < count; i++) yield `line ${i}\n`;
}

/** The same as text that deserves compression, in large pieces. */
export function* letters(request: ThreadRequest, out: ThreadOutput): Generator<string> {
  out.head(200, { "content-type": "text/plain" });
  const count = numberOf(request);
  for (let i = 0; i < count; i++) yield String.fromCharCode(97 + i % 26).repeat(40_000);
}

/** As many bytes as are asked for, byte i being i mod 251, in pieces of odd sizes. */
export async function pattern(request: ThreadRequest, out: ThreadOutput): Promise<void> {
  const count = numberOf(request);
  for (let at = 0; at < count;) {
    const size = Math.min(1 + (at * 7) % 100_000, count - at);
    await out.write(patternFrom(at, size));
    at += size;
  }
}

/** Writes without awaiting; the order must hold all the same. */
export async function carelessly(_request: ThreadRequest, out: ThreadOutput): Promise<void> {
  const writes = [];
  for (let i = 0; i < 100; i++) writes.push(out.write(patternFrom(i * 5000, 5000)));
  await Promise.all(writes);
}

/** Bytes, and then a throw: a cut-off answer is never a whole one. */
export async function halfWay(request: ThreadRequest, out: ThreadOutput): Promise<void> {
  await out.write(patternFrom(0, numberOf(request)));
  throw new Error("half way");
}

/** An answer without a body, in spite of what it makes. */
export function noContent(request: ThreadRequest, out: ThreadOutput): string {
  out.head(numberOf(request), { "x-made-in": "a thread" });
  return "";
}

/** A head that no response may have. */
export function badHead(_request: ThreadRequest, out: ThreadOutput): void {
  out.head(200, { "bad name": "x" });
  out.writeSync("never sent");
}

/** Writes until nobody wants it any more. What it writes in vain is thrown away with it. */
export async function untilStopped(_request: ThreadRequest, out: ThreadOutput): Promise<void> {
  await out.write("here");
  await out.flush();
  for (;;) await out.write(patternFrom(0, 10_000));
}

let kept: ThreadOutput | null = null;

/** Leaves its output to whoever comes next. */
export async function keepOutput(_request: ThreadRequest, out: ThreadOutput): Promise<void> {
  kept = out;
  await out.write("mine");
}

/** Writes to the output of the job before it, and says what came of that. */
export async function writeLate(_request: ThreadRequest, out: ThreadOutput): Promise<void> {
  const late = kept!.write("of another request");
  await out.write(await late.then(() => "written", (error) => `refused: ${error.message}`));
}

/** Waits for ever, and answers nothing. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

export const notAFunction = 7;

const TABLE = Uint8Array.from({ length: 100_251 }, (_, i) => i % 251);

/** Bytes `from`, `from + 1`, … of the pattern, 100,000 at most. */
function patternFrom(from: number, size: number): Uint8Array {
  return TABLE.subarray(from % 251, from % 251 + size);
}

function numberOf(request: ThreadRequest): number {
  return Number(request.target.slice(request.target.indexOf("?") + 1));
}

/** Ten digits, of which it awaits none. */
export function writeUnawaited(_request: ThreadRequest, out: ThreadOutput): void {
  for (let i = 0; i < 10; i++) void out.write(String(i));
}

/** Something that is neither text nor bytes, which it does not await either. */
export async function writeNonsense(_request: ThreadRequest, out: ThreadOutput): Promise<void> {
  void out.write("a part");
  void out.write(null as never);
  await Promise.resolve();
}

/** Writes, and writes again when it has ended, without a look at what comes of it. */
export function writeUnheard(_request: ThreadRequest, out: ThreadOutput): void {
  void out.write("in time");
  setImmediate(() => void out.write("late"));
}

/** Throws what has no text. */
export function throwNoText(): never {
  throw Object.create(null);
}

/** Single characters, each flushed: `/flushes?COUNT`. */
export async function flushes(request: ThreadRequest, out: ThreadOutput): Promise<void> {
  const count = numberOf(request);
  for (let i = 0; i < count; i++) {
    await out.write("x");
    await out.flush();
  }
}
