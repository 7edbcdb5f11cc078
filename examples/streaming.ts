/**
 * Bytes made on demand, as fast as the client takes them and no faster: `send` answers `AGAIN` when
 * enough is queued, and `onWritable` asks for more, or `onTerminated` says that the client is gone.
 * Memory stays flat for any number of bytes. Byte i of the answer is i mod 251.
 *
 *     node runtimes/main.ts serve examples/streaming.ts
 *     deno run -A runtimes/main.ts serve examples/streaming.ts
 *     bun run runtimes/main.ts serve examples/streaming.ts
 *
 *     $ curl -s 'http://127.0.0.1:8080/?bytes=1000000000' | wc -c
 *     1000000000
 *
 * Without `bytes` it sends 1,000,000; anything but a whole number is answered 400.
 *
 * @module
 */

import {
  AGAIN,
  DONE,
  ERROR,
  finalizeRequest,
  type HttpRequest,
  OK,
  type ResultCode,
  type SendCode,
} from "sluice";

const PERIOD = 251;
const CHUNK_BYTES = 32 * 1024;
/** Never written to again: the server may have pieces of it for as long as it likes. */
const pattern = Uint8Array.from({ length: CHUNK_BYTES + PERIOD }, (_, i) => i % PERIOD);

export default function streaming(request: HttpRequest): ResultCode {
  const wanted = new URL(request.url).searchParams.get("bytes") ?? "1000000";
  if (!/^\d{1,15}$/.test(wanted)) {
    return request.respond(400, { "content-type": "text/plain" }, "bytes must be a whole number\n");
  }
  const size = Number(wanted);
  request.sendHead(200, {
    "content-type": "application/octet-stream",
    "content-length": size,
  });
  if (request.isHead) return OK;
  const hold = request.hold("makes its bytes");
  let finished = false;
  const finish = (code: SendCode) => {
    // To finalize with ERROR terminates the request, which calls this again.
    if (finished) return;
    finished = true;
    finalizeRequest(request, code);
    hold.release();
  };
  let sent = 0;
  const produce = () => {
    let code: SendCode = OK;
    while (code === OK && sent < size) {
      const at = sent % PERIOD;
      const bytes = pattern.subarray(at, at + Math.min(CHUNK_BYTES, size - sent));
      code = request.send(bytes);
      sent += bytes.length;
    }
    if (code !== AGAIN || sent === size) finish(code);
  };
  request.onWritable = produce;
  request.onTerminated(() => finish(ERROR));
  produce();
  return DONE;
}
