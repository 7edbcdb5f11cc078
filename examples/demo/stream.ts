/**
 * A stream made on demand: each piece when the client has taken the one before.
 *
 * @module
 */

import type { Entry } from "./entry.ts";
import { readWholeNumber } from "./whole_number.ts";

const BYTES_MAX = 1024 ** 4;
const PERIOD = 251;
const PIECE_BYTES = 64 * 1024;
/** Never written to again, so that every response can be made of views on it. */
const pattern = Uint8Array.from({ length: PIECE_BYTES + PERIOD }, (_, i) => i % PERIOD);

export const stream: Entry = {
  method: "GET",
  example: "/stream?bytes=1000000",
  title: "Back-pressure",
  look: "Byte i is i mod 251, made only as fast as you read: ask for a terabyte, slowly.",
  curl: "--limit-rate 1M '$URL' | xxd | head",
  routes: (app) =>
    app.get("/stream", (c) => {
      const size = readWholeNumber("bytes", c.req.query("bytes") ?? "1000000", BYTES_MAX);
      if (typeof size === "string") return c.text(size, 400);
      return c.body(patternStream(size), 200, {
        "content-type": "application/octet-stream",
        "content-length": String(size),
      });
    }),
};

function patternStream(size: number): ReadableStream<Uint8Array> {
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      const at = made % PERIOD;
      const bytes = Math.min(PIECE_BYTES, size - made);
      if (bytes > 0) controller.enqueue(pattern.subarray(at, at + bytes));
      made += bytes;
      if (made === size) controller.close();
    },
  }, { highWaterMark: 0 });
}
