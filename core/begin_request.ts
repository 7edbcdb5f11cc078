/**
 * The beginning of a request: what becomes of its body before any handler sees it, as the server's
 * options say. It knows the options, and the order of things; what each does is elsewhere.
 *
 * @module
 */

import type { Coding } from "./capabilities/codecs.ts";
import { HttpError, textOfError } from "./errors.ts";
import { finalizeRequest, finalizeWithoutBody } from "./finalize.ts";
import { runHandlers } from "./handlers.ts";
import { DecodedHead } from "./http/decoded_head.ts";
import { quote } from "./http/fields.ts";
import { reasonOf } from "./http/reasons.ts";
import type { HttpRequest } from "./http_request.ts";
import { refuseForLoad } from "./refuse.ts";
import type { Service } from "./service.ts";
import { ERROR } from "./status.ts";

/**
 * A request's head is complete: runs its handlers, at once or when its body is here; unless there
 * is too much to do.
 */
export function beginRequest(request: HttpRequest): void {
  const { service, head } = request;
  if (service.load.isTooMuch) {
    refuseForLoad(request);
    return;
  }
  if (service.takesBodiesAsTheyCome) {
    runHandlers(request);
    return;
  }
  if (head.chunked || head.contentLength > 0) {
    if (service.requestCodings.length > 0 && !decodes(request)) return;
    if (service.requestBody === "buffer") {
      keepFirst(request);
      return;
    }
  }
  runHandlers(request);
}

/** Undoes the body's content coding from now on. Answers false when the request was refused. */
function decodes(request: HttpRequest): boolean {
  const { service } = request;
  const named = (request.head.get("content-encoding") ?? "").toLowerCase();
  if (named === "" || named === "identity") return true;
  // RFC 9110 §8.4.1.3.
  const coding = named === "x-gzip" ? "gzip" : named as Coding;
  if (!service.requestCodings.includes(coding)) {
    refuse(request, named);
    return false;
  }
  request.head = new DecodedHead(request.head);
  try {
    request.body.decode(coding);
  } catch (error) {
    request.complain(`no decoder can be had\n${textOfError(error)}`);
    finalizeRequest(request, ERROR, 500);
    return false;
  }
  return true;
}

/** RFC 9110 §12.5.3: a 415 for the sake of a coding says which ones would do. */
function refuse(request: HttpRequest, named: string): void {
  const { service } = request;
  const fields = [
    ["accept-encoding", service.requestCodings.join(", ")],
    ["content-type", "text/plain; charset=utf-8"],
  ] as const;
  const words = `no request may have the content coding ${quote(named)}`;
  service.log("warn", `${request.method} ${request.target}: 415, ${words}`);
  request.respond(415, fields, `415 ${reasonOf(415)}\n`);
  finalizeRequest(request);
}

function keepFirst(request: HttpRequest): void {
  const hold = request.hold("its body is being kept");
  request.body.keep({
    bodyKept: () => {
      if (!request.finalized && !request.terminated) runHandlers(request);
      hold.release();
    },
    bodyNotKept: (error) => {
      // The peer's faults, and its leaving, were seen to where they were found.
      const isOurs = error instanceof HttpError && error.fault === "server";
      if (isOurs && !request.finalized) finalizeWithoutBody(request, error);
      hold.release();
    },
  });
}

/** True exactly when no option asks for anything but handlers. */
export function takesBodiesAsTheyCome(
  options: Pick<Service, "requestBody" | "requestCodings">,
): boolean {
  return options.requestBody === "stream" && options.requestCodings.length === 0;
}
