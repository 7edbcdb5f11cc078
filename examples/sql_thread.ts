/**
 * A page that asks a database by calls that block: in a thread, so that the loop goes on. The
 * result is collected in the blocking mode and sent by the loop when it is whole, so that a slow
 * client does not hold the thread either. `threads/query.ts` is what runs in the thread.
 *
 *     node runtimes/main.ts serve examples/sql_thread.ts
 *     deno run -A runtimes/main.ts serve examples/sql_thread.ts
 *     bun run runtimes/main.ts serve examples/sql_thread.ts
 *
 *     $ curl 'http://127.0.0.1:8080/?year=1969'
 *     1969 Abbey Road
 *     $ curl 'http://127.0.0.1:8080/?count=10000000'     # takes a second; others go on
 *     10000000
 *
 * @module
 */

import { inThread } from "sluice";

export default inThread(new URL("./threads/query.ts", import.meta.url), "answer", {
  buffered: true,
});
