/**
 * A body of any size through a hash, in flat memory: the handler takes bytes as they come. The
 * limit on bodies is raised from its 1 MiB for this server, and the time for an answer.
 *
 *     node runtimes/main.ts serve examples/upload.ts
 *     deno run -A runtimes/main.ts serve examples/upload.ts
 *     bun run runtimes/main.ts serve examples/upload.ts
 *
 *     $ printf 'Hello' | curl --data-binary @- http://127.0.0.1:8080/
 *     {"size":5,"sha256":"185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"}
 *
 * Any method but POST is answered 405.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { defineServer, DONE, finalizeRequest, type HttpRequest, type ResultCode } from "sluice";

function upload(request: HttpRequest): ResultCode {
  if (request.method !== "POST") {
    return request.respond(405, { "content-type": "text/plain", allow: "POST" }, "POST a body\n");
  }
  const hold = request.hold("reads the body");
  const hash = createHash("sha256");
  let size = 0;
  request.body.read({
    onBody(bytes) {
      hash.update(bytes);
      size += bytes.length;
    },
    onBodyEnd() {
      const answer = JSON.stringify({ size, sha256: hash.digest("hex") });
      const code = request.respond(200, { "content-type": "application/json" }, `${answer}\n`);
      finalizeRequest(request, code);
      hold.release();
    },
    // The server has answered (413, say), or the client is gone.
    onBodyError() {
      hold.release();
    },
  });
  return DONE;
}

export default defineServer({
  handlers: [upload],
  limits: { clientBodyMaxBytes: 1024 ** 3 },
  // The time for an answer begins with the request's head: the usual minute is short for 1 GiB.
  clocks: { handlerTimeoutMs: 3_600_000 },
});
