/**
 * A body of any size through a hash: read piece by piece, in flat memory.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Entry } from "./entry.ts";

export const upload: Entry = {
  method: "POST",
  example: "/upload",
  title: "Large bodies in flat memory",
  look:
    "Size and SHA-256 of up to 1 GiB; sent by the form, the file comes in its multipart wrapping.",
  curl: "--data-binary @file $URL",
  takesFile: true,
  routes: (app) =>
    app.post("/upload", async (c) => {
      const hash = createHash("sha256");
      let size = 0;
      for await (const bytes of c.req.raw.body ?? []) {
        hash.update(bytes);
        size += bytes.length;
      }
      return c.json({ size, sha256: hash.digest("hex") });
    }),
};
