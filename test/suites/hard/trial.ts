/**
 * One request of the hard test of finishing later: what is to become of it, what the server's side
 * saw of it, and what the client's side did. At its end it can say all that went wrong. It knows
 * the public face of a request; it decides nothing.
 *
 * @module
 */

import type { AbortCause } from "../../../core/errors.ts";
import type { Hold } from "../../../core/hold.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import type { ResultCode } from "../../../core/status.ts";
import type { Fate } from "./fates.ts";

/** How a client leaves: with a reset, or by closing both directions in order. */
export type Leaving = "reset" | "close";

export interface TrialOptions {
  readonly id: number;
  readonly fate: Fate;
  readonly leaving: Leaving;
}

export class Trial {
  readonly id: number;
  readonly fate: Fate;
  readonly leaving: Leaving;

  // What the server's side saw.
  request: HttpRequest | null = null;
  readonly aborts: AbortCause[] = [];
  terminations = 0;
  cleanups = 0;
  /** Open holds that the application took. */
  openHolds = 0;
  /** True exactly when the request was over while one of them was open. */
  overTooEarly = false;
  /** How many calls of `finalize` answered true, and how many false. */
  readonly finalizes = { accepted: 0, refused: 0 };
  /** What the application still means to do. */
  plans = 0;
  /** Its lines in the server's log. */
  readonly logs: string[] = [];

  // What the client's side saw.
  /** Whole answers. */
  readonly answers: Array<{ readonly status: number; readonly body: string }> = [];
  /** True exactly when the client left, or half-closed, as it was to. */
  left = false;
  /** True exactly when nothing more of it can reach the client. */
  clientDone = false;

  constructor(options: TrialOptions) {
    this.id = options.id;
    this.fate = options.fate;
    this.leaving = options.leaving;
  }

  get target(): string {
    return `/t/${this.id}`;
  }

  /** The answer's body when all goes well. */
  get body(): string {
    return this.fate.repeats === 1 ? `answer ${this.id}` : `${this.id},`.repeat(this.fate.repeats);
  }

  /** The request is here. */
  begin(request: HttpRequest): void {
    this.request = request;
    request.onAbort((cause) => this.aborts.push(cause));
    request.onTerminated(() => this.terminations++);
    request.onCleanup(() => {
      this.cleanups++;
      if (this.openHolds > 0) this.overTooEarly = true;
    });
  }

  hold(reason: string): Hold {
    this.openHolds++;
    return this.request!.hold(reason);
  }

  release(hold: Hold): boolean {
    if (hold.isOpen) this.openHolds--;
    return hold.release();
  }

  finalize(code?: ResultCode, status?: number): void {
    if (this.request!.finalize(code, status)) this.finalizes.accepted++;
    else this.finalizes.refused++;
  }

  /** True exactly when both sides are done with it. */
  get isSettled(): boolean {
    return this.clientDone && this.cleanups > 0 && this.plans === 0;
  }

  /** Where it stands, for the report of a run that does not end. */
  describe(): string {
    const { aborts, cleanups, openHolds, plans, left, clientDone, answers, request } = this;
    const life = request === null ? "not here" : request.over ? "over" : "alive";
    const state = { life, aborts, cleanups, openHolds, plans, left, clientDone, answers };
    return `request ${this.id} ${this.fate.name} ${JSON.stringify(state).slice(0, 300)}`;
  }

  /** All that is not as it must be, in words. */
  faults(): string[] {
    const { fate } = this;
    const found: string[] = [];
    const compare = (what: string, actual: unknown, wanted: unknown) => {
      const texts = [JSON.stringify(actual), JSON.stringify(wanted)];
      if (texts[0] !== texts[1]) found.push(`${what}: ${texts[0]} instead of ${texts[1]}`);
    };
    compare("cleanups", this.cleanups, 1);
    compare("over", this.request?.over, true);
    compare("over while held", this.overTooEarly, false);
    compare("open holds", this.openHolds, 0);
    compare("aborts", this.aborts, fate.cause === null ? [] : [fate.cause]);
    compare("accepted and refused finalizes", Object.values(this.finalizes), fate.finalizes);
    compare("terminations", this.terminations > 1, false);
    compare("statuses", this.answers.map((answer) => answer.status), statusesOf(fate));
    if (fate.status === 200 && this.answers[0]?.body !== this.body) found.push("another's body");
    const lines = this.logs.map((line) => fate.log?.test(line) === true || line);
    compare("log lines", lines, fate.log === null ? [] : [true]);
    return found.map((fault) => `request ${this.id} ${fate.name}: ${fault}`);
  }
}

function statusesOf(fate: Fate): readonly number[] {
  return fate.status === null ? [] : [fate.status];
}
