/**
 * The side of the simulated application that computes in steps: generators that take virtual time
 * for each slice, wait, send and end in each of the ways that there are. They note when they run,
 * and see to it that none runs when it must not: for a request that was given up, or in a turn
 * whose budget is used up.
 *
 * @module
 */

import { FileError } from "../../core/capabilities/files.ts";
import { HttpError } from "../../core/errors.ts";
import { finalizeRequest } from "../../core/finalize.ts";
import type { Handler } from "../../core/handlers.ts";
import { AGAIN, DECLINED, DONE, ERROR, OK, type ResultCode } from "../../core/status.ts";
import { type Every, every } from "../../core/work/every.ts";
import { type Step, step, type StepOptions, StepStopped } from "../../core/work/step.ts";
import type { SimApp } from "./app.ts";
import { checkBound, headersOf, wholeBody } from "./app_answers.ts";
import { readBody } from "./app_iterable.ts";
import type { Deed } from "./facts.ts";
import { pattern } from "./request_bytes.ts";

/** What a computation makes: the body of its answer, or null where it has sent that itself. */
type Made = Uint8Array | null;
type Slices<T> = Generator<unknown, T, unknown>;

/** A handler for those requests of the plan that are answered by a computation in steps. */
export function makeStepHandler(app: SimApp): Handler {
  const steps = new SimSteps(app);
  return function computing(request) {
    if (app.actOf(request)?.via !== "step") return DECLINED;
    const deed = app.begin(request);
    const { answer, reads, stepMs, style } = deed.act;
    if (answer === "decline") {
      deed.doneMs = app.now();
      return DECLINED;
    }
    if (answer === "stream" && stepMs > 0 && reads === "nothing") return steps.bitByBit(deed);
    if (style === "promise") return steps.awaited(deed);
    return style === "done" ? steps.told(deed) : steps.alone(deed);
  };
}

class SimSteps {
  readonly #app: SimApp;
  /** The computations that were begun and are not known to be over. */
  readonly #open = new Set<Step<Made>>();
  /** The turn of the loop that had the last slice, and how long its slices took so far. */
  #turn = 0;
  #turnMs = 0;

  constructor(app: SimApp) {
    this.#app = app;
  }

  // The ways in which a handler has something computed.

  async awaited(deed: Deed): Promise<ResultCode> {
    try {
      return this.#answer(deed, await this.#step(deed, this.#compute(deed)).done);
    } catch (error) {
      if (!(error instanceof StepStopped)) throw error;
      if (!deed.request.finalized) finalizeRequest(deed.request, ERROR, 503);
      return OK;
    }
  }

  told(deed: Deed): ResultCode {
    const { request } = deed;
    const { done } = this.#step(deed, this.#compute(deed));
    const hold = request.hold("a computation");
    done.then(
      (made) => {
        if (!request.finalized) finalizeRequest(request, this.#answer(deed, made));
        hold.release();
      },
      (error) => {
        if (!request.finalized) finalizeRequest(request, ERROR, statusOf(deed, error));
        hold.release();
      },
    );
    return DONE;
  }

  /** Nobody waits for it: it ends its request itself. Or it has none, which is answered at once. */
  alone(deed: Deed): ResultCode {
    const { answer, reads } = deed.act;
    if (answer === "respond" && reads === "nothing" && deed.index % 2 === 0) {
      this.#step(deed, this.#compute(deed), { server: deed.request.service });
      return this.#answer(deed, wholeBody(deed));
    }
    this.#step(deed, this.#endingItself(deed));
    deed.request.onAbort((cause) => {
      // It is stopped, and was never begun.
      const isLost = cause !== "shutdown" && deed.begun === 0 && !deed.request.finalized;
      if (isLost) finalizeRequest(deed.request, ERROR);
    });
    return DONE;
  }

  *#endingItself(deed: Deed): Slices<Made> {
    const { request } = deed;
    let isStopped = true;
    try {
      const made = yield* this.#compute(deed);
      isStopped = false;
      finalizeRequest(request, this.#answer(deed, made));
      return null;
    } catch (error) {
      isStopped = false;
      throw error;
    } finally {
      if (isStopped && !request.finalized) finalizeRequest(request, ERROR, statusOf(deed, null));
    }
  }

  /** By a call that repeats, which makes a piece each time. */
  bitByBit(deed: Deed): ResultCode {
    const { act, client, index, request } = deed;
    const beganMs = this.#app.now();
    deed.answeredMs = beganMs;
    request.sendHead(act.status, headersOf(deed));
    let sent = 0;
    let calls = 0;
    let mayGoOn = true;
    request.onWritable = () => mayGoOn = true;
    const repeats: Every = every(act.stepMs, (leftOut) => {
      calls += 1 + leftOut;
      const due = Math.floor((this.#app.now() - beganMs) / act.stepMs);
      if (calls !== due) this.#violate(`${deed} was called ${calls} times, and ${due} are due`);
      if (request.terminated || repeats.isOver) {
        this.#violate(`${deed} is called again although it has ended`);
      }
      if (!mayGoOn) return;
      const end = Math.min(act.bytes, sent + act.pieceBytes);
      const last = end === act.bytes;
      mayGoOn = request.send(pattern(client, index, sent, end), { last }) !== AGAIN;
      sent = end;
      if (!last) return;
      deed.doneMs = this.#app.now();
      repeats.stop();
      if (!request.finalized) finalizeRequest(request, request.terminated ? ERROR : OK);
    }, { request });
    return DONE;
  }

  // Computations.

  #step(deed: Deed, slices: Slices<Made>, whose: StepOptions = { request: deed.request }) {
    const { act, request } = deed;
    const isDetached = whose.server !== undefined;
    if (isDetached) deed.answeredMs = deed.doneMs = this.#app.now();
    const budgetMs = budgetOf(deed);
    const name = request.target;
    let one: Step<Made>;
    try {
      one = step(this.#watched(deed, slices, isDetached), { ...whose, name, budgetMs });
    } catch (error) {
      deed.isRefusedSteps = this.#mayRefuse;
      throw error;
    }
    this.#open.add(one);
    if (act.answer === "refuse") {
      this.#app.after(act.waitMs + STOPS_AFTER_MS, () => {
        one.stop();
        if (deed.begun === 0 && !request.finalized) finalizeRequest(request, ERROR, 503);
      });
    } else if (act.waitMs > 0) {
      one.pause();
      this.#app.after(act.waitMs, () => one.resume());
    }
    return one;
  }

  /** True exactly when one more computation may be one too many. */
  get #mayRefuse(): boolean {
    const { loopLagMaxMs, stepsMax } = this.#app.plan.limits;
    for (const one of this.#open) if (one.isOver) this.#open.delete(one);
    return this.#open.size >= stepsMax || loopLagMaxMs < Infinity;
  }

  /** Notes when a generator begins and ends; goes on only where it may. */
  *#watched(deed: Deed, slices: Slices<Made>, isDetached: boolean): Slices<Made> {
    deed.begun++;
    try {
      let result = slices.next();
      while (result.done !== true) {
        let sent: unknown;
        let thrown: { readonly error: unknown } | null = null;
        try {
          sent = yield result.value;
        } catch (error) {
          thrown = { error };
        }
        if (!isDetached) this.#checkGoesOn(deed);
        result = thrown === null ? slices.next(sent) : slices.throw(thrown.error);
      }
      return result.value;
    } finally {
      deed.closed++;
      if (!isDetached) deed.doneMs = this.#app.now();
      slices.return(null);
    }
  }

  #checkGoesOn(deed: Deed): void {
    const { abortCause, over, terminated } = deed.request;
    const isGivenUp = terminated || over || abortCause !== null && abortCause !== "shutdown";
    if (isGivenUp) this.#violate(`${deed} computes on although its request was given up`);
  }

  *#compute(deed: Deed): Slices<Made> {
    const { act } = deed;
    yield* readBody(deed);
    if (act.answer === "never") yield* this.#forEver(deed);
    const streams = act.answer === "stream" || act.answer === "breaks";
    return streams ? yield* this.#stream(deed) : yield* this.#whole(deed);
  }

  *#forEver(deed: Deed): Slices<void> {
    if (deed.index % 2 === 0) {
      yield new Promise<void>((resolve) => this.#app.never(resolve));
      throw new Error("planned, after all");
    }
    for (;;) yield* this.#slice(deed, LONG_SLICE_MS);
  }

  *#whole(deed: Deed): Slices<Made> {
    const { act, client, index } = deed;
    const made = new Uint8Array(act.bytes);
    for (let at = 0; at < act.bytes; at += act.pieceBytes) {
      if (act.answer === "throw" && at * 2 >= act.bytes) throw new Error("planned");
      yield* this.#slice(deed, act.sliceMs);
      made.set(pattern(client, index, at, Math.min(act.bytes, at + act.pieceBytes)), at);
    }
    if (act.answer === "throw") throw new Error("planned");
    // Until it is stopped.
    if (act.answer === "refuse") { for (;;) yield* this.#slice(deed, LONG_SLICE_MS); }
    return made;
  }

  *#stream(deed: Deed): Slices<null> {
    const { act, client, index, request } = deed;
    const total = act.answer === "breaks" ? act.bytes >> 1 : act.bytes;
    deed.answeredMs = this.#app.now();
    const fields = headersOf(deed);
    if (act.declares) fields["content-length"] = String(act.bytes);
    request.sendHead(act.status, fields);
    for (let at = 0; at < total; at += act.pieceBytes) {
      yield* this.#slice(deed, act.sliceMs);
      const end = Math.min(total, at + act.pieceBytes);
      const code = request.send(pattern(client, index, at, end), { last: end === act.bytes });
      if (code === ERROR) return null;
      checkBound(this.#app, deed);
      if (code === AGAIN && end < total) {
        yield new Promise<void>((resolve) => request.onWritable = () => resolve());
      }
    }
    if (act.answer === "breaks") throw new Error("planned, in the middle");
    if (act.bytes === 0) request.end();
    return null;
  }

  /** One slice ends here; the next one takes so long. */
  *#slice(deed: Deed, ms: number): Slices<void> {
    yield;
    const turn = this.#app.world.turns();
    if (turn !== this.#turn) this.#turnMs = 0;
    if (turn !== deed.turn) deed.turnMs = 0;
    this.#turn = deed.turn = turn;
    if (this.#turnMs >= this.#app.plan.limits.stepBudgetMs) {
      this.#violate(`computations had ${this.#turnMs} ms of a turn, and get more`);
    }
    if (deed.turnMs >= budgetOf(deed)) {
      this.#violate(`${deed} had ${deed.turnMs} ms of a turn, and gets more`);
    }
    this.#turnMs += ms;
    deed.turnMs += ms;
    this.#app.compute(ms);
  }

  #answer(deed: Deed, made: Uint8Array | string | null): ResultCode {
    const { act, request } = deed;
    if (act.answer === "stream") return OK;
    return request.respond(act.status, headersOf(deed), made);
  }

  #violate(text: string): never {
    this.#app.violate(text);
  }
}

/** Those that are stopped have mostly begun. */
const STOPS_AFTER_MS = 50;
/** The budget of those computations that have one of their own. */
const SMALL_BUDGET_MS = 2;
/** A slice of what never ends: few of them reach any clock. */
const LONG_SLICE_MS = 500;

function budgetOf({ index }: Deed): number {
  return index % 4 === 1 ? SMALL_BUDGET_MS : Infinity;
}

function statusOf({ act }: Deed, error: unknown): number {
  if (act.answer === "refuse") return 503;
  // The kept body cannot be read any more.
  if (error instanceof FileError) return 500;
  return error instanceof HttpError && error.fault !== "application" ? error.status : 0;
}
