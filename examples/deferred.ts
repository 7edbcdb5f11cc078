/**
 * Finish later: the handler takes a hold, returns `DONE`, and a timer finalizes the request.
 * Meanwhile the server serves others; the hold's reason is what a report of open requests shows. A
 * database's answer or a message from a thread would stand where the timer stands.
 *
 *     node runtimes/main.ts serve examples/deferred.ts
 *     deno run -A runtimes/main.ts serve examples/deferred.ts
 *     bun run runtimes/main.ts serve examples/deferred.ts
 *
 *     $ curl http://127.0.0.1:8080/        # after 50 ms
 *     DONE
 *
 * @module
 */

import { DONE, finalizeRequest, type HttpRequest, type ResultCode } from "sluice";

const DELAY_MS = 50;

export default function deferred(request: HttpRequest): ResultCode {
  const hold = request.hold("waits for its timer");
  setTimeout(() => {
    finalizeRequest(request, request.respond(200, { "content-type": "text/plain" }, "DONE\n"));
    hold.release();
  }, DELAY_MS);
  return DONE;
}
