/**
 * What checks of iterable applications share: serving one, asking it, and leaving it. It knows no
 * check.
 *
 * @module
 */

import { iterable, type IterableHandler } from "../../../core/apps/iterable.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ServerOptions } from "../../../core/server.ts";
import type { RawClient, ServerBench } from "./bench.ts";

/** The options of a server with one iterable application. */
export function app(make: IterableHandler, more: Partial<ServerOptions> = {}): ServerOptions {
  return { ...more, handlers: [iterable(make)] };
}

/** The answer to one request on a connection of its own. */
export async function answerOf(bench: ServerBench, target: string, ...fields: string[]) {
  const [answer] = await bench.connect().request("GET", target, ...fields).waitAnswers(1);
  return answer!;
}

/**
 * The client leaves. Where a platform cannot reset, that is a FIN, which ends nothing: a write has
 * to meet the closed connection.
 */
export async function leave(bench: ServerBench, client: RawClient, request: HttpRequest) {
  client.reset();
  await bench.settle(() => request.abortCause !== null, "the abort");
  await bench.settle(() => {
    if (!request.terminated) request.send("x", { flush: true });
    return request.terminated;
  }, "the end of the request");
}
