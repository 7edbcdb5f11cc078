/**
 * What becomes of buffers when the runtime answers `ERROR`: each goes home once, those of the pool
 * too, whether they were to be compressed or not.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { bufOf } from "../../../core/buf.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, ERROR } from "../../../core/status.ts";
import { memoryRig } from "../../suites/memory_rig.ts";
import { ServerBench } from "../../suites/server/bench.ts";

for (const compression of [false, true]) {
  test(`send() loses no buffer on a dead connection (compression: ${compression})`, async () => {
    const rig = memoryRig();
    const bench = new ServerBench(rig);
    let request: HttpRequest | null = null;
    await bench.serve({
      compression,
      handlers: [(one) => {
        request = one;
        one.hold("the test");
        one.sendHead(200, { "content-type": "text/plain" });
        return DONE;
      }],
    });
    const client = bench.connect().request("GET", "/", "Accept-Encoding: gzip");
    await bench.settle(() => client.receivedBytes > 0, "the head");
    const { reactor } = rig;
    const { send } = reactor;
    reactor.send = () => ERROR;
    const pieces = Array.from({ length: 4 }, (_, i) => {
      const piece = { released: 0, code: 1, bufReleased: () => void piece.released++ };
      const size = i === 0 ? 100 : 20_000;
      const bytes = crypto.getRandomValues(new Uint8Array(size));
      piece.code = request!.send(bufOf(bytes, piece), { flush: true });
      return piece;
    });
    reactor.send = send;
    for (const { code, released } of pieces) assertEquals(released, code === ERROR ? 0 : 1);
    assertEquals(pieces.at(-1)!.code, ERROR);
    const [connection] = bench.server.connections;
    reactor.abort(connection!.handle);
    request!.holds!.release();
    await bench.end();
  });
}
