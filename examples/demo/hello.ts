/**
 * The shortest answer of a fetch application.
 *
 * @module
 */

import type { Entry } from "./entry.ts";

export const hello: Entry = {
  method: "GET",
  example: "/hello",
  title: "A fetch application",
  look: "One line of text from Hono, which does not know that Sluice serves it.",
  curl: "-i $URL",
  routes: (app) => app.get("/hello", (c) => c.text("Hello from Sluice\n")),
};
