/**
 * The answers of the simulated application by the native interface: whole, streamed as far as the
 * client takes it, or wrong in each of the planned ways. It obeys `AGAIN` where it is meant to.
 *
 * @module
 */

import { type Buf, bufOf, type BufOwner } from "../../core/buf.ts";
import type { Connection } from "../../core/connection.ts";
import { finalizeRequest } from "../../core/finalize.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import { AGAIN, ERROR, OK, type ResultCode } from "../../core/status.ts";
import type { Outcome, SimApp } from "./app.ts";
import { type Deed, Violation } from "./facts.ts";
import { pattern } from "./request_bytes.ts";

/** From here on memory is lent, not copied. */
const LENT_BYTES_MIN = 16 * 1024;
const GREEDY_PIECE_BYTES = 32 * 1024;

/** Knows what is out, and spoils what comes home: nobody may read it any more. */
export class CountingOwner implements BufOwner {
  sent = 0;
  readonly #out = new Set<Buf>();

  /** How many are out. */
  get out(): number {
    return this.#out.size;
  }

  make(bytes: Uint8Array): Buf {
    const buf = bufOf(bytes, this);
    this.#out.add(buf);
    this.sent++;
    return buf;
  }

  bufReleased(buf: Buf): void {
    if (!this.#out.delete(buf)) throw new Violation("a buffer came home twice");
    buf.bytes.fill(0xee);
  }

  /** It was not accepted. */
  takeBack(buf: Buf): void {
    this.#out.delete(buf);
  }
}

/** Answers as the plan says, and calls `done` once. */
export function answerNatively(app: SimApp, deed: Deed, done: (outcome: Outcome) => void): void {
  const { act, request } = deed;
  deed.answeredMs = app.now();
  switch (act.answer) {
    case "respond":
      request.respond(act.status, headersOf(deed), wholeBody(deed));
      done({ code: OK });
      return;
    case "throw":
      done({ error: new Error("planned") });
      return;
    case "error":
      done({ code: ERROR });
      return;
    case "silent":
      done({ code: OK });
      return;
    case "nonsense":
      done({ code: 42 as ResultCode });
      return;
    case "refuse":
      if (!request.finalized && finalizeRequest(request, ERROR, 503)) deed.finalized++;
      done({ code: OK });
      return;
    case "greedy":
      sendGreedily(deed);
      done({ code: OK });
      return;
    case "short":
    case "long":
      sendWrongly(deed, act.answer === "short" ? act.bytes - 1 : act.bytes + 10);
      done({ code: OK });
      return;
    default:
      new Stream(app, deed, done).start();
  }
}

/** The header fields of every planned answer, native or not. */
export function headersOf(deed: Deed): Record<string, string> {
  const { act } = deed;
  const headers: Record<string, string> = { "x-id": `${deed.client}/${deed.index}` };
  if (act.reads !== "nothing") headers["x-read"] = `${deed.bodyBytes}.${deed.bodySum}`;
  if (act.closes) headers["connection"] = "close";
  if (act.isText) headers["content-type"] = "text/plain";
  return headers;
}

/** Text where it can be: it takes another way out than bytes. */
export function wholeBody(deed: Deed): Uint8Array | string | null {
  const { act, client, index } = deed;
  if (act.bytes === 0) return null;
  const bytes = pattern(client, index, 0, act.bytes);
  return bytes.every((byte) => byte < 0x80) ? String.fromCharCode(...bytes) : bytes;
}

function sendGreedily(deed: Deed): void {
  const { act, client, index, request } = deed;
  if (request.headSent) return;
  request.sendHead(200, headersOf(deed));
  for (let at = 0; at < act.bytes; at += GREEDY_PIECE_BYTES) {
    const piece = pattern(client, index, at, Math.min(act.bytes, at + GREEDY_PIECE_BYTES));
    if (request.send(piece) === ERROR) return;
  }
  request.end();
}

/** Declares `bytes` and sends another number of them. */
function sendWrongly(deed: Deed, bytes: number): void {
  const { act, client, index, request } = deed;
  if (request.headSent) return;
  request.sendHead(200, { ...headersOf(deed), "content-length": String(act.bytes) });
  request.send(pattern(client, index, 0, bytes), { last: true });
}

/** Output is queued, and more than its bound: somebody has lost count. */
export function checkBound(app: SimApp, deed: Deed): void {
  const { limits } = deed.request.service;
  const { output } = deed.request.exchange as Connection;
  // The answer before it may be queued as a whole.
  const before = app.plan.clients[deed.client]!.requests[deed.index - 1]?.does.bytes ?? 0;
  const most = limits.outputBytesReady + before + deed.act.pieceBytes + SLACK_BYTES;
  if (output.chain.size() <= most) return;
  throw new Violation(
    `${output.chain.size()} bytes are queued for ${deed}, and at most ${most} should be`,
  );
}

/** Heads, chunk lines, and a pooled buffer that gathers small things. */
const SLACK_BYTES = 20 * 1024;

class Stream {
  readonly #app: SimApp;
  readonly #deed: Deed;
  readonly #request: HttpRequest;
  readonly #done: (outcome: Outcome) => void;
  readonly #total: number;
  #sent = 0;
  #isOver = false;

  constructor(app: SimApp, deed: Deed, done: (outcome: Outcome) => void) {
    this.#app = app;
    this.#deed = deed;
    this.#request = deed.request;
    this.#done = done;
    this.#total = deed.act.answer === "breaks" ? deed.act.bytes >> 1 : deed.act.bytes;
  }

  start(): void {
    const { act } = this.#deed;
    // A clock may have answered before.
    if (this.#request.headSent || this.#request.terminated) {
      this.#done({ code: ERROR });
      return;
    }
    const headers = headersOf(this.#deed);
    if (act.declares) headers["content-length"] = String(act.bytes);
    this.#request.sendHead(act.status, headers);
    this.#request.onWritable = () => this.#writable();
    this.#request.onTerminated(() => this.#over({ code: ERROR }));
    this.#pump();
  }

  #pump(): void {
    const deed = this.#deed;
    if (this.#isOver) return;
    while (this.#sent < this.#total) {
      if (deed.isToldToWait) throw new Violation(`${deed} sends although it was told to wait`);
      const code = this.#sendPiece();
      if (code === ERROR) {
        this.#over({ code: ERROR });
        return;
      }
      checkBound(this.#app, deed);
      if (this.#sent >= this.#total) break;
      if (code === AGAIN) {
        deed.isToldToWait = true;
        return;
      }
      if (deed.act.stepMs > 0) {
        this.#app.after(deed.act.stepMs, () => this.#pump());
        return;
      }
    }
    this.#end();
  }

  #sendPiece(): ResultCode {
    const { act, client, index } = this.#deed;
    const end = Math.min(this.#total, this.#sent + act.pieceBytes);
    const bytes = pattern(client, index, this.#sent, end);
    const last = end === act.bytes && !act.trailers;
    const flush = end % 5 === 0;
    if (bytes.length < LENT_BYTES_MIN) {
      this.#sent = end;
      return this.#request.send(bytes, { last, flush });
    }
    const buf = this.#app.owner.make(bytes);
    const code = this.#request.send(buf, { last, flush });
    if (code === ERROR) this.#app.owner.takeBack(buf);
    this.#sent = end;
    return code;
  }

  #writable(): void {
    const deed = this.#deed;
    if (!deed.isToldToWait) throw new Violation(`onWritable came to ${deed} without AGAIN`);
    deed.isToldToWait = false;
    this.#pump();
  }

  #end(): void {
    const { act } = this.#deed;
    const request = this.#request;
    if (act.answer === "breaks") {
      this.#over({ error: new Error("planned, in the middle") });
      return;
    }
    if (act.trailers && !request.terminated) request.end([["x-trailer", "t"]]);
    else if (act.bytes === 0 && !request.terminated) request.end();
    this.#over({ code: OK });
  }

  #over(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(outcome);
  }
}
