/** Bytes to strings and back: every byte keeps its number. */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { asciiText, encodeLatin1, latin1Text } from "../../../core/http/latin1.ts";
import { bytesOf } from "../../wire/load.ts";

const ALL = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const ALL_TEXT = Array.from(ALL, (byte) => String.fromCharCode(byte)).join("");

describe("latin1Text()", () => {
  test("gives every byte the character of its number, at every length", () => {
    for (let to = 0; to <= 256; to++) assertEquals(latin1Text(ALL, 0, to), ALL_TEXT.slice(0, to));
    assertEquals(latin1Text(ALL, 100, 200), ALL_TEXT.slice(100, 200));
  });
});

describe("asciiText()", () => {
  test("decodes the part that it is asked for, short or long", () => {
    for (let from = 0; from < 50; from++) {
      for (let to = from; to < 128; to += 7) {
        assertEquals(asciiText(ALL, from, to), ALL_TEXT.slice(from, to));
      }
    }
  });
});

describe("encodeLatin1()", () => {
  function encode(text: string, at: number, room: number): Uint8Array {
    const into = new Uint8Array(at + room + 1).fill(0x2e);
    assertEquals(encodeLatin1(text, into, at), text.length);
    return into;
  }

  test("writes one byte for each character, at every length", () => {
    for (let length = 0; length <= 256; length++) {
      const text = ALL_TEXT.slice(256 - length);
      assertEquals(encode(text, 0, length).subarray(0, length), bytesOf(text));
    }
  });

  test("writes behind what is there and touches nothing around it", () => {
    for (
      const text of ["", "short", "a".repeat(100), "\xe9".repeat(100), "a".repeat(99) + "\xe9"]
    ) {
      const into = encode(text, 3, text.length);
      assertEquals(into.subarray(0, 3), bytesOf("..."));
      assertEquals(into.subarray(3, 3 + text.length), bytesOf(text));
      assertEquals(into.at(-1), 0x2e);
    }
  });

  test("leaves the bytes alone that only UTF-8 would have needed", () => {
    const into = encode("\xe9".repeat(100), 0, 150);
    assertEquals(into.subarray(100), new Uint8Array(51).fill(0x2e));
  });
});
