/**
 * The writing side of one connection: heads and bodies of its answers go to `output`, and from
 * there into the runtime: within an event at its end, outside of one at once or at the end of the
 * turn. It knows the answer's half of an exchange and the send clock; it knows nothing of what
 * comes in, and ends no connection.
 *
 * @module
 */

import type { Chain } from "./chain.ts";
import type { ConnectionClocks } from "./connection_clocks.ts";
import { type Outgoing, refuseChain } from "./filters/outgoing.ts";
import { settleRequest, terminateRequest } from "./finalize.ts";
import { Gathered } from "./gathered.ts";
import type { Halves } from "./http/halves.ts";
import { formatInterim, formatResponseHead } from "./http/response_head.ts";
import type { HttpRequest } from "./http_request.ts";
import type { Output } from "./output.ts";
import type { Persistence } from "./persistence.ts";
import type { Service } from "./service.ts";
import { AGAIN, DECLINED, ERROR, OK, type SendCode } from "./status.ts";

/** The connection whose answers are written. */
export interface AnswerWriterOwner {
  readonly service: Service;
  readonly output: Output;
  readonly clocks: ConnectionClocks;
  /** The request that is answered. */
  readonly request: HttpRequest | null;
  /** True exactly while an event is handled, at whose end the owner pushes. */
  readonly isWorking: boolean;
  /** Asks for a push at the end of the turn. */
  pushLater(): void;
}

export class AnswerWriter {
  /** Requests whose answers are written and have not left. */
  readonly gathered: Gathered = new Gathered();
  readonly #owner: AnswerWriterOwner;
  readonly #service: Service;
  readonly #output: Output;
  readonly #clocks: ConnectionClocks;
  readonly #halves: Halves;
  readonly #persistence: Persistence;

  constructor(owner: AnswerWriterOwner, halves: Halves, persistence: Persistence) {
    this.#owner = owner;
    this.#service = owner.service;
    this.#output = owner.output;
    this.#clocks = owner.clocks;
    this.#halves = halves;
    this.#persistence = persistence;
  }

  /** As `Exchange.writeHead`. */
  writeHead(outgoing: Outgoing): void {
    const { response, versionMinor } = outgoing;
    const keepAlive = this.#persistence.answers(response, this.#owner.request);
    const date = this.#service.httpDate();
    this.#output.writeText(formatResponseHead(response, versionMinor, date, keepAlive));
    this.#halves.responseHead();
  }

  /** As `Exchange.writeWhole`. */
  writeWhole(outgoing: Outgoing, body: string | Uint8Array): SendCode | typeof DECLINED {
    const output = this.#output;
    if (output.dead) return ERROR;
    const { response, versionMinor } = outgoing;
    const keepAlive = this.#persistence.answers(response, this.#owner.request);
    const service = this.#service;
    const head = service.headBytes.of(response, versionMinor, service.httpDate(), keepAlive);
    if (!output.writeWhole(head, body)) return DECLINED;
    this.#halves.responseHead();
    this.#halves.responseEnd();
    if (!this.#owner.isWorking) this.#pushAtOnce();
    return output.readiness;
  }

  /** As `Exchange.writeBody`. */
  writeBody(outgoing: Outgoing, chain: Chain): SendCode {
    const output = this.#output;
    const owner = this.#owner;
    if (output.dead) {
      refuseChain(outgoing, chain);
      return ERROR;
    }
    const { last, flush } = chain.tail!;
    // What is looked at is the queue before this item: one of any size is the application's own
    // memory already, and `send` had said that it may come. And every response may end.
    if (output.isOverfull && !last) {
      refuseChain(outgoing, chain);
      outgoing.complain("kept sending although send answered AGAIN: the response was cut off");
      terminateRequest(owner.request!, "application");
      return ERROR;
    }
    if (last) this.#halves.responseEnd();
    output.writeChain(chain);
    if (output.chain.count > 1) this.#pushAtOnce();
    else if (!owner.isWorking) {
      if (last || flush) this.#pushAtOnce();
      else owner.pushLater();
    }
    // Taken is taken: a push that failed has released it already, and the next item hears of it.
    if (output.dead) return AGAIN;
    const code = output.readiness;
    if (code === AGAIN && !output.blocked) owner.pushLater();
    return code;
  }

  /** Somebody wants the body that the client holds back (RFC 9110 §10.1.1). */
  writeContinue(): void {
    this.#halves.interim();
    this.#output.writeText(formatInterim(100));
    if (!this.#owner.isWorking) this.#pushQuietly();
  }

  /**
   * Sets a request aside that is answered, but for output that is small and has not left. Answers
   * false for one that is not, and when something is in the way of the output.
   */
  gather(request: HttpRequest): boolean {
    const output = this.#output;
    if (!this.gathered.mayTake(request)) return false;
    if (output.blocked || output.chain.count > 1 || output.readiness !== OK) return false;
    this.gathered.add(request, output);
    return true;
  }

  /**
   * Pushes, and lets those requests end that only waited for it. Answers true when the runtime has
   * accepted all that was written.
   */
  push(): boolean {
    this.#pushQuietly();
    this.gathered.settle(this.#output);
    // Of output that died nothing has left: `closed` gives its requests up.
    if (!this.#output.isAccepted) return false;
    const { request } = this.#owner;
    if (request !== null && request.finalized) settleRequest(request);
    return true;
  }

  #pushAtOnce(): void {
    this.#pushQuietly();
    if (!this.gathered.isEmpty) this.#owner.pushLater();
  }

  /** Pushes without telling anybody: inside a call of the one who would be told. */
  #pushQuietly(): void {
    const output = this.#output;
    const clocks = this.#clocks;
    const waited = output.blocked && clocks.sendRuns;
    output.push();
    if (output.hasLeft || output.dead) clocks.sendStop();
    else if (!waited) clocks.outputWaits(output);
  }
}
