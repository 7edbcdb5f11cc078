/**
 * A computation in steps: a generator that the loop runs slice by slice, between the events of all
 * other requests. It knows how such a computation is paused, waits, ends and dies with its request;
 * who runs when is `stepper.ts`'s affair.
 *
 * @module
 */

import type { Ambient } from "../capabilities/context.ts";
import { describe } from "../describe.ts";
import {
  type AbortCause,
  HttpError,
  knowInAnyCopy,
  RequestAborted,
  textOfError,
} from "../errors.ts";
import { handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import type { Loop } from "../loop.ts";
import { forsake, hearFailure, isPromiseLike } from "../promise_like.ts";
import type { Service } from "../service.ts";
import { type Sliced, Stepper } from "./stepper.ts";
import { isSuspension, type Suspension, type Thrown, Wait, type WaitOwner } from "./suspension.ts";

/** Whom a computation belongs to, and what it may use. */
export interface StepOptions {
  /**
   * The request that it works for. It holds the request, and stops when that is given up: when its
   * client leaves, a clock runs out, or it is terminated; not because the server is closing.
   */
  readonly request?: HttpRequest;
  /** The server that it works for, when it works for no request. A graceful close waits for it. */
  readonly server?: Service;
  /**
   * Its name in log lines, holds and reports. Default: `a computation`.
   */
  readonly name?: string;
  /** What it may use of one turn at most, in milliseconds. Default: its share of `stepBudgetMs`. */
  readonly budgetMs?: number;
  /** Stops it when it aborts. */
  readonly signal?: AbortSignal;
}

/** A computation was stopped by `stop` or by its signal, whose reason is the `cause`. */
export class StepStopped extends Error {
  override name = "StepStopped";
}

knowInAnyCopy(StepStopped, "step-stopped");

/** How a computation is doing, for people. */
export interface StepReport {
  /** The computation's name. */
  readonly name: string;
  /**
   * `runnable`: its next slice comes in its turn. `paused`: by `pause`. `waiting`: for what it
   * yielded.
   */
  readonly state: "runnable" | "paused" | "waiting";
  /** How long its slices took so far. */
  readonly usedMs: number;
  /** How many of them took longer than the budget of a whole turn. */
  readonly overruns: number;
}

/**
 * Runs `generator` in slices: from one `yield` to the next, as many in a turn as its share of the
 * budget allows. A yielded promise or suspension (`readable`, say) is waited for first: what comes
 * of it comes out of the `yield`. Ambient state (`AsyncLocalStorage`) is that of this call.
 *
 * A slice should take less than a millisecond; one that takes longer than the whole budget of a
 * turn holds everybody up, and a computation with such slices is logged by name.
 *
 * @throws {HttpError} 503 when `stepsMax` computations are not over yet, or when the loop is late
 *   by more than `stepsLagMaxMs`: slicing alone lets ever more in. A handler may let it go.
 * @throws {TypeError} when it is told neither a request nor a server, and for what is no generator
 *   or an asynchronous one.
 */
export function step<T>(generator: Generator<unknown, T, unknown>, options: StepOptions): Step<T> {
  return new Step(generator, options);
}

/** A computation that `step` started: to await, pause, go on with, and stop. */
export class Step<T> implements Sliced, WaitOwner {
  /** Its name in log lines, holds and reports. */
  readonly name: string;
  readonly budgetMs: number;
  /** Slices that took longer than the budget of a whole turn. */
  overruns = 0;

  usedMs = 0;
  creditMs = 0;
  turn = 0;
  turnMs = 0;
  /** @internal */
  ring: Stepper | null = null;
  /** @internal */
  nextSliced: Sliced | null = null;
  /** @internal */
  previousSliced: Sliced | null = null;

  readonly #generator: Generator<unknown, T, unknown>;
  readonly #stepper: Stepper;
  readonly #service: Service;
  readonly #request: HttpRequest | null;
  readonly #hold: Hold | null;
  readonly #ambient: Ambient;
  readonly #signal: AbortSignal | null;
  readonly #signalled: () => void;
  readonly #terminated: () => void;
  readonly #aborted: (cause: AbortCause) => void;
  readonly #next = (value: unknown) => this.#generator.next(value);
  readonly #throw = (error: unknown) => this.#generator.throw(error);
  readonly #return = () => this.#generator.return(undefined as T);
  /** How often it is paused. */
  #pauses = 0;
  /** The wait for what it yielded; null while it does not wait. */
  #wait: Wait | null = null;
  /** True exactly while its generator runs. */
  #runs = false;
  /** What the next slice begins with: a value, or an error that is thrown in. */
  #sent: unknown = undefined;
  #thrown = false;
  #slices = 0;
  /** True exactly when its long slices are in the log. */
  #isReported = false;
  #end: End<T> | null = null;
  #done: Promise<T> | null = null;
  #settle: ((end: End<T>) => void) | null = null;
  /** Tells a server that it need not wait any more. */
  #tellServer: (() => void) | null = null;

  constructor(generator: Generator<unknown, T, unknown>, options: StepOptions) {
    checkGenerator(generator);
    const { request = null, server, signal = null, budgetMs = Infinity } = options ?? NO_OPTIONS;
    const service = request?.service ?? server;
    if (service === undefined) {
      throw new TypeError("a computation in steps belongs to a request or a server: name one");
    }
    if (typeof budgetMs !== "number" || !(budgetMs > 0)) {
      throw new TypeError(`budgetMs is a number of more than 0, not ${describe(budgetMs)}`);
    }
    if (signal !== null && typeof signal.addEventListener !== "function") {
      throw new TypeError(`signal is an AbortSignal, not ${describe(signal)}`);
    }
    const stepper = stepperOf(service);
    admit(service, stepper);
    this.name = options.name ?? "a computation";
    this.budgetMs = budgetMs;
    this.#generator = generator;
    this.#stepper = stepper;
    this.#service = service;
    this.#request = request;
    this.#ambient = service.context.capture();
    this.#signal = signal;
    this.#hold = request?.hold(`step "${this.name}"`) ?? null;
    this.#signalled = () => void this.#stop(signal?.reason);
    this.#terminated = () => void this.#stop(new RequestAborted(request!.abortCause!));
    this.#aborted = (cause) => {
      if (cause !== "shutdown") this.#stop(new RequestAborted(cause));
    };
    stepper.live.add(this);
    stepper.add(this);
    request?.onTerminated(this.#terminated);
    request?.onAbort(this.#aborted);
    if (signal?.aborted === true) this.#signalled();
    else if (!this.isOver) signal?.addEventListener("abort", this.#signalled);
    if (request !== null) {
      // It hears of nothing any more.
      if (request.over) this.#stop(new RequestAborted("application", "the request is over"));
      return;
    }
    service.waitUntil(new Promise<void>((resolve) => this.#tellServer = resolve));
    if (this.isOver) this.#tellServer!();
  }

  /**
   * Resolves with what the generator returns. Rejects with what it throws; with `RequestAborted`
   * when its request is given up; with `StepStopped` when it was stopped. An error that nobody
   * asked for here is the handler's: logged, and a 500.
   */
  get done(): Promise<T> {
    if (this.#done !== null) return this.#done;
    this.#done = new Promise((resolve, reject) => {
      const settle = (end: End<T>) => "value" in end ? resolve(end.value) : reject(end.error);
      if (this.#end === null) this.#settle = settle;
      else settle(this.#end);
    });
    return this.#done;
  }

  /** True exactly when it has finished, failed or been stopped. */
  get isOver(): boolean {
    return this.#end !== null;
  }

  /** It gets no slices until `resume` was called as often as `pause`. */
  pause(): void {
    this.#pauses++;
    this.#stepper.remove(this);
  }

  /** @throws {Error} when it is not paused. */
  resume(): void {
    if (this.#pauses === 0) throw new Error(`${this.name} was resumed and is not paused`);
    this.#pauses--;
    this.#goOn();
  }

  /**
   * Ends it: its generator's `finally` blocks run, now or behind the running slice. Answers false
   * when it was over.
   */
  stop(): boolean {
    return this.#stop(undefined);
  }

  /** How it is doing now, as a copy. */
  report(): StepReport {
    const state = this.#pauses > 0 ? "paused" : this.#wait !== null ? "waiting" : "runnable";
    return { name: this.name, state, usedMs: this.usedMs, overruns: this.overruns };
  }

  // What follows is called by the stepper and by a wait alone.

  /** @internal */
  woke(value: unknown, error: Thrown | null): void {
    this.#wait = null;
    this.#sent = error === null ? value : error.thrown;
    this.#thrown = error !== null;
    this.#goOn();
  }

  runSlice(): void {
    const value = this.#sent;
    const isThrown = this.#thrown;
    this.#sent = undefined;
    this.#thrown = false;
    this.#runs = true;
    this.#slices++;
    try {
      const call = isThrown ? this.#throw : this.#next;
      const result = this.#ambient(call, value);
      this.#runs = false;
      if (isPromiseLike(result)) throw new TypeError(NOT_IN_STEPS);
      if (this.#end !== null) {
        // The slice itself brought its end about.
        forsake(result.value);
        this.#close();
      } else if (result.done === true) this.#over({ value: result.value });
      else if (isSuspension(result.value) || isPromiseLike(result.value)) {
        this.#suspend(result.value);
      }
    } catch (error) {
      this.#runs = false;
      if (this.#end === null) this.#over({ error });
      else this.#complain(`failed while it was being stopped\n${textOfError(error)}`);
    }
  }

  /** Once in a while it is the machine's fault or the collector's: then nobody need hear of it. */
  overran(tookMs: number, budgetMs: number): void {
    this.overruns++;
    const isUsual = this.overruns >= OVERRUNS_MIN && this.overruns * 100 >= this.#slices;
    if (this.#isReported || !isUsual && tookMs < OVERRUN_BUDGETS * budgetMs) return;
    this.#isReported = true;
    const took = tookMs.toFixed(1);
    this.#complain(`took ${took} ms for one slice: all share ${budgetMs} ms of a turn`, "warn");
  }

  #suspend(awaited: Suspension | PromiseLike<unknown>): void {
    this.#stepper.remove(this);
    this.#wait = new Wait(this.#service.loop, this);
    this.#wait.begin(awaited);
  }

  #goOn(): void {
    if (this.#end !== null || this.#pauses > 0 || this.#wait !== null) return;
    this.#stepper.add(this);
  }

  #stop(cause: unknown): boolean {
    if (this.#end !== null) return false;
    const isAborted = cause instanceof RequestAborted;
    const error = isAborted ? cause : new StepStopped(`${this.name} was stopped`, { cause });
    this.#over({ error, isStopped: true });
    if (!this.#runs) this.#close();
    return true;
  }

  /** Runs what the generator left open. */
  #close(): void {
    try {
      const { done, value } = this.#ambient(this.#return, undefined);
      forsake(value);
      if (done !== true) this.#complain("yields in a finally block: the rest of it is not run");
    } catch (error) {
      this.#complain(`failed while it was being stopped\n${textOfError(error)}`);
    }
  }

  #over(end: End<T>): void {
    this.#end = end;
    this.#stepper.remove(this);
    this.#stepper.live.delete(this);
    this.#signal?.removeEventListener("abort", this.#signalled);
    this.#request?.forget(this.#terminated, this.#aborted);
    if (this.#settle !== null) this.#settle(end);
    else if ("value" in end) this.#hearFailure(end.value);
    else if (end.isStopped !== true) this.#failed(end.error);
    this.#wait?.giveUp();
    this.#wait = null;
    this.#tellServer?.();
    if (this.#hold !== null && this.#hold.isOpen) this.#hold.release();
  }

  /** It may have returned a promise, and nobody waits for that. */
  #hearFailure(value: unknown): void {
    hearFailure(value, (error) => {
      if (this.#done === null) this.#failed(error);
    });
  }

  /** Nobody waits for the result: an error must not get lost. */
  #failed(error: unknown): void {
    if (this.#request === null) this.#complain(`failed\n${textOfError(error)}`);
    else handlerFailed(this.#request, error);
  }

  #complain(text: string, level: "warn" | "error" = "error"): void {
    this.#service.log(level, `step "${this.name}" ${text}`);
  }
}

/** The computations of a server's loop that are not over, and how they are doing. */
export function inspectSteps(server: Service): readonly StepReport[] {
  return [...stepperOf(server).live].map((sliced) => (sliced as Step<unknown>).report());
}

/** Slices past the budget that are no accident: three, and one of a hundred. */
const OVERRUNS_MIN = 3;
/** One slice of so many budgets is no accident either. */
const OVERRUN_BUDGETS = 20;

type End<T> = { readonly value: T } | { readonly error: unknown; readonly isStopped?: true };

const NO_OPTIONS: StepOptions = {};

/** One of an asynchronous generator would be asked for ever: each of its steps is a promise. */
function checkGenerator(generator: object): void {
  if (typeof (generator as { next?: unknown } | undefined)?.next !== "function") {
    throw new TypeError(`step takes a generator, not ${describe(generator)}`);
  }
  if (Symbol.asyncIterator in generator) {
    throw new TypeError(NOT_IN_STEPS);
  }
}

const NOT_IN_STEPS = "step takes a synchronous generator: what it waits for is yielded";

/** @throws {HttpError} 503 when one more computation would be too many. */
function admit({ limits, load }: Service, { live }: Stepper): void {
  const isTooMuch = live.size >= limits.stepsMax || load.lagMs > limits.stepsLagMaxMs;
  if (!isTooMuch) return;
  throw new HttpError(503, "too-many-steps", "too much is being computed already", "server");
}

/** One for each loop: the servers on it share its turns. */
const steppers = new WeakMap<Loop, Stepper>();

function stepperOf(service: Service): Stepper {
  let stepper = steppers.get(service.loop);
  if (stepper === undefined) {
    stepper = new Stepper(service.loop, service.limits.stepBudgetMs);
    steppers.set(service.loop, stepper);
  }
  return stepper;
}
