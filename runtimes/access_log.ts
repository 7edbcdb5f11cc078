/**
 * The access log: one line of JSON for each request that reaches a handler, when it is over. It is
 * a handler in front of all others and uses what applications may use; it does not know where the
 * lines go. What is refused before a handler (a malformed head, an overload) is in the server's own
 * log alone.
 *
 * @module
 */

import type { Handler } from "../core/handlers.ts";
import { DECLINED } from "../core/status.ts";

/** Gets one line for each request, without its line break. It is called once, and never waits. */
export type AccessLog = (line: string) => void;

/** A handler that takes no request, and tells `write` of the end of each. */
export function accessLogHandler(write: AccessLog): Handler {
  return (request) => {
    const { method, target, remoteAddress } = request;
    const startMs = performance.now();
    // All that is of the connection is read now: a platform forgets it when the client has left.
    const facts = {
      remote: remoteAddress.transport === "tcp" ? remoteAddress.host : "unix",
      method,
      target,
      version: `1.${request.versionMinor}`,
    };
    const referer = request.header("referer");
    const userAgent = request.header("user-agent");
    request.onCleanup(() => {
      write(JSON.stringify({
        time: new Date().toISOString(),
        id: request.id,
        ...facts,
        status: request.headSent ? request.response.status : CLIENT_LEFT,
        bytes: request.bodyBytes,
        ms: Math.round((performance.now() - startMs) * 10) / 10,
        cutOff: request.terminated,
        referer,
        userAgent,
      }));
    });
    return DECLINED;
  };
}

/** nginx's number for a client that left before there was an answer. */
const CLIENT_LEFT = 499;
