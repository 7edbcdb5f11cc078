/**
 * Where the two halves of one connection's current exchange are. Each method is one event of the
 * tables in `exchange_states.ts`, and asserts that it may come now. It knows no bytes, and nobody
 * who sends them.
 *
 * @module
 */

import {
  allows,
  mayGoOn,
  nextState,
  REQUEST_BODY_END,
  REQUEST_BYTE,
  REQUEST_HALF,
  REQUEST_HEAD_ALONE,
  REQUEST_HEAD_THEN_BODY,
  REQUEST_IDLE,
  REQUEST_NEXT,
  REQUEST_REFUSE,
  RESPONSE_ABORT,
  RESPONSE_END,
  RESPONSE_HALF,
  RESPONSE_HEAD,
  RESPONSE_INTERIM,
  RESPONSE_NEXT,
  RESPONSE_WAITING,
} from "./exchange_states.ts";

export class Halves {
  #request = REQUEST_IDLE;
  #response = RESPONSE_WAITING;

  /** A request's head is complete; `hasBody` says whether a body follows. */
  requestHead(hasBody: boolean): void {
    this.#moveRequest(REQUEST_BYTE);
    this.#moveRequest(hasBody ? REQUEST_HEAD_THEN_BODY : REQUEST_HEAD_ALONE);
  }

  requestEnd(): void {
    this.#moveRequest(REQUEST_BODY_END);
  }

  /** Nothing more is parsed. Answers false when that was so, or the request was complete. */
  refuse(): boolean {
    if (!allows(REQUEST_HALF, this.#request, REQUEST_REFUSE)) return false;
    this.#moveRequest(REQUEST_REFUSE);
    return true;
  }

  interim(): void {
    this.#moveResponse(RESPONSE_INTERIM);
  }

  responseHead(): void {
    this.#moveResponse(RESPONSE_HEAD);
  }

  responseEnd(): void {
    this.#moveResponse(RESPONSE_END);
  }

  /** The response is given up, unless it is complete. */
  abort(): void {
    if (allows(RESPONSE_HALF, this.#response, RESPONSE_ABORT)) this.#moveResponse(RESPONSE_ABORT);
  }

  /** Begins the next exchange. Answers false while one half is not done. */
  next(): boolean {
    if (!mayGoOn(this.#request, this.#response)) return false;
    this.#moveRequest(REQUEST_NEXT);
    this.#moveResponse(RESPONSE_NEXT);
    return true;
  }

  #moveRequest(event: number): void {
    this.#request = nextState(REQUEST_HALF, this.#request, event);
  }

  #moveResponse(event: number): void {
    this.#response = nextState(RESPONSE_HALF, this.#response, event);
  }
}
