/**
 * Answered requests of one connection whose output is gathered but has not left: pipelined requests
 * of one packet whose answers leave in one write. Oldest first. It knows where each answer ends in
 * the output, and not when that leaves.
 *
 * @module
 */

import { abandonRequest, settleRequest } from "./finalize.ts";
import type { HttpRequest } from "./http_request.ts";
import { DecodedHead } from "./http/decoded_head.ts";
import { ByteHead } from "./http/request_head.ts";
import type { Output } from "./output.ts";

export class Gathered {
  #first: HttpRequest | null = null;
  #last: HttpRequest | null = null;
  /** How many there are. */
  count = 0;

  get isEmpty(): boolean {
    return this.#first === null;
  }

  /** True exactly when `request` could make room for the next one now. */
  mayTake(request: HttpRequest): boolean {
    if (this.count >= request.service.limits.pipelinedRequestsMax) return false;
    // One that keeps a body waits for its end: of bodies there is one at a time.
    if ((request.bodyIfAsked?.heldBytes ?? 0) > 0) return false;
    return request.finalized && request.holds === null && !request.bodyBroken &&
      !request.isEncoding;
  }

  /** `output` has the answer, and nothing behind it. */
  add(request: HttpRequest, output: Output): void {
    request.gatheredAt = output.mark();
    if (this.#last === null) this.#first = request;
    else this.#last.nextGathered = request;
    this.#last = request;
    this.count++;
  }

  /** Takes the oldest one out. */
  shift(): HttpRequest | null {
    const request = this.#first;
    if (request === null) return null;
    this.#first = request.nextGathered;
    if (this.#first === null) this.#last = null;
    request.nextGathered = null;
    this.count--;
    return request;
  }

  /** The text of the heads of all of them and of `current`, in bytes. Walks: for reports. */
  headBytes(current: HttpRequest | null): number {
    let bytes = keptBytesOf(current);
    for (let one = this.#first; one !== null; one = one.nextGathered) bytes += keptBytesOf(one);
    return bytes;
  }

  /** The connection is gone. */
  abandon(): void {
    for (let request = this.shift(); request !== null; request = this.shift()) {
      abandonRequest(request);
    }
  }

  /** Each of them is over as soon as its output was accepted, whatever is queued behind that. */
  settle(output: Output): void {
    while (this.#first !== null && output.hasAccepted(this.#first.gatheredAt)) {
      settleRequest(this.shift()!);
    }
  }
}

function keptBytesOf(request: HttpRequest | null): number {
  const head = request?.head;
  return head instanceof ByteHead || head instanceof DecodedHead ? head.keptBytes : 0;
}
