/**
 * What a peer may send, at its longest, and of the kind that makes a careless reader try each
 * division of it: the time it takes grows with its length, and not with the square of that.
 */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { chooseCoding } from "../../../core/http/accept_encoding.ts";
import { parseHttpDate } from "../../../core/http/date.ts";
import { checkPreconditions } from "../../../core/http/preconditions.ts";
import { labelsDecode } from "../../../core/http/punycode.ts";
import { TRAILERS_MORE, TrailerSection } from "../../../core/http/trailer_section.ts";
import { keyOfAddress } from "../../../core/admission.ts";

/** As long as a head may be; a square of it takes a second. */
const LENGTH = 32 * 1024;
/** Each of these takes less than a thousandth of it. */
const MS_MAX = 200;
const TRIES = 3;

const PIECES = [" ", "\t", " ,", ",", '"', '"a"', 'W/"', ";", ";q=", "a", "-", "0", ".", ":", "a "];

/** `run` with each piece again and again, between beginnings and ends that nearly fit. */
function checkPumped(heads: readonly string[], tails: readonly string[], run: Run): void {
  for (const piece of PIECES) {
    for (const head of heads) {
      for (const tail of tails) {
        const text = head + piece.repeat(LENGTH / piece.length) + tail;
        let tookMs = Infinity;
        // A machine that has other things to do has none of them for long.
        for (let left = TRIES; left > 0 && tookMs >= MS_MAX; left--) {
          const startMs = performance.now();
          run(text);
          tookMs = performance.now() - startMs;
        }
        const what = JSON.stringify([head, piece, tail]);
        assert(tookMs < MS_MAX, `${what} took ${Math.round(tookMs)} ms`);
      }
    }
  }
}

type Run = (text: string) => void;

describe("what a peer sends at its longest", () => {
  test("chooseCoding() goes over a field once", () => {
    const heads = ["", "gzip", "gzip;", "gzip;q=", "gzip;q=0.5"];
    checkPumped(heads, ["", "!", "gzip", "\x01"], (text) => chooseCoding(text, ["gzip"]));
  });

  test("checkPreconditions() goes over a list of tags once", () => {
    const validators = { etag: '"b"', lastModified: null };
    checkPumped(["", "*", '"a"', 'W/"a"', '"'], ["", "x", '"', "*"], (text) => {
      checkPreconditions((name) => name === "if-none-match" ? text : null, validators, 0);
    });
  });

  test("parseHttpDate() goes over a date once", () => {
    const heads = ["", "Sun, ", "Sunday, 06-Nov-94 ", "Sun Nov  6 08:49:37 "];
    checkPumped(heads, ["", " GMT"], (text) => parseHttpDate(text, 0));
  });

  test("TrailerSection.take() goes over a value once", () => {
    checkPumped(["", "a"], ["", "b"], (value) => {
      const section = new TrailerSection();
      let code: unknown = TRAILERS_MORE;
      const text = `A: ${value}\r\n`;
      for (let i = 0; i < text.length && code === TRAILERS_MORE; i++) {
        code = section.take(text.charCodeAt(i));
      }
      assertEquals([code, section.fields.length], [TRAILERS_MORE, 2]);
    });
  });

  test("labelsDecode() and keyOfAddress() go over a name once", () => {
    checkPumped(["", "xn--", "xn--a-"], ["", "a", "-"], (text) => {
      labelsDecode(text);
      keyOfAddress({ transport: "tcp", host: text, port: 1 });
    });
  });
});
