/** Small chunks that come together are one piece for whoever takes the body. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  BodyReader,
  READ_DONE,
  READ_FAILED,
  READ_MORE,
  READ_ON,
} from "../../../core/body_reader.ts";
import { makeHead } from "../../../core/http/request_head.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../core/limits.ts";
import type { RequestBody } from "../../../core/request_body.ts";
import { bytesOf } from "../../wire/load.ts";

/** Takes everything, or one piece for each call of `allow`. */
class Taker {
  readonly pieces: string[] = [];
  ends = 0;
  isFlowing = true;
  readonly takesMax: number;
  readonly #stops: boolean;

  constructor(takesMax: number, stops = false) {
    this.takesMax = takesMax;
    this.#stops = stops;
  }

  push(bytes: Uint8Array): void {
    this.pieces.push(String.fromCharCode(...bytes));
    this.isFlowing = !this.#stops;
  }

  end(): void {
    this.ends++;
  }
}

const CHUNKED = makeHead({ chunked: true });
const one = (count: number) => "1\r\na\r\n".repeat(count);

/** All codes until nothing goes on. */
function readAll(text: string, taker: Taker, limits: Partial<Limits> = {}): number[] {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const reader = new BodyReader();
  reader.begin(CHUNKED, all);
  const bytes = bytesOf(text);
  const codes: number[] = [];
  let pos = 0;
  for (;;) {
    const code = reader.next(bytes, pos, bytes.length, taker as unknown as RequestBody, all);
    codes.push(code);
    pos = reader.pos;
    if (code !== READ_ON) return codes;
  }
}

describe("BodyReader.next()", () => {
  test("brings chunks of a byte each as one piece, and the end with it", () => {
    const taker = new Taker(65_536, true);
    assertEquals(readAll(`${one(1000)}0\r\n\r\n`, taker), [READ_DONE]);
    assertEquals([taker.pieces, taker.ends], [["a".repeat(1000)], 1]);
  });

  test("brings no more at once than may be taken", () => {
    const taker = new Taker(60);
    assertEquals(readAll(`${one(25)}0\r\n\r\n`, taker).at(-1), READ_DONE);
    assertEquals(taker.pieces.join(""), "a".repeat(25));
    assertEquals(taker.pieces.every((piece) => piece.length === 10 || piece.length === 5), true);
  });

  test("waits behind a piece when the taker stops, with a malformed chunk left where it is", () => {
    const taker = new Taker(65_536, true);
    assertEquals(readAll(`${one(10)}zz\r\n`, taker), [READ_ON, READ_MORE]);
    assertEquals(taker.pieces, ["a".repeat(10)]);
    const eager = new Taker(65_536);
    assertEquals(readAll(`${one(10)}zz\r\n`, eager), [READ_ON, READ_FAILED]);
    assertEquals([eager.pieces, eager.ends], [["a".repeat(10)], 0]);
  });

  test("refuses a body at its first byte too many, and brings all before it", () => {
    const taker = new Taker(65_536);
    const codes = readAll(`${one(21)}0\r\n\r\n`, taker, { clientBodyMaxBytes: 20 });
    assertEquals(codes.at(-1), READ_FAILED);
    assertEquals([taker.pieces.join(""), taker.ends], ["a".repeat(20), 0]);
    const exact = new Taker(65_536);
    assertEquals(readAll(`${one(20)}0\r\n\r\n`, exact, { clientBodyMaxBytes: 20 }).at(-1), 2);
  });

  test("leaves large chunks as they are", () => {
    const taker = new Taker(65_536);
    const large = `800\r\n${"b".repeat(2048)}\r\n`;
    assertEquals(readAll(`${large}${large}${one(2)}0\r\n\r\n`, taker).at(-1), READ_DONE);
    assertEquals(taker.pieces.map((piece) => piece.length), [2048, 2048, 2]);
  });
});
