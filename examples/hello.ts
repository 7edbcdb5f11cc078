/**
 * The smallest native handler: answers every path and every method with one line of text.
 *
 *     node runtimes/main.ts serve examples/hello.ts
 *     deno run -A runtimes/main.ts serve examples/hello.ts
 *     bun run runtimes/main.ts serve examples/hello.ts
 *
 *     $ curl http://127.0.0.1:8080/any/path
 *     Hello from Sluice
 *
 * @module
 */

import type { HttpRequest, ResultCode } from "sluice";

export default function hello(request: HttpRequest): ResultCode {
  return request.respond(
    200,
    { "content-type": "text/plain; charset=utf-8" },
    "Hello from Sluice\n",
  );
}
