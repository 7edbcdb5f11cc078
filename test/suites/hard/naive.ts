/**
 * Protocols that are spoilt on purpose, one request at a time: what the hard tests must find out.
 * Each takes the public face of one request apart before anybody uses it.
 *
 * @module
 */

import type { Hold } from "../../../core/hold.ts";
import { HttpRequest } from "../../../core/http_request.ts";
import { KeptBody } from "../../../core/kept_body.ts";
import type { Kept } from "./request_bodies.ts";

/** Each call of `finalize` is taken for the first one. */
export function unguardFinalize(request: HttpRequest): void {
  request.finalize = (code, status) => {
    request.finalized = false;
    return HttpRequest.prototype.finalize.call(request, code, status);
  };
}

/** Holds keep nothing alive. */
export function uncountHolds(request: HttpRequest): void {
  request.hold = (reason) => {
    const hold = {
      reason,
      isOpen: true,
      release() {
        const { isOpen } = hold;
        hold.isOpen = false;
        return isOpen;
      },
    };
    return hold as unknown as Hold;
  };
}

/**
 * Keeps a body in a temporary file by one buffer, which it fills again without waiting for the disk
 * to have it.
 */
export async function keepCarelessly(request: HttpRequest): Promise<Kept> {
  const { files, limits } = request.service;
  const buffer = new Uint8Array(limits.clientBodyBufferBytes);
  const file = await files.openTemporary(null);
  request.onCleanup(() => void file.close());
  let size = 0;
  let written = 0;
  const write = () => {
    const done = file.write(written, buffer.subarray(0, size));
    written += size;
    size = 0;
    return done;
  };
  await new Promise<void>((resolve, reject) => {
    request.body.read({
      onBody(bytes) {
        for (const byte of bytes) {
          if (size === buffer.length) write();
          buffer[size++] = byte;
        }
      },
      onBodyEnd: () => void write().then(resolve),
      onBodyError: reject,
    });
  });
  const body = new KeptBody(file, written, []);
  return {
    length: written,
    isInFile: written > buffer.length,
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
  };
}
