/**
 * An answer that never ends: for checks of what becomes of those that do not take it. It knows
 * nothing of clocks and clients.
 *
 * @module
 */

import type { AbortCause } from "../../core/errors.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import { DONE, OK, type ResultCode } from "../../core/status.ts";

/** Sends as much as anybody takes; `aborted` hears why nobody does any more. */
export function sendWithoutEnd(
  request: HttpRequest,
  aborted: (why: AbortCause) => void = () => {},
): ResultCode {
  const hold = request.hold("the stream");
  request.onAbort((why) => {
    aborted(why);
    hold.release();
  });
  request.sendHead(200, { "content-type": "text/plain" });
  const item = new Uint8Array(64 * 1024);
  const more = () => {
    while (request.send(item) === OK);
  };
  request.onWritable = more;
  more();
  return DONE;
}
