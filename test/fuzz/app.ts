/**
 * The application of a fuzzed server: tells what it saw, by several ways of answering that the
 * target chooses. It trusts the core, and checks that what it was given can mean one thing only.
 *
 * @module
 */

import { fetchHandler } from "../../core/apps/fetch.ts";
import { iterable } from "../../core/apps/iterable.ts";
import { HttpError } from "../../core/errors.ts";
import { finalizeRequest } from "../../core/finalize.ts";
import type { Handler } from "../../core/handlers.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import type { Loop } from "../../core/loop.ts";
import { DECLINED, DONE, ERROR, type ResultCode } from "../../core/status.ts";
import { checkOnce } from "./check_once.ts";

/** One request as the application saw it. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  /** All fields, flat. */
  readonly fields: readonly string[];
  /** One character for each byte; `null` while it is not complete, or nobody reads it. */
  body: string | null;
}

export class FuzzApp {
  readonly seen: Seen[] = [];
  loop: Loop | null = null;

  get handlers(): Handler[] {
    return [
      (request) => this.#note(request),
      (request) => request.target.includes("/skip") ? answer(request, "skipped") : DECLINED,
      (request) => request.target.includes("/later") ? this.#later(request) : DECLINED,
      (request) => request.target.includes("/stream") ? this.#stream(request) : DECLINED,
      (request) => request.target.includes("/tagged") ? this.#tagged(request) : DECLINED,
      (request) => request.target.includes("/fetch") ? this.#fetch(request) : DECLINED,
      (request) => this.#read(request, (text) => answer(request, `read ${text.length}\n`)),
    ];
  }

  #note(request: HttpRequest): typeof DECLINED {
    const { method, target } = request;
    const fields = [...request.head.fields()];
    checkOnce(request, fields);
    this.seen.push({ method, target, fields, body: null });
    return DECLINED;
  }

  readonly #fetch = fetchHandler({
    fetch: async (request) => new Response(`fetched ${(await request.arrayBuffer()).byteLength}\n`),
  });

  /** Has preconditions looked at. */
  readonly #tagged = iterable((_request, out) => {
    out.head(200, { "content-type": "text/plain", "etag": '"a"', "last-modified": MODIFIED });
    return ["tagged ", "as it is\n"];
  });

  /** Reads all, and answers at the end of the turn. */
  #later(request: HttpRequest): ResultCode {
    return this.#read(request, (text, last) => {
      const runPosted = (): void => last(() => answer(request, `later ${text.length}\n`));
      this.loop!.posted.post({ posted: false, nextPosted: null, runPosted });
    });
  }

  #stream(request: HttpRequest): ResultCode {
    request.sendHead(200, {});
    request.send("one\n");
    request.send("two\n", { flush: true });
    return request.end();
  }

  #read(
    request: HttpRequest,
    then: (text: string, last: (answer: () => ResultCode) => void) => ResultCode | void,
  ): ResultCode {
    const seen = this.seen.at(-1)!;
    const hold = request.hold("reads the body");
    const last = (make: () => ResultCode, status = 0): void => {
      if (!request.finalized) finalizeRequest(request, make(), status);
      hold.release();
    };
    let text = "";
    request.body.read({
      onBody: (bytes) => {
        for (const byte of bytes) text += String.fromCharCode(byte);
      },
      onBodyEnd: () => {
        seen.body = text;
        const code = then(text, last);
        if (code !== undefined) last(() => code);
      },
      onBodyError: (error) => last(() => ERROR, error instanceof HttpError ? error.status : 0),
    });
    return DONE;
  }
}

const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";

function answer(request: HttpRequest, text: string): ResultCode {
  return request.respond(200, { "content-type": "text/plain" }, text);
}
