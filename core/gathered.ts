/**
 * Answered requests of one connection whose output is gathered but has not left: pipelined requests
 * of one packet whose answers leave in one write. Oldest first.
 *
 * @module
 */

import { settleRequest } from "./finalize.ts";
import type { HttpRequest } from "./http_request.ts";

export class Gathered {
  #first: HttpRequest | null = null;
  #last: HttpRequest | null = null;

  get isEmpty(): boolean {
    return this.#first === null;
  }

  /** True exactly when `request` could make room for the next one now. */
  static mayTake(request: HttpRequest): boolean {
    return request.finalized && request.holds === null && !request.bodyBroken;
  }

  add(request: HttpRequest): void {
    if (this.#last === null) this.#first = request;
    else this.#last.nextGathered = request;
    this.#last = request;
  }

  /** Takes the oldest one out. */
  shift(): HttpRequest | null {
    const request = this.#first;
    if (request === null) return null;
    this.#first = request.nextGathered;
    if (this.#first === null) this.#last = null;
    request.nextGathered = null;
    return request;
  }

  /** All output has left: each of them is over. */
  settle(): void {
    for (let request = this.shift(); request !== null; request = this.shift()) {
      settleRequest(request);
    }
  }
}
