/**
 * A request's body as a web stream of bytes. It knows how to start and stop the flow by what the
 * stream's reader asks for; it refuses to know what the bytes are.
 *
 * @module
 */

import type { HttpRequest } from "../http_request.ts";
import type { BodyConsumer, BodyError, RequestBody } from "../request_body.ts";

/**
 * A byte stream over the body of `request`, which is taken at its first read. Nothing is read
 * ahead: one read of the stream lets one piece of the body come, at most 64 KiB. Errors of the body
 * are the stream's; cancelling it stops the flow.
 */
export function streamOfBody(request: HttpRequest): ReadableStream<Uint8Array> {
  return new ReadableStream(new BodySource(request.body)) as ReadableStream<Uint8Array>;
}

class BodySource implements UnderlyingByteSource, BodyConsumer {
  readonly type = "bytes";
  readonly #body: RequestBody;
  /** Set by the first pull; null again when the stream is over. */
  #controller: ReadableByteStreamController | null = null;
  #taken = false;

  constructor(body: RequestBody) {
    this.#body = body;
  }

  pull(controller: ReadableByteStreamController): void {
    if (this.#taken) {
      this.#body.start();
      return;
    }
    this.#taken = true;
    this.#controller = controller;
    this.#body.read(this);
  }

  cancel(): void {
    this.#controller = null;
    this.#body.stop();
  }

  onBody(bytes: Uint8Array): void {
    this.#body.stop();
    // The bytes are the exchange's: valid during this call only.
    this.#controller?.enqueue(bytes.slice());
  }

  onBodyEnd(): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    controller.close();
    // A reader that brought its own buffer gets it back empty.
    controller.byobRequest?.respond(0);
  }

  onBodyError(error: BodyError): void {
    this.#controller?.error(error);
    this.#controller = null;
  }
}
