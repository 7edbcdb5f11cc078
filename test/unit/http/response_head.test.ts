/** What applications say about a response, and how it is written. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  formatInterim,
  formatResponseHead,
  type HeaderFields,
  ResponseHead,
} from "../../../core/http/response_head.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const KEPT = { versionMinor: 1, date: DATE, keepAlive: true } as const;

function headWith(fields: HeaderFields, status = 200): ResponseHead {
  const head = new ResponseHead();
  head.set(status, fields);
  return head;
}

function refuses(fields: HeaderFields, words: string): void {
  assertThrows(() => headWith(fields), TypeError, words);
}

/** The lines of a formatted head, without the two CRLFs at its end. */
function linesOf(text: string): string[] {
  assert(text.endsWith("\r\n\r\n"));
  return text.slice(0, -4).split("\r\n");
}

describe("ResponseHead.set()", () => {
  test("takes fields in every shape", () => {
    const flat = ["content-type", "text/plain", "x-a", "1", "x-a", "2"];
    const pairs = [["content-type", "text/plain"], ["x-a", "1"], ["x-a", "2"]] as const;
    assertEquals(headWith(pairs).fields, flat);
    assertEquals(headWith(new Set(pairs)).fields, flat);
    assertEquals(headWith({ "content-type": "text/plain", "x-a": ["1", "2"] }).fields, flat);
    assertEquals(headWith({ age: 5 }).fields, ["age", "5"]);
    assertEquals(headWith([]).fields, []);
    assertEquals(headWith({}).fields, []);
  });

  test("takes a Headers, with each cookie by itself", () => {
    const headers = new Headers({ "X-A": "1" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const { fields } = headWith(headers);
    assertEquals(fields.length, 6);
    assertEquals(fields.filter((_, i) => i % 2 === 1).sort(), ["1", "a=1", "b=2"]);
  });

  test("replaces all that was there", () => {
    const head = headWith({
      "content-length": "5",
      connection: "close",
      date: "x",
      "content-type": "y",
      upgrade: "z",
      trailer: "w",
    });
    head.chunked = true;
    head.set(404, { a: "b" });
    const fresh = headWith({ a: "b" }, 404);
    assertEquals({ ...head }, { ...fresh });
  });

  test("takes the reason from the status unless one is given", () => {
    const head = headWith({}, 404);
    assertEquals(head.reason, "Not Found");
    head.set(404, {}, "Gone Fishing");
    assertEquals(head.reason, "Gone Fishing");
    head.set(299, {});
    assertEquals(head.reason, "");
    assertThrows(() => head.set(200, {}, "a\r\nb"), TypeError, "reason");
  });

  test("refuses statuses that no final response has", () => {
    for (const status of [0, 100, 199, 600, 200.5, NaN, Infinity, -200]) {
      assertThrows(() => headWith({}, status), TypeError, "status");
    }
    headWith({}, 200);
    headWith({}, 599);
  });

  test("refuses names that are no tokens, and says which", () => {
    refuses({ "a b": "1" }, '"a b"');
    refuses({ "": "1" }, '""');
    refuses({ "a:": "1" }, '"a:"');
    refuses({ "\u0100": "1" }, "not a token");
    refuses([["x\r\ny", "1"]], '"x\\r\\ny"');
    refuses({ ["n ".repeat(200)]: "1" }, "…");
  });

  test("refuses values that would end a line or have no byte, and says whose", () => {
    for (const value of ["a\r\nb", "a\nb", "a\rb", "\0", "\x1b", "\x7f"]) {
      refuses({ "x-a": value }, '"x-a": its value has a control character');
    }
    refuses({ "x-b": "\u20ac" }, '"x-b": its value has a character above U+00FF');
    refuses({ "x-b": ["ok", "\n"] }, '"x-b"');
    assertEquals(headWith({ "x-a": "\t ~\x80\xff" }).fields, ["x-a", "\t ~\x80\xff"]);
  });

  test("refuses values that are no strings", () => {
    for (const value of [undefined, null, true, {}, Symbol("s")]) {
      const fields = [["x-a", value]] as unknown as HeaderFields;
      assertThrows(() => headWith(fields), TypeError, '"x-a"');
    }
    assertThrows(
      () => headWith({ "x-a": undefined } as unknown as HeaderFields),
      TypeError,
      '"x-a"',
    );
  });
});

describe("ResponseHead and the fields that the server owns", () => {
  test("Content-Length becomes contentLength", () => {
    const head = headWith({ "Content-Length": 42 });
    assertEquals(head.contentLength, 42);
    assertEquals(head.fields, []);
    assertEquals(headWith({ "content-length": "0042" }).contentLength, 42);
    assertEquals(headWith([["content-length", "1"], ["Content-Length", "1"]]).contentLength, 1);
    for (const value of ["", "-1", "+1", "1.5", "1e3", "0x1", "9007199254740992", "1,1"]) {
      refuses({ "content-length": value }, "not a length");
    }
    refuses([["content-length", "1"], ["Content-Length", "2"]], "two different values");
  });

  test("Transfer-Encoding is left out as chunked and refused otherwise", () => {
    const head = headWith({ "Transfer-Encoding": "Chunked" });
    assertEquals(head.fields, []);
    assertFalse(head.chunked);
    refuses({ "transfer-encoding": "gzip, chunked" }, '"transfer-encoding"');
    refuses({ "transfer-encoding": "identity" }, '"transfer-encoding"');
  });

  test("of Connection only close counts", () => {
    assert(headWith({ connection: "close" }).closeAsked);
    assert(headWith({ Connection: "x, Close" }).closeAsked);
    const head = headWith({ connection: "keep-alive, x-close", "Keep-Alive": "timeout=5" });
    assertFalse(head.closeAsked);
    assertEquals(head.fields, []);
  });

  test("Date, Content-Type, Upgrade and Trailer are noticed and sent", () => {
    const head = headWith({ DATE: "d", "Content-type": "c", upgrade: "u", Trailer: "A, b" });
    assert(head.hasDate && head.hasContentType && head.hasUpgrade);
    assertEquals(head.trailerNames, ["a", "b"]);
    assertEquals(head.fields, [
      "DATE",
      "d",
      "Content-type",
      "c",
      "upgrade",
      "u",
      "Trailer",
      "A, b",
    ]);
    const plain = headWith({});
    assertFalse(plain.hasDate || plain.hasContentType || plain.hasUpgrade);
  });

  test("append() checks and adds, get() finds", () => {
    const head = headWith({ Vary: "a" });
    head.append("vary", "b");
    head.append("X-A", 1);
    assertEquals(head.get("vary"), "a, b");
    assertEquals(head.get("x-a"), "1");
    assertEquals(head.get("x-b"), null);
    assertThrows(() => head.append("x-a", "\n"), TypeError, '"x-a"');
  });

  test("a name that was good once is checked no less the next time", () => {
    for (let round = 0; round < 3; round++) {
      assertEquals(headWith({ "x-again": "1" }).fields, ["x-again", "1"]);
      refuses({ "x again": "1" }, '"x again"');
    }
    for (let i = 0; i < 1500; i++) {
      assertEquals(headWith({ [`x-${i}`]: "1" }).fields, [`x-${i}`, "1"]);
    }
    assert(headWith({ "conNECtion": "close" }).closeAsked);
  });

  test("names that every object has are ordinary fields", () => {
    const fields = headWith([["constructor", "1"], ["__proto__", "2"], ["toString", "3"]]).fields;
    assertEquals(fields, ["constructor", "1", "__proto__", "2", "toString", "3"]);
  });
});

describe("formatResponseHead()", () => {
  test("writes status line, fields, date and length", () => {
    const head = headWith({ "content-type": "text/plain", "X-A": "1" });
    head.contentLength = 5;
    assertEquals(
      format(head, KEPT),
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nX-A: 1\r\n" +
        `Date: ${DATE}\r\nContent-Length: 5\r\n\r\n`,
    );
  });

  test("leaves the date to the application, or out", () => {
    const head = headWith({ date: "today" });
    assertEquals(linesOf(format(head, KEPT)), ["HTTP/1.1 200 OK", "date: today"]);
    const plain = headWith({});
    assertEquals(linesOf(format(plain, { ...KEPT, date: "" })), ["HTTP/1.1 200 OK"]);
  });

  test("writes the framing that the facts say", () => {
    const head = headWith({});
    head.contentLength = 0;
    assert(format(head, KEPT).includes("\r\nContent-Length: 0\r\n"));
    head.contentLength = -1;
    assertFalse(/Content-Length|Transfer/.test(format(head, KEPT)));
    head.chunked = true;
    assert(format(head, KEPT).includes("\r\nTransfer-Encoding: chunked\r\n"));
  });

  test("writes no framing for 204", () => {
    const head = headWith({ "content-length": "0" }, 204);
    assertFalse(/Content-Length/.test(format(head, KEPT)));
    head.chunked = true;
    assertFalse(/Transfer/.test(format(head, KEPT)));
  });

  test("says what happens to the connection", () => {
    const last = (head: ResponseHead, versionMinor: 0 | 1, keepAlive: boolean) =>
      linesOf(format(head, { versionMinor, date: "", keepAlive })).slice(1);
    assertEquals(last(headWith({}), 1, true), []);
    assertEquals(last(headWith({}), 1, false), ["Connection: close"]);
    assertEquals(last(headWith({}), 0, true), ["Connection: keep-alive"]);
    assertEquals(last(headWith({}), 0, false), ["Connection: close"]);
    assertEquals(last(headWith({ connection: "close" }), 1, true), ["Connection: close"]);
    assertEquals(last(headWith({ upgrade: "x" }), 1, true), ["upgrade: x", "Connection: upgrade"]);
    assertEquals(last(headWith({ upgrade: "x" }), 1, false), [
      "upgrade: x",
      "Connection: close, upgrade",
    ]);
  });

  test("writes HTTP/1.1 whatever the request was, and any reason", () => {
    const head = headWith({}, 299);
    const options = { versionMinor: 0, date: "", keepAlive: false } as const;
    assertEquals(linesOf(format(head, options))[0], "HTTP/1.1 299 ");
    head.set(200, {}, "Fine");
    assertEquals(linesOf(format(head, options))[0], "HTTP/1.1 200 Fine");
    head.set(200, {});
    assertEquals(linesOf(format(head, options))[0], "HTTP/1.1 200 OK");
  });
});

describe("formatInterim()", () => {
  test("writes a complete interim response", () => {
    assertEquals(formatInterim(100), "HTTP/1.1 100 Continue\r\n\r\n");
    assertEquals(
      formatInterim(103, { link: "</a.css>; rel=preload", "content-length": "5" }),
      "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n",
    );
    assertThrows(() => formatInterim(103, { link: "\n" }), TypeError, '"link"');
  });
});

/** The head as text, with the facts of the connection by name. */
function format(
  head: ResponseHead,
  facts: { versionMinor: 0 | 1; date: string; keepAlive: boolean },
): string {
  return formatResponseHead(head, facts.versionMinor, facts.date, facts.keepAlive);
}
