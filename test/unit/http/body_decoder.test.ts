/**
 * The decoder as its caller sees it: codes, positions, counts. What it accepts is in `test/wire/`.
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertFalse, assertNotStrictEquals } from "@std/assert";
import {
  BODY_BAD,
  BODY_DATA,
  BODY_DONE,
  BODY_MORE,
  BodyDecoder,
} from "../../../core/http/body_decoder.ts";
import { isTrailerName } from "../../../core/http/trailer_section.ts";
import { bytesOf } from "../../wire/load.ts";

const LIMITS = { chunkFramingBytesMax: 100 };

/** The data and the last code of a body that is fed in one piece. */
function decode(decoder: BodyDecoder, text: string): { data: string[]; code: number } {
  const bytes = bytesOf(text);
  const data: string[] = [];
  let code = decoder.next(bytes, 0, bytes.length);
  while (code === BODY_DATA) {
    data.push(text.slice(decoder.dataStart, decoder.dataEnd));
    code = decoder.next(bytes, decoder.pos, bytes.length);
  }
  return { data, code };
}

describe("BodyDecoder with a length", () => {
  test("hands out what is there and stops at the end", () => {
    const decoder = new BodyDecoder();
    decoder.startLength(8);
    const bytes = bytesOf("..hello");
    assertEquals(decoder.next(bytes, 2, 7), BODY_DATA);
    assertEquals([decoder.dataStart, decoder.dataEnd, decoder.pos], [2, 7, 7]);
    assertEquals([decoder.seen, decoder.remaining], [5, 3]);
    assertFalse(decoder.isDone);
    assertEquals(decoder.next(bytes, 7, 7), BODY_MORE);
    assertEquals(decoder.next(bytes, 2, 7), BODY_DATA);
    assertEquals([decoder.dataStart, decoder.dataEnd, decoder.pos], [2, 5, 5]);
    assertEquals([decoder.seen, decoder.remaining], [8, 0]);
    assert(decoder.isDone);
    assertEquals(decoder.next(bytes, 5, 7), BODY_DONE);
    assertEquals(decoder.pos, 5);
  });

  test("is done at once with length 0, and with no body", () => {
    const decoder = new BodyDecoder();
    assert(decoder.isDone);
    decoder.startLength(0);
    assert(decoder.isDone);
    assertEquals(decoder.next(bytesOf("x"), 0, 1), BODY_DONE);
    decoder.startNone();
    assertEquals(decoder.next(bytesOf("x"), 0, 1), BODY_DONE);
    assertEquals(decoder.pos, 0);
  });

  test("counts past 2^32", () => {
    const decoder = new BodyDecoder();
    decoder.startLength(Number.MAX_SAFE_INTEGER);
    decoder.next(new Uint8Array(1000), 0, 1000);
    assertEquals(decoder.remaining, Number.MAX_SAFE_INTEGER - 1000);
  });
});

describe("BodyDecoder with chunks", () => {
  test("hands out each chunk and the trailers behind", () => {
    const decoder = new BodyDecoder();
    decoder.startChunked(LIMITS);
    assertEquals(decoder.remaining, -1);
    const text = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\nnext";
    assertEquals(decode(decoder, text), { data: ["abc", "de"], code: BODY_DONE });
    assertEquals(text.slice(decoder.pos), "next");
    assertEquals(decoder.trailers, ["T", "u"]);
    assertEquals([decoder.seen, decoder.remaining], [5, 0]);
    assert(decoder.isDone);
  });

  test("is done with the last byte of the final line, and no sooner", () => {
    const decoder = new BodyDecoder();
    const bytes = bytesOf("1\r\na\r\n0\r\n\r\n");
    decoder.startChunked(LIMITS);
    for (let pos = 0; pos < bytes.length; pos++) {
      assertFalse(decoder.isDone, `at ${pos}`);
      const code = decoder.next(bytes, pos, pos + 1);
      const last = pos === bytes.length - 1;
      assertEquals(code, pos === 3 ? BODY_DATA : last ? BODY_DONE : BODY_MORE);
    }
    assert(decoder.isDone);
  });

  test("hands out a chunk in as many pieces as arrive", () => {
    const decoder = new BodyDecoder();
    decoder.startChunked(LIMITS);
    assertEquals(decode(decoder, "a\r\n0123"), { data: ["0123"], code: BODY_MORE });
    assertEquals(decode(decoder, "4567"), { data: ["4567"], code: BODY_MORE });
    assertEquals(decode(decoder, "89\r\n"), { data: ["89"], code: BODY_MORE });
    assertEquals(decoder.seen, 10);
  });

  test("stays refused", () => {
    const decoder = new BodyDecoder();
    decoder.startChunked(LIMITS);
    assertEquals(decode(decoder, "1\r\nabc"), { data: ["a"], code: BODY_BAD });
    assertEquals(decoder.error?.code, "bad-chunk-end");
    assertEquals(decoder.next(bytesOf("\r\n"), 0, 2), BODY_BAD);
    assertFalse(decoder.isDone);
  });

  test("startChunked() forgets the body before", () => {
    const decoder = new BodyDecoder();
    decoder.startChunked(LIMITS);
    decode(decoder, "0\r\nA: b\r\n\r\n");
    const before = decoder.trailers;
    decoder.startChunked(LIMITS);
    assertEquals(decode(decoder, "1\r\nx\r\n0\r\nC: d"), { data: ["x"], code: BODY_MORE });
    decoder.startChunked({ chunkFramingBytesMax: 0 });
    assertEquals(decode(decoder, "2\r\nyz\r\n0\r\n\r\n"), { data: ["yz"], code: BODY_DONE });
    assertEquals(decoder.trailers, []);
    assertEquals(before, ["A", "b"]);
    assertNotStrictEquals(decoder.trailers, before);
    decoder.startChunked(LIMITS);
    decode(decoder, "!");
    decoder.startLength(1);
    assertEquals(decoder.error, null);
  });

  test("the limit counts extensions and trailers together, to the byte", () => {
    for (const [max, code] of [[11, BODY_DONE], [10, BODY_BAD]] as const) {
      const decoder = new BodyDecoder();
      decoder.startChunked({ chunkFramingBytesMax: max });
      const text = "1;ab\r\nx\r\n0;c\r\nT:u\r\n\r\n".replace("T:u", "T:u1");
      assertEquals(decode(decoder, text).code, code);
      if (code === BODY_BAD) assertEquals(decoder.error?.code, "chunk-framing-too-large");
    }
  });
});

describe("isTrailerName()", () => {
  test("refuses what belongs in the head", () => {
    for (const name of ["content-length", "transfer-encoding", "host", "trailer", "connection"]) {
      assertFalse(isTrailerName(name), name);
    }
    for (const name of ["server-timing", "digest", "x-sum", "grpc-status", "etag"]) {
      assert(isTrailerName(name), name);
    }
  });
});
