/**
 * Mutated wire cases, with a seed: the parser and the decoder never throw, never depend on how a
 * stream was split, and never let a host pass that a URL parser refuses.
 */

import { describe, test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { ByteHead } from "../../../core/http/request_head.ts";
import { ABSOLUTE_FORM, ORIGIN_FORM } from "../../../core/http/request_head_parser.ts";
import { feedInPieces, WireFeeder } from "../../wire/feed.ts";
import { loadWireCases, type WireLimits, type WireOutcome } from "../../wire/load.ts";
import { Random } from "./random.ts";

const SEED = 20_251;
const ROUNDS = 6000;
const cases = loadWireCases();

/** Bytes that mean something somewhere. */
const SALT = '\r\n\t :;,="\\/?#*@%.[]0159afxXHTP-+\0\x7f\x80\xff';

describe("mutated wire cases", () => {
  test(`the outcome is the same however ${ROUNDS} streams are split`, () => {
    const random = new Random(SEED);
    let understood = 0;
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { stream, limits } = mutated(random);
      const whole = feedInPieces(stream, limits);
      const about = `seed ${SEED}, round ${round}: ${
        JSON.stringify(String.fromCharCode(...stream))
      }`;
      assertEquals(feedAtRandom(stream, limits, random), whole.outcome, about);
      for (const head of whole.heads) checkUrl(head, about);
      understood += whole.outcome.requests.length;
      if (whole.outcome.refused !== null) refused++;
    }
    // Were nearly all streams refused, or none, the mutations would not test much.
    assertGreater(understood, ROUNDS / 4);
    assertGreater(refused, ROUNDS / 4);
  });

  test("a parser that starts again at each piece is found out", () => {
    const random = new Random(SEED);
    let differences = 0;
    for (let round = 0; round < 100; round++) {
      const { stream, limits } = mutated(random);
      const whole = feedInPieces(stream, limits).outcome;
      const naive = forgetful(stream, limits);
      try {
        assertEquals(naive, whole);
      } catch {
        differences++;
      }
    }
    assertGreater(differences, 20);
  });
});

function mutated(random: Random): { stream: Uint8Array; limits: WireLimits } {
  const { input, limits } = random.of(cases);
  const bytes = [...input, ...(random.below(4) === 0 ? random.of(cases).input : [])];
  for (let left = random.below(4); left > 0; left--) mutate(bytes, random);
  return { stream: Uint8Array.from(bytes), limits };
}

function mutate(bytes: number[], random: Random): void {
  const at = random.below(bytes.length + 1);
  const salt = SALT.charCodeAt(random.below(SALT.length));
  switch (random.below(6)) {
    case 0:
      bytes.splice(at, 1);
      return;
    case 1:
      bytes.splice(at, 0, salt);
      return;
    case 2:
      if (at < bytes.length) bytes[at] = salt;
      return;
    case 3:
      if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
      return;
    case 4:
      bytes.splice(at, 0, ...bytes.slice(at, at + random.below(40)));
      return;
    default:
      bytes.splice(at, random.below(20));
  }
}

function feedAtRandom(stream: Uint8Array, limits: WireLimits, random: Random): WireOutcome {
  const feeder = new WireFeeder(limits);
  const sizeMax = 1 + random.below(random.below(2) === 0 ? 4 : 60);
  for (let at = 0; at < stream.length;) {
    const size = 1 + random.below(sizeMax);
    feeder.feed(stream.subarray(at, at + size));
    at += size;
  }
  return feeder.outcome;
}

/** The control: each half of the stream meets a parser that knows nothing of the other. */
function forgetful(stream: Uint8Array, limits: WireLimits): WireOutcome {
  const half = stream.length >> 1;
  const first = feedInPieces(stream.subarray(0, half), limits).outcome;
  if (first.end === "closed") return first;
  const second = feedInPieces(stream.subarray(half), limits).outcome;
  return { ...second, requests: [...first.requests, ...second.requests] };
}

/** The promise of the head: its URL can be had without an exception, and names the same host. */
function checkUrl(head: ByteHead, about: string): void {
  if (head.hostNeedsCheck) return;
  if (head.targetForm === ABSOLUTE_FORM) {
    assertEquals(new URL(head.target).protocol, "http:", about);
  } else if (head.targetForm === ORIGIN_FORM && head.authority !== "") {
    const url = new URL(`http://${head.authority}${head.target}`);
    assertEquals(url.host, new URL(`http://${head.authority}/`).host, about);
  }
}
