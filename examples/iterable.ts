/**
 * An iterable application, the shape of WSGI: a generator that yields the body, and yields a pause
 * to wait for something without a thread. Here it waits for another request.
 *
 *     node runtimes/main.ts serve examples/iterable.ts
 *     deno run -A runtimes/main.ts serve examples/iterable.ts
 *     bun run runtimes/main.ts serve examples/iterable.ts
 *
 *     $ curl -N http://127.0.0.1:8080/news &
 *     waiting
 *     $ curl -d 'it rains' http://127.0.0.1:8080/tell
 *     told 1
 *     news: it rains
 *
 * @module
 */

import { iterable, type Pause } from "sluice";

const readers = new Set<Pause>();
let news = "";

export default iterable(async function* (request, out) {
  out.head(200, { "content-type": "text/plain; charset=utf-8" });
  if (request.target === "/news") {
    const pause = out.pause({ signal: request.signal, timeoutMs: 60_000 });
    readers.add(pause);
    try {
      // This leaves now, with the head: the client knows that it is being served.
      yield out.flush("waiting\n");
      yield pause;
      yield pause.result === "resumed" ? `news: ${news}\n` : "no news\n";
    } finally {
      readers.delete(pause);
    }
  } else if (request.target === "/tell") {
    news = await (await request.body.buffered()).text();
    let told = 0;
    for (const reader of readers) if (reader.resume()) told++;
    yield `told ${told}\n`;
  } else {
    for (const line of ["one", "two", "three"]) yield `${line}\n`;
  }
});
