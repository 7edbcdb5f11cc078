/**
 * The demo: a Hono application with a start page whose links each show one thing of the core.
 *
 *     npm start                                            # on Node
 *     deno run -A runtimes/main.ts serve examples/demo.ts
 *     bun run runtimes/main.ts serve examples/demo.ts
 *
 * Then open http://127.0.0.1:8080. A new entry is a file in `demo/` and a line in the table below.
 *
 * @module
 */

import { Hono } from "hono";
import { defineServer } from "sluice";
import { clock } from "./demo/clock.ts";
import { deferred } from "./demo/deferred.ts";
import type { Entry } from "./demo/entry.ts";
import { conditional, pause, resume } from "./demo/iterables.ts";
import { hello } from "./demo/hello.ts";
import { live } from "./demo/live.ts";
import { renderPage } from "./demo/page.ts";
import { reflect } from "./demo/reflect.ts";
import { seed } from "./demo/seed.ts";
import { steps } from "./demo/steps.ts";
import { stream } from "./demo/stream.ts";
import { threadReport, threadSql } from "./demo/threads.ts";
import { upload } from "./demo/upload.ts";
import { fedPipe, silentPipe } from "./demo/wait_pipe.ts";

/** In the order of the page. */
const entries: readonly Entry[] = [
  hello,
  deferred,
  pause,
  resume,
  conditional,
  stream,
  clock,
  live,
  steps,
  threadReport,
  threadSql,
  silentPipe,
  fedPipe,
  upload,
  seed,
  reflect,
];

const app = new Hono();
app.get("/", (c) => c.html(renderPage(entries, new URL(c.req.url).origin)));
for (const entry of entries) entry.routes?.(app);
// What the core raised, the core answers: 413 for a body that is too large, say.
app.onError((error) => {
  throw error;
});

export default defineServer({
  handlers: entries.flatMap((entry) => entry.handler ?? []),
  fetch: app.fetch,
  // A slow reader of the report holds a thread: one is too few for a demo.
  limits: { clientBodyMaxBytes: 1024 ** 3, threadsMax: 4 },
  // The time for an answer begins with the request's head: the usual minute is short for 1 GiB.
  clocks: { handlerTimeoutMs: 3_600_000 },
});
