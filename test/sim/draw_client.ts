/**
 * Draws one client: how it writes, reads and leaves, what it asks for, and what the application
 * does about it. It knows the kinds of trouble; the run's plan says which of them it may make.
 *
 * @module
 */

import type { Clocks, Limits, RequestClocks } from "../../core/limits.ts";
import type { Dice } from "./dice.ts";
import type { Act, Answer, BodyPlan, ClientPlan, Leave, RequestPlan } from "./plan.ts";
import { drawTail } from "./tails.ts";

/** What all clients of one run have in common. Chances are 0 … 1. */
export interface Character {
  /** True exactly when nobody pauses for longer than a clock allows. */
  readonly isPatient: boolean;
  readonly pipelines: boolean;
  readonly cutsUp: boolean;
  readonly stopsReading: boolean;
  readonly leavesEarly: boolean;
  readonly sendsRubbish: boolean;
  readonly hasBodies: boolean;
  readonly hasLargeBodies: boolean;
  readonly hasLargeAnswers: boolean;
  /** Bodies of requests are coded, and the server undoes it. */
  readonly isCoded: boolean;
  /** The server compresses. */
  readonly isCompressed: boolean;
  /** The application does what it should not. */
  readonly misbehaves: boolean;
  /** Of what kinds the applications are. */
  readonly via: ReadonlyArray<Act["via"]>;
  readonly takesTime: boolean;
  /** The application computes, and holds everybody up. */
  readonly computes: boolean;
  /** The application sets clocks for single requests. */
  readonly setsClocks: boolean;
  readonly requestsMax: number;
}

export function drawClient(
  dice: Dice,
  character: Character,
  limits: Limits,
  clocks: Clocks,
): ClientPlan {
  const count = dice.between(character.sendsRubbish ? 0 : 1, character.requestsMax);
  const requests: RequestPlan[] = [];
  for (let i = 0; i < count; i++) requests.push(drawRequest(dice, character, limits, clocks));
  const pauseMs = character.isPatient ? 40 : dice.pick([0, 500, clocks.headerTimeoutMs * 2]);
  return {
    startMs: dice.magnitude(0, 20_000),
    window: character.pipelines ? dice.pick([1, 2, 5, 100]) : 1,
    pieces: character.cutsUp ? drawPieces(dice) : [100_000],
    pauseMs: character.cutsUp && dice.chance(0.5) ? dice.magnitude(0, pauseMs) : 0,
    thinkMs: dice.chance(0.4) ? drawThink(dice, character, clocks) : 0,
    stops: character.stopsReading && dice.chance(0.5)
      ? {
        atBytes: dice.magnitude(0, 30_000),
        forMs: dice.pick([100, clocks.sendTimeoutMs >> 1, clocks.sendTimeoutMs * 3, 1e9]),
      }
      : null,
    leave: drawLeave(dice, character),
    requests,
    tail: character.sendsRubbish && (count === 0 || dice.chance(0.5)) ? drawTail(dice) : null,
  };
}

function drawPieces(dice: Dice): number[] {
  const pieces: number[] = [];
  for (let i = dice.between(1, 5); i > 0; i--) pieces.push(dice.magnitude(1, 3000));
  return pieces;
}

function drawThink(dice: Dice, character: Character, clocks: Clocks): number {
  const longest = character.isPatient ? clocks.keepAliveTimeoutMs >> 2 : clocks.keepAliveTimeoutMs;
  return dice.magnitude(0, longest * 2);
}

function drawLeave(dice: Dice, character: Character): Leave {
  const how = dice.weighted({ close: 5, fin: 3, reset: 1, stay: 3 });
  if (!character.leavesEarly || dice.chance(0.5)) return { how, when: "end", at: 0 };
  const when = dice.pick(["sent", "received", "ms"] as const);
  return { how, when, at: dice.magnitude(0, when === "ms" ? 90_000 : 20_000) };
}

function drawRequest(
  dice: Dice,
  character: Character,
  limits: Limits,
  clocks: Clocks,
): RequestPlan {
  const body = character.hasBodies && dice.chance(0.5) ? drawBody(dice, character, limits) : null;
  const version = dice.chance(0.05) && body?.framing !== "chunked" ? 0 : 1;
  return {
    method: body !== null
      ? dice.pick(["POST", "POST", "PUT", "DELETE"])
      : dice.pick(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST"]),
    version,
    connection: dice.weighted({ "": 40, "keep-alive": version === 0 ? 40 : 2, close: 1 }),
    accepts: character.isCompressed ? dice.pick(ACCEPTED) : "",
    fields: dice.chance(0.2) ? dice.below(20) : 0,
    body,
    does: drawAct(dice, character, clocks, limits),
  };
}

/** What clients accept, as a rule and otherwise. */
const ACCEPTED = [
  "",
  "gzip, deflate, br, zstd",
  "gzip",
  "br;q=0.5, identity;q=0",
  "*",
  "GZIP ; q=0",
];

function drawBody(dice: Dice, character: Character, limits: Limits): BodyPlan {
  const most = character.hasLargeBodies ? Math.min(limits.clientBodyMaxBytes * 2, 300_000) : 3000;
  const framing = dice.pick(["length", "chunked"] as const);
  const coding = character.isCoded ? dice.pick(["", "gzip", "gzip", "deflate", "br"] as const) : "";
  const spoils = framing === "chunked" && character.sendsRubbish && dice.chance(0.1);
  const bytes = dice.chance(0.1) ? 0 : dice.magnitude(1, most);
  return {
    framing,
    coding,
    bytes,
    chunkBytes: Math.max(dice.magnitude(1, dice.pick([10, 1000, 100_000])), bytes >> 9),
    extensions: dice.chance(0.1),
    trailers: dice.chance(0.1) ? dice.between(1, 3) : 0,
    defect: coding !== "" && dice.chance(0.1)
      ? "coding"
      : spoils
      ? dice.pick(["size", "end", "trailer"])
      : "",
    expects: dice.chance(0.15),
  };
}

function drawAct(dice: Dice, character: Character, clocks: Clocks, limits: Limits): Act {
  const via = dice.pick(character.via);
  const style = drawStyle(dice, via);
  const answer = drawAnswer(dice, character, via, style);
  const greedyBytes = limits.outputBytesMax + 400_000;
  const most = character.hasLargeAnswers ? 300_000 : 2000;
  const longest = character.isPatient ? clocks.handlerTimeoutMs >> 1 : clocks.handlerTimeoutMs * 2;
  const bytes = dice.chance(0.1) ? 0 : dice.magnitude(1, most);
  const halves = answer === "short" || answer === "breaks" || answer === "long";
  return {
    via,
    style,
    reads: dice.pick([
      "nothing",
      "all",
      "all",
      "slowly",
      ...via === "fetch" || via === "thread" ? [] : ["kept"],
    ]) as Act["reads"],
    clocks: character.setsClocks && dice.chance(0.3) ? drawRequestClocks(dice) : null,
    waitMs: character.takesTime && dice.chance(0.5) ? dice.magnitude(0, longest) : 0,
    sliceMs: via === "step" ? dice.pick([0, 0.5, 1, 4, 20]) : 0,
    computeMs: character.computes && dice.chance(0.2) ? dice.magnitude(1, 2000) : 0,
    answer,
    status: dice.weighted({ "200": 20, "404": 2, "204": 1, "304": 1, "599": 1 }) === "200" || halves
      ? 200
      : dice.pick([404, 204, 304, 599]),
    bytes: answer === "greedy" ? greedyBytes : halves ? Math.max(bytes, 10) : bytes,
    pieceBytes: Math.max(dice.magnitude(1, most), bytes >> 9),
    stepMs: character.takesTime && dice.chance(0.3) ? dice.magnitude(1, 3000) : 0,
    isText: character.isCompressed && answer !== "greedy" && dice.chance(0.7),
    declares: dice.chance(0.5),
    trailers: dice.chance(0.1),
    closes: dice.chance(0.02),
    quits: dice.chance(0.5),
    twice: character.misbehaves && dice.chance(0.1),
  };
}

function drawRequestClocks(dice: Dice): RequestClocks {
  const names = [
    "bodyTimeoutMs",
    "sendTimeoutMs",
    "keepAliveTimeoutMs",
    "handlerTimeoutMs",
  ] as const;
  return { [dice.pick(names)]: dice.pick([300, 2000, 200_000]) };
}

function drawStyle(dice: Dice, via: Act["via"]): Act["style"] {
  const hasTwo = via === "fetch" || via === "iterable";
  return dice.pick(hasTwo ? ["sync", "promise"] : ["sync", "promise", "done"]);
}

/** Only what is streamed has a length that may be wrong. */
function drawThreadAnswer(dice: Dice, style: Act["style"]): Answer {
  const bad = { throw: 3, breaks: 3, never: 1 };
  return style === "sync" ? dice.weighted({ ...bad, short: 3, long: 2 }) : dice.weighted(bad);
}

function drawAnswer(
  dice: Dice,
  character: Character,
  via: Act["via"],
  style: Act["style"],
): Answer {
  const good = { respond: 5, stream: 4, decline: via === "iterable" ? 0 : 1 };
  if (!character.misbehaves || dice.chance(0.6)) return dice.weighted(good);
  if (via === "thread") return drawThreadAnswer(dice, style);
  if (via === "step") return dice.weighted({ throw: 3, breaks: 3, never: 1, refuse: 2 });
  const bad = { throw: 3, nonsense: 1, breaks: 3, never: 1, refuse: 0 };
  if (via === "fetch") return dice.weighted(bad);
  if (via === "iterable") return dice.weighted({ ...bad, short: 3, long: 2 });
  const worse = { error: 2, silent: 1, short: 3, long: 2, greedy: 1 };
  return dice.weighted({ ...bad, refuse: 2, ...worse });
}
