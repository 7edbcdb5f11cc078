/** The wire cases, fed to the parser and the decoder in pieces of every size. */

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { REFUSAL_CODES } from "../../../core/http/refusals.ts";
import { feedInPieces } from "../../wire/feed.ts";
import { loadWireCases, type WireCase, type WireOutcome } from "../../wire/load.ts";

const cases = loadWireCases();

for (const group of new Set(cases.map((one) => one.group))) {
  describe(`wire cases: ${group}`, () => {
    for (const one of cases.filter((other) => other.group === group)) {
      test(one.title, () => checkCase(one));
    }
  });
}

describe("wire cases", () => {
  test("there are many, and no two of a group have the same title", () => {
    assert(cases.length >= 150, `${cases.length} cases`);
    const titles = cases.map((one) => `${one.group}: ${one.title}`);
    assertEquals(titles.filter((title, i) => titles.indexOf(title) !== i), []);
  });

  test("every way of refusing a request has a case", () => {
    const seen = new Set(cases.map((one) => one.outcome.refused?.split(" ")[1]));
    assertEquals(REFUSAL_CODES.filter((code) => !seen.has(code)), []);
  });

  test("the answers of each case follow from its outcome", () => {
    for (const one of cases) {
      const title = `${one.group}: ${one.title}`;
      assertEquals({ answers: one.answers, closes: one.closes }, answersOf(one), title);
    }
  });
});

function checkCase(one: WireCase): void {
  const whole = feedInPieces(one.input, one.limits).outcome;
  const expected = one.outcome.requests.map((request, i) =>
    request.fields === null && i < whole.requests.length
      ? { ...request, fields: whole.requests[i].fields }
      : request
  );
  assertEquals(whole, { ...one.outcome, requests: expected }, "in one piece");
  for (let size = 1; size < one.input.length; size++) {
    const outcome = feedInPieces(one.input, one.limits, size).outcome;
    assertEquals(outcome, whole, `in pieces of ${size} bytes`);
  }
}

/** What a server answers whose handler reads the whole body and then answers 200. */
function answersOf(one: WireCase): { answers: string[]; closes: boolean } {
  const { requests, refused, end }: WireOutcome = one.outcome;
  const answers: string[] = [];
  requests.forEach((request, i) => {
    const isLast = i === requests.length - 1;
    const isWhole = !isLast || end !== "body" && !bodyWasRefused(one);
    if (request.expectContinue) answers.push(request.body === "" && !isWhole ? "100" : "100?");
    if (isWhole) answers.push("200");
  });
  if (refused !== null) answers.push(refused.split(" ")[0]);
  const tooLarge = end === "body" &&
    Number(requests.at(-1)?.framing) > one.limits.clientBodyMaxBytes;
  if (tooLarge) answers.push("413");
  return { answers, closes: end === "closed" || tooLarge };
}

/** True exactly when the refusal is of the last request's body, not of a head behind it. */
function bodyWasRefused(one: WireCase): boolean {
  if (one.outcome.refused === null || one.outcome.requests.length === 0) return false;
  return one.outcome.requests.at(-1)!.framing === "chunked";
}
