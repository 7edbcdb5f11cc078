/** Text out of bytes: what the runtime has, beside the core's own way. */

import { describe, test } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { portableText } from "../../../core/http/latin1.ts";
import { byteText } from "../../../runtimes/common/byte_text.ts";

describe("byteText", () => {
  test("is there on this runtime: without it only speed is lost", () => {
    assertNotEquals(byteText, null);
  });

  test("reads every byte as portableText does, from any offset", () => {
    const bytes = Uint8Array.from({ length: 600 }, (_, i) => i);
    const view = bytes.subarray(3);
    for (const [from, to] of [[0, 0], [0, 1], [5, 25], [60, 125], [0, 597], [130, 400]] as const) {
      const isAscii = view.subarray(from, to).every((byte) => byte < 0x80);
      const text = byteText!(view, from, to, isAscii);
      assertEquals(text, portableText(view, from, to, isAscii));
      assertEquals(text.length, to - from);
    }
  });
});
