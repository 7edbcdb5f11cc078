/**
 * The `Response` that Bun gets for each kind of answer. It knows a response head and what Bun adds
 * to it by itself; it knows nothing of requests and of time.
 *
 * Bun 1.4 frames the body and writes Date and Content-Length. It gives bytes that have no media
 * type `application/octet-stream`, and an answer to HEAD no Date; both are put right here.
 *
 * @module
 */

import type { HttpError } from "../../core/errors.ts";
import type { Outgoing } from "../../core/filters/outgoing.ts";
import { statusHasNoBody } from "../../core/filters/head_only.ts";
import { reasonOf } from "../../core/http/reasons.ts";
import type { ResponseHead } from "../../core/http/response_head.ts";
import { directBody, type DirectController, type DirectSource } from "./platform.ts";

/** What an answer needs to know that its head does not say. */
export interface AnswerOptions {
  /** True exactly when the connection ends behind it. */
  readonly closes: boolean;
  /** A value for the Date field. */
  readonly httpDate: string;
}

/** True exactly when the answer has no body, whatever the application sends. */
export function hasNoBody(outgoing: Outgoing): boolean {
  return outgoing.isHead || statusHasNoBody(outgoing.response.status);
}

/** A whole answer. The body is copied. A text has a media type. */
export function wholeResponse(
  outgoing: Outgoing,
  body: string | Uint8Array,
  options: AnswerOptions,
): Response {
  if (hasNoBody(outgoing)) return headResponse(outgoing, options);
  const { response } = outgoing;
  const init = { status: response.status, headers: headersOf(response, options.closes) };
  if (body.length === 0) return new Response(null, init);
  if (response.hasContentType || typeof body === "string") {
    return new Response(body as string | Uint8Array<ArrayBuffer>, init);
  }
  return new Response(directBody(new UntypedBody(body.slice()), body.length + 1), init);
}

/** An answer that is a head alone: to HEAD, or 204 and 304. */
export function headResponse(outgoing: Outgoing, options: AnswerOptions): Response {
  const { response } = outgoing;
  const { status, contentLength } = response;
  const headers = headersOf(response, options.closes);
  if (outgoing.isHead && !response.hasDate) headers.set("date", options.httpDate);
  if (contentLength >= 0) headers.set("content-length", String(contentLength));
  const isChunked = contentLength < 0 && !statusHasNoBody(status);
  // Of a stream Bun says to HEAD that it would be chunked, and cancels it.
  const body = isChunked ? directBody(NO_BODY, 0) : null;
  return new Response(body, { status, headers });
}

/** An answer whose bytes come later, from `source`. */
export function streamResponse(
  outgoing: Outgoing,
  source: DirectSource,
  options: AnswerOptions,
): Response {
  const { response } = outgoing;
  const init = { status: response.status, headers: headersOf(response, options.closes) };
  return new Response(directBody(source, STREAM_BUFFER_BYTES), init);
}

/** The answer to what is no request. It ends the connection. */
export function refusalResponse(error: HttpError): Response {
  const { status } = error;
  const headers = { "content-type": "text/plain; charset=utf-8", "connection": "close" };
  const text = `${status} ${reasonOf(status)}: ${error.message}\n`;
  return new Response(text, { status, headers });
}

/**
 * An answer that resets the connection before a byte of it was sent. Bun takes no stream for an
 * answer to HEAD, so there it is a 500, which ends the connection.
 */
export function resetResponse(isHead: boolean): Response {
  if (isHead) return new Response(null, { status: 500, headers: { "connection": "close" } });
  return new Response(directBody(RESET, 0));
}

function headersOf(head: ResponseHead, closes: boolean): Headers {
  const { fields } = head;
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i]!, fields[i + 1]!);
  if (head.hasUpgrade) headers.set("connection", closes ? "close, upgrade" : "upgrade");
  else if (closes) headers.set("connection", "close");
  return headers;
}

/** What Bun gathers of a stream before it sends it by itself. */
const STREAM_BUFFER_BYTES = 16 * 1024;

/** Whole bytes without a media type: Bun gives one to everything but streams. */
class UntypedBody implements DirectSource {
  readonly type = "direct";
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  pull(controller: DirectController): void {
    controller.write(this.#bytes);
    controller.end();
  }

  cancel(): void {}
}

const NO_BODY: DirectSource = {
  type: "direct",
  pull: (controller) => void controller.end(),
  cancel: () => {},
};

const RESET: DirectSource = {
  type: "direct",
  pull: () => breakOff(),
  cancel: () => {},
};

/**
 * Thrown from `pull`, nothing resets the connection without a byte on it, and without a report on
 * standard error, which Bun makes of everything that is something.
 */
export function breakOff(): never {
  throw undefined;
}
