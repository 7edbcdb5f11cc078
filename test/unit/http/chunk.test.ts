/** The framing of chunked bodies that go out, checked with the decoder of those that come in. */

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { BODY_DATA, BODY_DONE, BodyDecoder } from "../../../core/http/body_decoder.ts";
import { chunkSizeLine, formatTrailers } from "../../../core/http/chunk.ts";
import { bytesOf } from "../../wire/load.ts";

describe("chunkSizeLine()", () => {
  test("is the size in hexadecimal and CRLF", () => {
    const sizes = [1, 9, 10, 255, 256, 65536, 2 ** 32, 2 ** 53 - 1];
    assertEquals(sizes.map(chunkSizeLine), [
      "1\r\n",
      "9\r\n",
      "a\r\n",
      "ff\r\n",
      "100\r\n",
      "10000\r\n",
      "100000000\r\n",
      "1fffffffffffff\r\n",
    ]);
  });
});

describe("formatTrailers()", () => {
  test("writes a line for each field", () => {
    assertEquals(formatTrailers([]), "");
    assertEquals(formatTrailers(["X-A", "1", "b", "\xe9"]), "X-A: 1\r\nb: \xe9\r\n");
  });

  test("refuses what no field and no trailer may be", () => {
    assertThrows(() => formatTrailers(["a b", "1"]), TypeError, '"a b"');
    assertThrows(() => formatTrailers(["a", "1\r\n"]), TypeError, '"a"');
    assertThrows(() => formatTrailers(["Content-Length", "1"]), TypeError, '"Content-Length"');
  });
});

describe("a chunked body", () => {
  test("comes out of the decoder as it went in", () => {
    const body = `${chunkSizeLine(5)}hello\r\n${chunkSizeLine(1)}!\r\n`;
    assertEquals(decoded(`${body}0\r\n\r\n`), { data: "hello!", trailers: [] });
    const trailers = ["x-sum", "1", "x-other", "2"];
    assertEquals(decoded(`${body}0\r\n${formatTrailers(trailers)}\r\n`), {
      data: "hello!",
      trailers,
    });
  });
});

function decoded(text: string): { data: string; trailers: string[] } {
  const decoder = new BodyDecoder();
  decoder.startChunked({ chunkFramingBytesMax: 100 });
  const bytes = bytesOf(text);
  let data = "";
  let code = decoder.next(bytes, 0, bytes.length);
  while (code === BODY_DATA) {
    data += text.slice(decoder.dataStart, decoder.dataEnd);
    code = decoder.next(bytes, decoder.pos, bytes.length);
  }
  assertEquals(code, BODY_DONE);
  assertEquals(decoder.pos, bytes.length);
  return { data, trailers: decoder.trailers };
}
