/**
 * Protocols that are spoilt on purpose, one request at a time: what the hard tests must find out.
 * Each takes the public face of one request apart before anybody uses it.
 *
 * @module
 */

import type { Hold } from "../../../core/hold.ts";
import { HttpRequest } from "../../../core/http_request.ts";

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
