/**
 * The iterable side of the simulated application: generators of either kind that read, wait in each
 * of the ways that there are, yield what is planned, and note when they are closed. They know the
 * plan, and nothing of output.
 *
 * @module
 */

import { iterable, type IterableOutput } from "../../core/apps/iterable.ts";
import type { IterableItem } from "../../core/apps/iterable_items.ts";
import { type Handler } from "../../core/handlers.ts";
import { isPromiseLike } from "../../core/promise_like.ts";
import type { KeptBody } from "../../core/kept_body.ts";
import { DECLINED } from "../../core/status.ts";
import type { SimApp } from "./app.ts";
import { headersOf } from "./app_answers.ts";
import { checkReadiness } from "./app_fetch.ts";
import { type Deed, Violation } from "./facts.ts";
import { pattern } from "./request_bytes.ts";

type Items = Generator<IterableItem, void, unknown>;
type AsyncItems = AsyncGenerator<Exclude<IterableItem, PromiseLike<unknown>>, void, unknown>;

/** A handler for those requests of the plan that are meant for the iterable application. */
export function makeIterableHandler(app: SimApp): Handler {
  let current: Deed | null = null;
  const inner = iterable((_request, out) => {
    const items = watched(app, current!, out);
    return current!.act.style === "promise" ? asynchronous(items) : items;
  });
  return (request) => {
    if (app.actOf(request)?.via !== "iterable") return DECLINED;
    current = app.begin(request);
    return inner(request);
  };
}

function* watched(app: SimApp, deed: Deed, out: IterableOutput): Items {
  deed.begun++;
  try {
    yield* readBody(deed);
    yield* answer(app, deed, out);
  } finally {
    deed.closed++;
    deed.doneMs = app.now();
  }
}

/** The same items; an asynchronous generator waits for promises itself. */
async function* asynchronous(items: Items): AsyncItems {
  try {
    let step = items.next();
    while (step.done !== true) {
      const { value } = step;
      if (!isPromiseLike(value)) {
        step = items.next(yield value);
      } else {
        const settled = await value.then((result) => ({ result }), (error) => ({ error }));
        step = "error" in settled ? items.throw(settled.error) : items.next(settled.result);
      }
    }
  } finally {
    items.return();
  }
}

/** Reads the body as the plan says, for a generator whose promises somebody waits for. */
export function* readBody(deed: Deed): Generator<Promise<unknown>, void, unknown> {
  const { act, request } = deed;
  if (act.reads === "nothing") return;
  try {
    const got = act.reads === "kept"
      ? yield* wait<KeptBody>(request.body.buffered())
      : yield* wait<Uint8Array>(request.body.bytes());
    deed.took(got instanceof Uint8Array ? got : yield* wait<Uint8Array>(got.bytes()));
    deed.bodyEnd = "whole";
  } finally {
    if (deed.bodyEnd === "") deed.bodyEnd = "failed";
  }
}

function* wait<T>(promise: Promise<T>): Generator<Promise<T>, T, unknown> {
  return (yield promise) as T;
}

function wayOf(deed: Deed): number {
  return (deed.client + deed.index) % 3;
}

/** An asynchronous generator waits for promises itself: nobody asks it when they settle. */
function waitsItself(deed: Deed): boolean {
  return deed.act.style === "promise" && wayOf(deed) === 0;
}

/** In one way or another. */
function* pass(app: SimApp, deed: Deed, out: IterableOutput, ms: number): Items {
  if (ms === 0) return;
  const way = wayOf(deed);
  if (way === 0) {
    yield app.sleep(ms);
    return;
  }
  const pause = out.pause(way === 1 ? { timeoutMs: ms } : {});
  if (way === 2) app.after(ms, () => pause.resume());
  const result = yield pause;
  if (result === (way === 1 ? "timeout" : "resumed")) return;
  throw new Violation(`a pause of ${deed} ended with ${String(result)}`);
}

function* answer(app: SimApp, deed: Deed, out: IterableOutput): Items {
  const { act, client, index } = deed;
  yield* pass(app, deed, out, act.waitMs);
  if (act.answer === "throw") throw new Error("planned");
  if (act.answer === "nonsense") yield 42 as never;
  if (act.answer === "never") {
    const pause = out.pause();
    app.never(() => pause.resume());
    yield pause;
    throw new Error("planned, after all");
  }
  const headers = headersOf(deed);
  const hasLength = act.declares || act.answer === "short" || act.answer === "long";
  if (hasLength || act.answer === "respond") headers["content-length"] = String(act.bytes);
  out.head(act.status, headers);
  const total = totalOf(deed);
  const pieceBytes = act.answer === "respond" ? total : act.pieceBytes;
  for (let at = 0; at < total; at += pieceBytes) {
    // An empty chunk is nothing, and what comes behind it waits for room like everything else.
    if ((client + index) % 4 === 0) {
      yield NO_BYTES;
      if (at > 0) checkReadiness(deed);
    }
    const piece = pattern(client, index, at, Math.min(total, at + pieceBytes));
    yield at % 5 === 1 ? out.flush(piece) : piece;
    if (at + pieceBytes >= total) break;
    checkReadiness(deed);
    yield* pass(app, deed, out, act.stepMs);
    if (!waitsItself(deed)) checkReadiness(deed);
  }
  if (act.answer === "breaks") throw new Error("planned, in the middle");
}

function totalOf({ act }: Deed): number {
  if (act.answer === "breaks") return act.bytes >> 1;
  if (act.answer === "short") return act.bytes - 1;
  return act.answer === "long" ? act.bytes + 10 : act.bytes;
}

const NO_BYTES = new Uint8Array(0);
