/** The byte tables, against the definitions of the RFCs written out. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  equalsLower,
  HEX,
  HOST,
  isDigit,
  isOws,
  lowerByte,
  QDTEXT,
  TARGET,
  TOKEN,
  VALUE,
  VALUE_ASCII,
  VALUE_OBS,
} from "../../../core/http/grammar.ts";
import { bytesOf } from "../../wire/load.ts";

function members(table: Uint8Array): string {
  let text = "";
  for (let byte = 0; byte < 256; byte++) if (table[byte] !== 0) text += String.fromCharCode(byte);
  return text;
}

function matching(pattern: RegExp): string {
  let text = "";
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    if (pattern.test(character)) text += character;
  }
  return text;
}

describe("grammar", () => {
  test("every table has an entry for every byte", () => {
    for (const table of [TOKEN, VALUE, TARGET, HOST, HEX, QDTEXT]) assertEquals(table.length, 256);
  });

  test("TOKEN is tchar", () => {
    assertEquals(members(TOKEN), matching(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/));
  });

  test("VALUE is HTAB, SP, VCHAR and obs-text, the last by its own number", () => {
    assertEquals(members(VALUE), matching(/[\t\x20-\x7e\x80-\xff]/));
    assertEquals(VALUE[0x7e], VALUE_ASCII);
    assertEquals(VALUE[0x80], VALUE_OBS);
    assertEquals(VALUE[0xff], VALUE_OBS);
  });

  test("TARGET is visible ASCII without the number sign", () => {
    assertEquals(members(TARGET), matching(/[!-~]/).replace("#", ""));
  });

  test("HOST is unreserved and sub-delims", () => {
    assertEquals(members(HOST), matching(/[A-Za-z0-9\-._~!$&'()*+,;=]/));
  });

  test("QDTEXT is a value's bytes without quote and backslash", () => {
    assertEquals(members(QDTEXT), matching(/[\t\x20!\x23-\x5b\x5d-\x7e\x80-\xff]/));
  });

  test("HEX is the digit's value plus one", () => {
    for (let byte = 0; byte < 256; byte++) {
      const value = parseInt(String.fromCharCode(byte), 16);
      assertEquals(HEX[byte], Number.isNaN(value) ? 0 : value + 1);
    }
  });

  test("isDigit(), isOws() and lowerByte() know their bytes and no others", () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      assertEquals(isDigit(byte), /[0-9]/.test(character));
      assertEquals(isOws(byte), character === " " || character === "\t");
      const isCapital = /[A-Z]/.test(character);
      assertEquals(lowerByte(byte), isCapital ? character.toLowerCase().charCodeAt(0) : byte);
    }
  });

  test("equalsLower() ignores the case of letters and nothing else", () => {
    const bytes = bytesOf("..HoSt-1..");
    assert(equalsLower(bytes, 2, 8, "host-1"));
    assertFalse(equalsLower(bytes, 2, 7, "host-1"));
    assertFalse(equalsLower(bytes, 2, 8, "host-2"));
    for (let byte = 0x20; byte < 256; byte++) {
      const same = equalsLower(new Uint8Array([byte]), 0, 1, "k");
      assertEquals(same, byte === 0x4b || byte === 0x6b);
      assertEquals(equalsLower(new Uint8Array([byte]), 0, 1, "-"), byte === 0x2d);
      assertEquals(equalsLower(new Uint8Array([byte]), 0, 1, "0"), byte === 0x30);
    }
  });
});
