/**
 * Iterable applications: a page whose generator pauses until another request resumes it, and one
 * whose generator never runs for a client that has its page already.
 *
 * @module
 */

import {
  DECLINED,
  type Handler,
  type HttpRequest,
  iterable,
  type IterableOutput,
  type Pause,
} from "sluice";
import type { Entry } from "./entry.ts";

const TEXT = { "content-type": "text/plain; charset=utf-8" };
/** A browser that sniffs at text shows none of it before there is a kilobyte. */
const SHOWN_AT_ONCE = { ...TEXT, "x-content-type-options": "nosniff" };
/** Nobody has to come: the pause says so by itself. */
const PAUSE_MS = 60_000;
const ID_MAX = 100;

/** Who waits, by the name that it waits under. */
const waiting = new Map<string, Set<Pause>>();
/** How often the body of `/conditional` was made. */
let generated = 0;

export const pause: Entry = {
  method: "GET",
  example: "/pause?id=1",
  title: "A page that pauses",
  look: "One line, and then nothing until you open the next link, or for a minute: the generator " +
    "is suspended, with no thread and no timer of its own that turns.",
  curl: "-N '$URL'",
  handler: at("/pause", iterable(waitForResume)),
};

export const resume: Entry = {
  method: "GET",
  example: "/resume?id=1",
  title: "… and goes on",
  look: "How many pages under this name went on. Each was resumed once, however often you ask.",
  curl: "'$URL'",
  handler: at("/resume", iterable(resumeThem)),
};

export const conditional: Entry = {
  method: "GET",
  example: "/conditional",
  title: "304 without a body",
  look:
    "The page says how often it was made; x-generated, in its head, how often before. With the " +
    "etag that you have got, it is answered 304 and the number stands still: the generator never " +
    "ran. Reload it.",
  curl: `-i -H 'If-None-Match: "demo"' '$URL'`,
  handler: at("/conditional", iterable(revalidate)),
};

function* waitForResume(request: HttpRequest, out: IterableOutput) {
  const id = idOf(request);
  out.head(200, SHOWN_AT_ONCE);
  const one = out.pause({ timeoutMs: PAUSE_MS, signal: request.signal });
  const others = waiting.get(id) ?? new Set();
  // Whoever resumes it before it is yielded is heard, too.
  waiting.set(id, others.add(one));
  try {
    yield out.flush(`waits for /resume?id=${id}\n`);
    yield one;
    yield `${one.result}\n`;
  } finally {
    others.delete(one);
    if (others.size === 0) waiting.delete(id);
  }
}

function* resumeThem(request: HttpRequest, out: IterableOutput) {
  out.head(200, TEXT);
  let count = 0;
  for (const one of waiting.get(idOf(request)) ?? []) if (one.resume()) count++;
  yield `resumed: ${count}\n`;
}

function revalidate(_request: HttpRequest, out: IterableOutput) {
  out.head(200, { ...TEXT, "etag": '"demo"', "x-generated": generated });
  // The head is out before there is a body: with this etag at the client, nobody iterates.
  out.flush();
  return body();
}

function* body() {
  generated++;
  yield `bodies made so far: ${generated}\n`;
}

function idOf(request: HttpRequest): string {
  return (new URL(request.url).searchParams.get("id") ?? "").slice(0, ID_MAX);
}

/** Declines what is not for `path`. */
function at(path: string, handler: Handler): Handler {
  const mine = new RegExp(`^(?:https?://[^/]+)?${path}(?:\\?|$)`);
  return (request) => {
    if (!mine.test(request.target)) return DECLINED;
    return request.method === "GET" || request.isHead ? handler(request) : DECLINED;
  };
}
