/**
 * A hold: somebody's named reason for a request to outlive its handler. It knows when it was taken
 * and whether it is open, and nothing about why.
 *
 * @module
 */

import { settleRequest } from "./finalize.ts";
import type { HttpRequest } from "./http_request.ts";

/**
 * Made by `request.hold(reason)`, released exactly once by whoever took it. A request with an open
 * hold is not over, whatever else has ended.
 */
export class Hold {
  /** Why, for people: what a leak report shows. */
  readonly reason: string;
  /** When it was taken, on the scale of the reactor's clock. */
  readonly sinceMs: number;
  /** The request that it keeps. */
  readonly request: HttpRequest;
  /** True exactly until `release`. */
  isOpen = true;
  /** The next older open hold of the request. */
  next: Hold | null;

  constructor(request: HttpRequest, reason: string) {
    this.request = request;
    this.reason = reason;
    this.sinceMs = request.exchange.loop.now();
    this.next = request.holds;
    request.holds = this;
  }

  /**
   * Gives the request up for this holder's part. Answers false, with a log line, when it was
   * released before. The request is over with its last hold, if it was finalized.
   */
  release(): boolean {
    if (!this.isOpen) {
      this.request.complain(`the hold "${this.reason}" was released twice\n${new Error().stack}`);
      return false;
    }
    this.isOpen = false;
    this.#unlink();
    settleRequest(this.request);
    return true;
  }

  #unlink(): void {
    const { request } = this;
    if (request.holds === this) {
      request.holds = this.next;
      return;
    }
    for (let hold = request.holds; hold !== null; hold = hold.next) {
      if (hold.next === this) {
        hold.next = this.next;
        return;
      }
    }
  }
}
