/**
 * A call that repeats: every so many milliseconds, in phase with its start, never over itself. It
 * knows intervals and the timer wheel; what is called is the application's affair.
 *
 * @module
 */

import type { Ambient } from "../capabilities/context.ts";
import { describe } from "../describe.ts";
import { textOfError } from "../errors.ts";
import { handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { isPromiseLike } from "../promise_like.ts";
import type { Service } from "../service.ts";
import { Timer, type TimerOwner } from "../timers.ts";

/** Whom a repetition belongs to. */
export interface EveryOptions {
  /**
   * The request that it works for: it is held, and the repetition stops when no byte can reach its
   * client any more. Until then whoever finalizes it calls `stop` too.
   */
  readonly request?: HttpRequest;
  /** The server that it works for, when it works for no request: stops when that is closing. */
  readonly server?: Service;
  /** Its name in log lines and holds. Default: `a call`. */
  readonly name?: string;
  /** Whether the first call comes at once, not after the first interval. Default: false. */
  readonly now?: boolean;
}

/**
 * Calls `run` every `intervalMs`, exact to the timer wheel's grain (100 ms). When a call, or the
 * promise that it answered, takes longer than the interval, the calls that would have come
 * meanwhile are left out, and the next one comes in phase with the first: `run` is told how many
 * were left out since the call before. Ambient state (`AsyncLocalStorage`) is that of this call.
 *
 * @throws {TypeError} when it is told neither a request nor a server, or nothing to call.
 * @throws {RangeError} when the interval is not 1 ms or more.
 */
export function every(
  intervalMs: number,
  run: (leftOut: number) => unknown,
  options: EveryOptions,
): Every {
  return new Every(intervalMs, run, options);
}

/** A repetition that `every` started: to stop it. */
export class Every implements TimerOwner {
  /** Its name in log lines and holds. */
  readonly name: string;
  readonly #intervalMs: number;
  readonly #run: (leftOut: number) => unknown;
  readonly #request: HttpRequest | null;
  readonly #service: Service;
  readonly #hold: Hold | null;
  readonly #ambient: Ambient;
  readonly #terminated = () => void this.stop();
  readonly #timer: Timer = new Timer(this);
  readonly #startedMs: number;
  /** Which interval since the start the last call was for. */
  #count = 0;
  #isOver = false;

  constructor(intervalMs: number, run: (leftOut: number) => unknown, options: EveryOptions) {
    const { request = null, server } = options ?? NO_OPTIONS;
    const service = request?.service ?? server;
    if (service === undefined) {
      throw new TypeError("a call that repeats belongs to a request or a server: name one");
    }
    if (typeof run !== "function") {
      throw new TypeError(`every takes a function, not ${describe(run)}`);
    }
    const isInterval = typeof intervalMs === "number" && intervalMs >= INTERVAL_MS_MIN;
    if (!(isInterval && intervalMs < Infinity)) {
      throw new RangeError(`an interval must be ${INTERVAL_MS_MIN} ms or more, not ${intervalMs}`);
    }
    this.name = options.name ?? "a call";
    this.#intervalMs = intervalMs;
    this.#run = run;
    this.#request = request;
    this.#service = service;
    this.#hold = request?.hold(`every "${this.name}"`) ?? null;
    this.#ambient = service.context.capture();
    this.#startedMs = service.loop.now();
    request?.onTerminated(this.#terminated);
    // One that is over tells nobody any more.
    if (request?.over === true) this.stop();
    if (this.#isOver) return;
    if (options.now === true) this.#call(0);
    else this.#arm();
  }

  /** True exactly when no call begins any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** No call begins any more. Answers false when it was over. */
  stop(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#service.loop.timers.disarm(this.#timer);
    this.#request?.forget(this.#terminated);
    if (this.#hold !== null && this.#hold.isOpen) this.#hold.release();
    return true;
  }

  onTimer(): void {
    if (this.#request === null && this.#service.closing) {
      this.stop();
      return;
    }
    const passedMs = this.#service.loop.now() - this.#startedMs;
    const count = Math.max(Math.floor(passedMs / this.#intervalMs), this.#count + 1);
    const leftOut = count - this.#count - 1;
    this.#count = count;
    this.#call(leftOut);
  }

  #call(leftOut: number): void {
    try {
      const answer = this.#ambient(this.#run, leftOut);
      if (!isPromiseLike(answer)) {
        this.#arm();
        return;
      }
      answer.then(() => this.#arm(), (error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  #arm(): void {
    if (this.#isOver) return;
    const { loop } = this.#service;
    const passedMs = loop.now() - this.#startedMs;
    const next = Math.max(Math.floor(passedMs / this.#intervalMs), this.#count) + 1;
    loop.timers.arm(this.#timer, this.#startedMs + next * this.#intervalMs);
  }

  /** One failure ends it: what failed once would fill the log. That of a request ends that too. */
  #failed(error: unknown): void {
    if (this.#request === null) {
      this.#service.log("error", `every "${this.name}" failed and stops\n${textOfError(error)}`);
    } else {
      handlerFailed(this.#request, error);
    }
    this.stop();
  }
}

const NO_OPTIONS: EveryOptions = {};
/** Far below the grain of the wheel: what is less is a mistake. */
const INTERVAL_MS_MIN = 1;
