/**
 * What a client sends behind its requests when it means no good: the wire cases, as they are or
 * changed at random places; and what must come of it. Head parser and body decoder, fed with all of
 * it at once, are the model: however the bytes come, the outcome must be the same.
 *
 * @module
 */

import { BODY_BAD, BODY_DATA, BODY_DONE, BodyDecoder } from "../../core/http/body_decoder.ts";
import { ByteHead } from "../../core/http/request_head.ts";
import { HEAD_DONE, HEAD_MORE, RequestHeadParser } from "../../core/http/request_head_parser.ts";
import type { Limits } from "../../core/limits.ts";
import { hostIsUsable } from "../../core/refuse.ts";
import { bytesOf, loadWireCases } from "../wire/load.ts";
import type { Dice } from "./dice.ts";

/** Longer cases are about limits, and are mostly padding. */
const TAIL_BYTES_MAX = 2000;

const corpus: readonly Uint8Array[] = loadWireCases()
  .map((one) => one.input)
  .filter((input) => input.length > 0 && input.length <= TAIL_BYTES_MAX);

/** One text of the corpus, one character for each byte; half of them changed. */
export function drawTail(dice: Dice): string {
  const bytes = [...dice.pick(corpus)];
  for (let changes = dice.chance(0.5) ? 0 : dice.between(1, 4); changes > 0; changes--) {
    change(dice, bytes);
  }
  return String.fromCharCode(...bytes);
}

/** Bytes that mean something somewhere in a request. */
const TELLING = [...bytesOf('\r\n\t :;,="\\/?*0159aAfFxgzZ\x00\x7f\x80\xff')];

function change(dice: Dice, bytes: number[]): void {
  const at = dice.below(bytes.length + 1);
  switch (dice.below(5)) {
    case 0:
      bytes.splice(at, 1);
      return;
    case 1:
      bytes.splice(at, 0, dice.pick(TELLING));
      return;
    case 2:
      bytes.splice(at, dice.magnitude(1, 40));
      return;
    case 3: {
      const from = dice.below(bytes.length + 1);
      bytes.splice(at, 0, ...bytes.slice(from, from + dice.magnitude(1, 40)));
      return;
    }
    default:
      if (at < bytes.length) bytes[at] = dice.pick(TELLING);
  }
}

/** What must come of one request of a tail. */
export interface TailAnswer {
  /** `""` for what is no request. */
  readonly method: string;
  /** 200 from the application, which reads the body first; or the status of a refusal. */
  readonly status: number;
  /** True exactly when the connection must end behind it. */
  readonly closes: boolean;
}

/** What a server must make of a tail, if all of it comes. */
export function answersOfTail(tail: string, limits: Limits): TailAnswer[] {
  const bytes = bytesOf(tail);
  const parser = new RequestHeadParser(limits);
  const answers: TailAnswer[] = [];
  let pos = 0;
  while (pos < bytes.length) {
    const code = parser.feed(bytes, pos, bytes.length);
    if (code === HEAD_MORE) return answers;
    if (code !== HEAD_DONE) {
      answers.push({ method: "", status: parser.error!.status, closes: true });
      return answers;
    }
    const head = new ByteHead(parser, bytes, pos);
    pos += parser.headBytes;
    parser.reset();
    if (head.hostNeedsCheck && !hostIsUsable(head.authority)) {
      answers.push({ method: "", status: 400, closes: true });
      return answers;
    }
    const body = readBody(head, bytes, pos, limits);
    if (body.status === 0) return answers;
    const closes = body.status !== 200 || !head.keepAlive;
    answers.push({ method: head.method, status: body.status, closes });
    if (closes) return answers;
    pos = body.end;
  }
  return answers;
}

/** 200 for a body that is whole, 0 for one that goes on behind the end, else what refuses it. */
function readBody(
  head: ByteHead,
  bytes: Uint8Array,
  pos: number,
  limits: Limits,
): { status: number; end: number } {
  if (head.contentLength > limits.clientBodyMaxBytes) return { status: 413, end: pos };
  const decoder = new BodyDecoder();
  if (head.chunked) decoder.startChunked(limits);
  else decoder.startLength(Math.max(0, head.contentLength));
  let at = pos;
  for (;;) {
    const code = decoder.next(bytes, at, bytes.length);
    at = decoder.pos;
    if (code === BODY_BAD) return { status: decoder.error!.status, end: at };
    if (decoder.seen > limits.clientBodyMaxBytes) return { status: 413, end: at };
    if (code === BODY_DONE) return { status: 200, end: at };
    if (code !== BODY_DATA) return { status: 0, end: at };
  }
}
