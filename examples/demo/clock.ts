/**
 * Server-sent events: a response that goes on until its client leaves or the server closes.
 *
 * @module
 */

import type { Entry } from "./entry.ts";

const PERIOD_MS = 1000;
const encoder = new TextEncoder();

export const clock: Entry = {
  method: "GET",
  example: "/clock",
  title: "Events, and a client that leaves",
  look: "One tick a second, each at once; the timer stops when you leave or the server shuts down.",
  curl: "-N $URL",
  routes: (app) =>
    app.get("/clock", (c) =>
      c.body(ticks(c.req.raw.signal), 200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
      })),
};

function ticks(signal: AbortSignal): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  let count = 0;
  return new ReadableStream({
    start(controller) {
      const tick = () => {
        // A client that does not read misses ticks; they do not pile up.
        if ((controller.desiredSize ?? 0) <= 0) return;
        const time = new Date().toISOString();
        controller.enqueue(encoder.encode(`event: tick\ndata: tick ${++count} at ${time}\n\n`));
      };
      timer = setInterval(tick, PERIOD_MS);
      tick();
      signal.addEventListener("abort", () => {
        if (timer === undefined) return;
        clearInterval(timer);
        controller.close();
      });
    },
    cancel() {
      clearInterval(timer);
      timer = undefined;
    },
  });
}
