/** The tables of an exchange: what leads where, and what is a fault. */

import { describe, test } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { AssertionFault } from "../../../core/assert.ts";
import {
  allows,
  mayGoOn,
  nextState,
  printTable,
  REQUEST_BODY,
  REQUEST_BODY_END,
  REQUEST_BYTE,
  REQUEST_DONE,
  REQUEST_HALF,
  REQUEST_HEAD,
  REQUEST_HEAD_ALONE,
  REQUEST_HEAD_THEN_BODY,
  REQUEST_IDLE,
  REQUEST_NEXT,
  REQUEST_REFUSE,
  REQUEST_REFUSED,
  RESPONSE_ABORT,
  RESPONSE_BODY,
  RESPONSE_DONE,
  RESPONSE_END,
  RESPONSE_HALF,
  RESPONSE_HEAD,
  RESPONSE_INTERIM,
  RESPONSE_NEXT,
  RESPONSE_RESET,
  RESPONSE_WAITING,
} from "../../../core/http/exchange_states.ts";

function walk(table: typeof REQUEST_HALF, from: number, events: readonly number[]): number {
  return events.reduce((state, event) => nextState(table, state, event), from);
}

describe("REQUEST_HALF", () => {
  test("a request with a body goes round", () => {
    assertEquals(walk(REQUEST_HALF, REQUEST_IDLE, [REQUEST_BYTE]), REQUEST_HEAD);
    assertEquals(walk(REQUEST_HALF, REQUEST_HEAD, [REQUEST_HEAD_THEN_BODY]), REQUEST_BODY);
    assertEquals(walk(REQUEST_HALF, REQUEST_BODY, [REQUEST_BODY_END]), REQUEST_DONE);
    assertEquals(walk(REQUEST_HALF, REQUEST_DONE, [REQUEST_NEXT]), REQUEST_IDLE);
  });

  test("a request without a body goes round", () => {
    const events = [REQUEST_BYTE, REQUEST_HEAD_ALONE, REQUEST_NEXT];
    assertEquals(walk(REQUEST_HALF, REQUEST_IDLE, events), REQUEST_IDLE);
  });

  test("a refusal is for ever", () => {
    for (const state of [REQUEST_IDLE, REQUEST_HEAD, REQUEST_BODY]) {
      assertEquals(nextState(REQUEST_HALF, state, REQUEST_REFUSE), REQUEST_REFUSED);
    }
    REQUEST_HALF.events.forEach((_, event) => {
      assertFalse(allows(REQUEST_HALF, REQUEST_REFUSED, event));
    });
  });

  test("a complete request is refused no more", () => {
    assertFalse(allows(REQUEST_HALF, REQUEST_DONE, REQUEST_REFUSE));
  });
});

describe("RESPONSE_HALF", () => {
  test("a response goes round, with any number of interim ones before", () => {
    const events = [RESPONSE_INTERIM, RESPONSE_INTERIM, RESPONSE_HEAD, RESPONSE_END];
    assertEquals(walk(RESPONSE_HALF, RESPONSE_WAITING, events), RESPONSE_DONE);
    assertEquals(nextState(RESPONSE_HALF, RESPONSE_DONE, RESPONSE_NEXT), RESPONSE_WAITING);
  });

  test("one final head, no interim behind it", () => {
    assertFalse(allows(RESPONSE_HALF, RESPONSE_BODY, RESPONSE_HEAD));
    assertFalse(allows(RESPONSE_HALF, RESPONSE_BODY, RESPONSE_INTERIM));
    assertFalse(allows(RESPONSE_HALF, RESPONSE_WAITING, RESPONSE_END));
  });

  test("an abort is for ever, and comes before the end only", () => {
    for (const state of [RESPONSE_WAITING, RESPONSE_BODY]) {
      assertEquals(nextState(RESPONSE_HALF, state, RESPONSE_ABORT), RESPONSE_RESET);
    }
    assertFalse(allows(RESPONSE_HALF, RESPONSE_DONE, RESPONSE_ABORT));
    RESPONSE_HALF.events.forEach((_, event) => {
      assertFalse(allows(RESPONSE_HALF, RESPONSE_RESET, event));
    });
  });
});

describe("nextState()", () => {
  test("asserts that the table has the line, and says what came when", () => {
    const fault = assertThrows(
      () => nextState(REQUEST_HALF, REQUEST_IDLE, REQUEST_BODY_END),
      AssertionFault,
    );
    assertStringIncludes(fault.message, "request is idle");
    assertStringIncludes(fault.message, "body-end");
  });
});

describe("mayGoOn()", () => {
  test("is true only when both halves are done", () => {
    REQUEST_HALF.states.forEach((_, request) => {
      RESPONSE_HALF.states.forEach((_, response) => {
        const both = request === REQUEST_DONE && response === RESPONSE_DONE;
        assertEquals(mayGoOn(request, response), both);
        const allowed = allows(REQUEST_HALF, request, REQUEST_NEXT) &&
          allows(RESPONSE_HALF, response, RESPONSE_NEXT);
        assertEquals(allowed, both, "the tables say the same");
      });
    });
  });
});

describe("printTable()", () => {
  test("prints states as rows and events as columns", () => {
    assertEquals(
      printTable(RESPONSE_HALF),
      "| response | interim | head | end | abort | next |\n" +
        "| --- | --- | --- | --- | --- | --- |\n" +
        "| waiting | waiting | body |  | reset |  |\n" +
        "| body |  |  | done | reset |  |\n" +
        "| done |  |  |  |  | waiting |\n" +
        "| reset |  |  |  |  |  |\n",
    );
    assert(printTable(REQUEST_HALF).startsWith("| request | byte |"));
  });
});
