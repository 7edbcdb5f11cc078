/**
 * The body of an answer that does not come as one piece: gathered while it may still become whole,
 * and streamed from then on, with the same bounds as the output of a connection. It knows the order
 * of things within one answer; heads, clocks and the end of the request are its owner's.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";
import { refuseChain } from "../../core/filters/outgoing.ts";
import { settleRequest, terminateRequest } from "../../core/finalize.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import { Output, type OutputService } from "../../core/output.ts";
import type { Handle, Streams } from "../../core/reactor.ts";
import type { Service } from "../../core/service.ts";
import { AGAIN, ERROR, OK, type SendCode } from "../../core/status.ts";
import { ResponseStream, type StreamOwner } from "./response_stream.ts";

export interface AnswerOwner {
  readonly request: HttpRequest;
  pushLater(): void;
  /** Hands over an answer that turned out to be whole. The bytes are copied within the call. */
  deliverWhole(bytes: Uint8Array): void;
  /** Hands over the head; `stream` brings the body. */
  deliverStream(stream: ResponseStream): void;
  /** The stream waits for a slow peer, or has just made progress and waits again. */
  sendWaits(output: Output): void;
  sendGoesOn(): void;
  /** The last byte is about to leave. */
  streamEnds(): void;
  clientGone(): void;
  /** Runs `event` as one event of the loop. */
  asEvent(event: () => void): void;
}

export class StreamedAnswer implements StreamOwner {
  /** True exactly when the answer is streamed: it cannot be whole any more. */
  begun = false;
  /** True exactly when it was handed over whole, has ended, or was given up. */
  #isOver = false;
  readonly #owner: AnswerOwner;
  readonly #stream: ResponseStream;
  readonly #output: Output;

  constructor(owner: AnswerOwner, service: Service) {
    this.#owner = owner;
    this.#stream = new ResponseStream(this);
    this.#output = new Output(this.#stream, outputServiceOf(service), owner);
  }

  /** True exactly when Bun has all bytes so far, and its peer is not slow. */
  get isEmpty(): boolean {
    return this.#output.isEmpty && !this.#output.blocked;
  }

  /** Takes all of the chain, as `OutgoingSink.writeBody`. */
  write(chain: Chain): SendCode {
    const output = this.#output;
    const { last, flush } = chain.tail!;
    // As on a connection, what counts is the queue before this item, and every response may end.
    if (output.isOverfull && !last) {
      const { request } = this.#owner;
      refuseChain(request, chain);
      request.complain("kept sending although send answered AGAIN: the response was cut off");
      terminateRequest(request, "application");
      return ERROR;
    }
    // An owner may send on from the release of its buffer, and may even end the answer there.
    output.writeChain(chain);
    if (this.#isOver) return OK;
    if (this.begun) {
      if (last || flush || output.chain.count > 1) this.#push(flush);
      else this.#owner.pushLater();
    } else if (last) {
      this.#isOver = true;
      this.#owner.deliverWhole(joined(output.chain));
      output.drop();
      return OK;
    } else if (flush || output.readiness !== OK) {
      this.begin();
    } else {
      this.#owner.pushLater();
    }
    // Taken is taken, whatever became of it: the next item hears of it.
    if (this.#isOver) return OK;
    const code = output.readiness;
    if (code === AGAIN && !output.blocked) this.#owner.pushLater();
    return code;
  }

  /** The answer cannot wait for its end: Bun gets the head now, and asks for the bytes. */
  begin(): void {
    this.begun = true;
    this.#owner.deliverStream(this.#stream);
  }

  /** The end of a turn, or room for more: pushes, and lets a waiting producer go on. */
  turn(): void {
    const output = this.#output;
    const { request } = this.#owner;
    output.turnBegins();
    this.#push(false);
    if (request.writableOwed && output.readiness === OK) request.tellWritable();
    if (request.finalized) settleRequest(request);
  }

  /** Gives everything up that has not left; of a stream the peer sees a reset. */
  abort(): void {
    this.#isOver = true;
    this.#output.drop();
    this.#stream.abort();
  }

  #push(flush: boolean): void {
    const output = this.#output;
    if (!this.#stream.isOpen || output.blocked) return;
    output.push();
    if (output.blocked) {
      this.#owner.sendWaits(output);
      return;
    }
    this.#owner.sendGoesOn();
    const { request } = this.#owner;
    // A release inside the push may have sent on, ended the answer, or given it up.
    if (this.#isOver || !output.isEmpty) return;
    if (!request.responseEnded || request.isEncoding) {
      if (flush) this.#stream.flush();
    } else if (!request.bodyBroken) {
      this.#isOver = true;
      this.#owner.streamEnds();
      this.#stream.end();
    }
  }

  // Events of the stream.

  streamOpened(): void {
    this.#owner.asEvent(() => this.turn());
  }

  streamWritable(): void {
    this.#output.blocked = false;
    this.#owner.asEvent(() => this.turn());
  }

  streamReleased(buf: Buf): void {
    this.#output.released(buf);
  }

  streamCancelled(): void {
    this.#owner.asEvent(() => this.#owner.clientGone());
  }
}

/** What `Output` needs of a runtime's streams. */
const STREAMS: Pick<Streams, "send"> = {
  send: (handle: Handle, chain: Chain) => (handle as ResponseStream).offer(chain),
};

function outputServiceOf({ limits, pool }: Service): OutputService {
  return { limits, pool, streams: STREAMS };
}

/** The bytes of all buffers of a chain. */
function joined(chain: Chain): Uint8Array {
  const { first } = chain;
  if (first === null) return NO_BYTES;
  if (first.next === null) return first.view();
  const bytes = new Uint8Array(chain.size());
  let at = 0;
  for (let buf: Buf | null = first; buf !== null; buf = buf.next) {
    bytes.set(buf.view(), at);
    at += buf.size;
  }
  return bytes;
}

const NO_BYTES = new Uint8Array(0);
