/**
 * The request as the application saw it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Entry } from "./entry.ts";

const BODY_BYTES_MAX = 1024 * 1024;

export const reflect: Entry = {
  method: "GET",
  example: "/reflect?a=1&b=2",
  title: "What the application sees",
  look: "Method, URL, headers by name, and the body in base64; any method, any body up to 1 MiB.",
  curl: "-X PUT -H 'x-name: value' -d body '$URL'",
  routes: (app) =>
    app.all("/reflect", async (c) => {
      const request = c.req.raw;
      const body = await readAtMost(request.body, BODY_BYTES_MAX);
      if (body === null) return c.text(`a body may have ${BODY_BYTES_MAX} bytes here\n`, 413);
      return c.json({
        method: request.method,
        url: request.url,
        headers: [...request.headers],
        body: body.toString("base64"),
      });
    }),
};

/** The whole body, or null when it is larger than `max`. Leaving the loop cancels the rest. */
async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  max: number,
): Promise<Buffer | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body ?? []) {
    size += bytes.length;
    if (size > max) return null;
    parts.push(bytes);
  }
  return Buffer.concat(parts, size);
}
