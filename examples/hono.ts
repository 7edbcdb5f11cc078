/**
 * A Hono application, as it is: nothing in it knows what serves it.
 *
 *     node runtimes/main.ts serve examples/hono.ts
 *     deno run -A runtimes/main.ts serve examples/hono.ts
 *     bun run runtimes/main.ts serve examples/hono.ts
 *
 *     $ curl http://127.0.0.1:8080/
 *     Hello from Hono
 *     $ curl http://127.0.0.1:8080/json
 *     {"hello":"world"}
 *     $ curl http://127.0.0.1:8080/users/7
 *     {"id":"7"}
 *     $ curl -d ping http://127.0.0.1:8080/echo
 *     ping
 *     $ curl http://127.0.0.1:8080/stream     # a line each 100 ms
 *     line 1
 *     line 2
 *     line 3
 *
 * @module
 */

import { Hono } from "hono";
import { streamText } from "hono/streaming";

const app = new Hono();

app.get("/", (c) => c.text("Hello from Hono\n"));
app.get("/json", (c) => c.json({ hello: "world" }));
app.get("/users/:id", (c) => c.json({ id: c.req.param("id") }));
app.post("/echo", async (c) => c.text(await c.req.text()));
app.get("/stream", (c) =>
  streamText(c, async (stream) => {
    for (let line = 1; line <= 3; line++) {
      await stream.writeln(`line ${line}`);
      await stream.sleep(100);
    }
  }));

export default app;
