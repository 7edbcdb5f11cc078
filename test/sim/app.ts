/**
 * The application of a simulated run: finds the plan of each request by its target and does what it
 * says, well or badly. This file knows who is asked and how a call is answered; what goes out is in
 * `app_answers.ts`, the fetch side in `app_fetch.ts`.
 *
 * @module
 */

import { HttpError } from "../../core/errors.ts";
import { finalizeRequest } from "../../core/finalize.ts";
import type { Handler } from "../../core/handlers.ts";
import type { Hold } from "../../core/hold.ts";
import type { HttpRequest } from "../../core/http_request.ts";
import type { Loop } from "../../core/loop.ts";
import type { BodyConsumer, BodyError } from "../../core/request_body.ts";
import { DECLINED, DONE, ERROR, OK, type ResultCode } from "../../core/status.ts";
import { Timer } from "../../core/timers.ts";
import { answerNatively, CountingOwner } from "./app_answers.ts";
import { makeFetchHandler } from "./app_fetch.ts";
import { makeIterableHandler } from "./app_iterable.ts";
import { makeStepHandler } from "./app_steps.ts";
import { JOBS, makeThreadHandler, SimJobs } from "./app_threads.ts";
import { Deed, Violation } from "./facts.ts";
import type { Act, RunPlan } from "./plan.ts";

/** What comes of an answer: a code, or something thrown. */
export type Outcome = { readonly code: ResultCode } | { readonly error: Error };

/** What an application needs of the world that it runs in. */
export interface SimWorld {
  /** As if so many milliseconds had been computed. */
  spend(ms: number): void;
  /** How many turns of the loop have begun. */
  turns(): number;
  /** Calls `then` in `ms` milliseconds, by no clock of the server. */
  after(ms: number, then: () => void): void;
  /** How many bytes the reactor has taken for the connection of a request so far. */
  wentBytes(request: HttpRequest): number;
  /** How many threads ended before they were ready. */
  unreadyThreads(): number;
}

/** Soon, but in an event of its own: what a promise goes on with is in none. */
const COMPUTES_AFTER_MS = 10;

export class SimApp {
  readonly plan: RunPlan;
  readonly deeds: Deed[] = [];
  /** Requests that stand in no plan: those of tails. */
  wild = 0;
  readonly owner: CountingOwner = new CountingOwner();
  /** Lets those go on that would never do anything. */
  readonly #neverDone: Array<() => void> = [];
  readonly #byPlace = new Map<string, Deed>();
  /** How many requests are with the application, and how many were at most. */
  open = 0;
  openMost = 0;
  /** How many requests that want a thread are open, and how many were at most. */
  jobs = 0;
  jobsMost = 0;
  /** What threads have, for the reactor. */
  readonly threadModules = { [JOBS]: new SimJobs(this).exports };
  /** True exactly when the server was told to close. */
  isClosing = false;
  /** How long all of it has computed. */
  computedMs = 0;
  /** What was seen first that must never happen: whoever runs applications may swallow it. */
  violation: Violation | null = null;
  readonly world: SimWorld;
  #loop: Loop | null = null;

  constructor(plan: RunPlan, world: SimWorld) {
    this.plan = plan;
    this.world = world;
  }

  /** The server's loop, as soon as there is a server. */
  set loop(loop: Loop) {
    this.#loop = loop;
  }

  get handlers(): Handler[] {
    const native: Handler = (request) => this.#native(request);
    const others = [makeFetchHandler, makeIterableHandler, makeStepHandler, makeThreadHandler];
    return [native, ...others.map((make) => make(this)), (request) => this.#wild(request)];
  }

  /** What is to be done with a request; null for one that stands in no plan. */
  actOf(request: HttpRequest): Act | null {
    const match = /^\/sim\/(\d+)\/(\d+)$/.exec(request.target);
    return this.plan.clients[Number(match?.[1])]?.requests[Number(match?.[2])]?.does ?? null;
  }

  /** Notes that a request has come that stands in the plan. */
  begin(request: HttpRequest): Deed {
    const [, , client, index] = request.target.split("/").map(Number);
    const deed = new Deed(client!, index!, this.actOf(request)!, request, this.now());
    if (this.#byPlace.has(request.target)) throw new Violation(`${deed} was handled twice`);
    this.#byPlace.set(request.target, deed);
    if (deed.act.clocks !== null) request.setClocks(deed.act.clocks);
    this.deeds.push(deed);
    this.#watch(deed);
    this.#came(request);
    const { computeMs } = deed.act;
    if (computeMs > 0) this.after(COMPUTES_AFTER_MS, () => this.compute(computeMs));
    return deed;
  }

  /** @throws {Violation} */
  violate(text: string): never {
    throw this.blame(text);
  }

  /** As `violate`, where nobody would hear. */
  blame(text: string): Violation {
    const violation = new Violation(text);
    this.violation ??= violation;
    return violation;
  }

  /** A request comes that wants a thread. */
  jobAsked({ request }: Deed): void {
    this.jobs++;
    this.jobsMost = Math.max(this.jobs, this.jobsMost);
    request.onCleanup(() => this.jobs--);
  }

  compute(ms: number): void {
    this.computedMs += ms;
    this.world.spend(ms);
  }

  /** No more may be open than there may be. */
  #came(request: HttpRequest): void {
    this.open++;
    this.openMost = Math.max(this.open, this.openMost);
    request.onCleanup(() => this.open--);
    if (this.open > this.plan.limits.requestsMax) {
      throw new Violation(`${this.open} requests are open, and at most so many may be`);
    }
  }

  deedOf(client: number, index: number): Deed | undefined {
    return this.#byPlace.get(`/sim/${client}/${index}`);
  }

  now(): number {
    return this.#loop!.now();
  }

  /** Calls `then` in `ms` milliseconds, by the server's own wheel; at once for 0. */
  after(ms: number, then: () => void): void {
    if (ms === 0) {
      then();
      return;
    }
    this.#loop!.timers.arm(new Timer({ onTimer: then }), this.now() + ms);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Calls `then` when the run is over: for a handler that never does anything. */
  never(then: () => void): void {
    this.#neverDone.push(then);
  }

  /** Answers how many there were that would never have done anything. */
  endNever(): number {
    const all = this.#neverDone.splice(0);
    for (const end of all) end();
    return all.length;
  }

  /** What holds for each request: one end, cleanups once and in reverse, at most one abort. */
  #watch(deed: Deed): void {
    const { request } = deed;
    let first = false;
    request.onCleanup(() => {
      if (!first) throw new Violation(`the cleanups of ${deed} ran in the wrong order`);
      deed.overs++;
      deed.overMs = this.now();
      deed.wasAbortedAtOver = request.abortCause !== null;
    });
    request.onCleanup(() => first = true);
    request.onTerminated(() => {
      deed.terminations++;
      deed.terminatedMs = this.now();
    });
    request.onAbort((cause) => {
      deed.aborts++;
      deed.abortedMs = this.now();
      deed.abortCause = cause;
      if (deed.overs > 0) throw new Violation(`${deed} was aborted after it was over`);
    });
    if (deed.index % 3 === 0) deed.signal = request.signal;
  }

  // Native requests.

  #native(request: HttpRequest): ResultCode | Promise<ResultCode> {
    if (this.actOf(request)?.via !== "native") return DECLINED;
    const deed = this.begin(request);
    if (deed.act.answer === "decline") {
      deed.doneMs = this.now();
      return DECLINED;
    }
    const { answer, reads, style, waitMs } = deed.act;
    if (answer === "never") {
      const hold = request.hold("never released");
      this.never(() => {
        if (!request.finalized) finalizeRequest(request, ERROR);
        hold.release();
      });
      return DONE;
    }
    if (style === "promise") return this.#byPromise(deed);
    if (style === "sync" && reads === "nothing" && waitMs === 0) return this.#atOnce(deed);
    this.#later(deed, request.hold("a simulated request"));
    return DONE;
  }

  /** The call itself answers, unless output has to wait. */
  #atOnce(deed: Deed): ResultCode {
    let outcome: Outcome | null = null;
    let hold: Hold | null = null;
    answerNatively(this, deed, (result) => {
      deed.doneMs = this.now();
      if (hold === null) outcome = result;
      else this.#finish(deed, hold, result);
    });
    if (outcome === null) {
      hold = deed.request.hold("a simulated stream");
      return DONE;
    }
    const { code, error } = outcome as { code?: ResultCode; error?: Error };
    if (error !== undefined) throw error;
    return code!;
  }

  async #byPromise(deed: Deed): Promise<ResultCode> {
    const { reads, waitMs } = deed.act;
    if (reads === "all" || reads === "kept") {
      const { body } = deed.request;
      const got = reads === "all" ? body.bytes() : body.buffered().then((kept) => kept.bytes());
      const bytes = await got.catch((error) => {
        deed.bodyEnd = "failed";
        throw error;
      });
      deed.took(bytes);
      deed.bodyEnd = "whole";
    } else if (reads === "slowly") {
      await new Promise<void>((resolve, reject) => this.#read(deed, resolve, reject));
    }
    if (waitMs > 0) await this.sleep(waitMs);
    const outcome = await new Promise<Outcome>((resolve) => answerNatively(this, deed, resolve));
    deed.doneMs = this.now();
    if ("error" in outcome) throw outcome.error;
    return outcome.code;
  }

  /** Everything under a hold, by callbacks. */
  #later(deed: Deed, hold: Hold): void {
    const { reads, quits, waitMs } = deed.act;
    const answer = (): void =>
      this.after(waitMs, () => {
        if (hold.isOpen) answerNatively(this, deed, (result) => this.#finish(deed, hold, result));
      });
    const failed = (error: BodyError): void => {
      if (!hold.isOpen) return;
      this.#end(deed, ERROR, error instanceof HttpError ? error.status : 0);
      release(hold);
    };
    if (quits) {
      deed.request.onAbort(() => {
        if (!hold.isOpen) return;
        this.#end(deed, ERROR, 0);
        release(hold);
      });
    }
    if (reads === "nothing") answer();
    else if (reads === "kept") {
      const read = (): void => {
        if (hold.isOpen) this.#read(deed, answer, failed);
      };
      deed.request.body.buffered().then(read, failed);
    } else if (hold.isOpen) this.#read(deed, answer, failed);
  }

  #finish(deed: Deed, hold: Hold, result: Outcome): void {
    // Whoever quits has done this before its own stream noticed.
    if (!hold.isOpen) return;
    deed.doneMs = this.now();
    if ("error" in result) this.#end(deed, ERROR, 0);
    else this.#end(deed, result.code, 0);
    release(hold);
  }

  #end(deed: Deed, code: ResultCode, status: number): void {
    const { aborts, request } = deed;
    // It finalized itself, with a status.
    if (deed.act.answer === "refuse" && request.finalized) return;
    const { finalized } = request;
    let accepted = finalizeRequest(request, code, status);
    if (!accepted && !finalized) accepted = finalizeRequest(request, ERROR, 500);
    if (accepted === finalized) throw new Violation(`${deed} was finalized twice`);
    if (accepted) deed.finalized++;
    if (!deed.act.twice) return;
    if (finalizeRequest(request)) throw new Violation(`${deed} could be finalized twice`);
    if (deed.aborts < aborts) throw new Violation(`${deed} lost an abort`);
  }

  #read(deed: Deed, then: () => void, failed: (error: BodyError) => void): void {
    deed.request.body.read(new SimConsumer(this, deed, then, failed));
  }

  // What stands in no plan.

  async #wild(request: HttpRequest): Promise<ResultCode> {
    if (request.target.startsWith("/sim/")) return DECLINED;
    this.wild++;
    this.#came(request);
    await request.body.bytes();
    request.respond(200, { "x-id": "wild" }, "wild");
    return OK;
  }
}

/** Unless whoever was told of the end meanwhile has done so. */
function release(hold: Hold): void {
  if (hold.isOpen) hold.release();
}

/** Reads a body; `slowly` stops the flow after each piece now and then, and for a while. */
class SimConsumer implements BodyConsumer {
  readonly #app: SimApp;
  readonly #deed: Deed;
  readonly #then: () => void;
  readonly #failed: (error: BodyError) => void;
  #pieces = 0;

  constructor(
    app: SimApp,
    deed: Deed,
    then: () => void,
    failed: (error: BodyError) => void,
  ) {
    this.#app = app;
    this.#deed = deed;
    this.#then = then;
    this.#failed = failed;
  }

  onBody(bytes: Uint8Array): void {
    const deed = this.#deed;
    if (deed.bodyEnd !== "") throw new Violation(`the body of ${deed} goes on behind its end`);
    deed.took(bytes);
    if (deed.act.reads !== "slowly" || ++this.#pieces % 3 !== 0) return;
    deed.request.body.stop();
    this.#app.after(this.#pieces % 2 === 0 ? 0 : 200, () => deed.request.body.start());
  }

  onBodyEnd(): void {
    this.#ended("whole");
    this.#then();
  }

  onBodyError(error: BodyError): void {
    this.#ended("failed");
    this.#failed(error);
  }

  #ended(how: "whole" | "failed"): void {
    const deed = this.#deed;
    if (deed.bodyEnd !== "") throw new Violation(`the body of ${deed} ended twice`);
    deed.bodyEnd = how;
  }
}
