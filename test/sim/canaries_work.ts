/**
 * Planted faults in what computes: reactors whose stopwatch, ambient state or threads break their
 * contracts in one way, which the simulator must find.
 *
 * @module
 */

import type { Ambient, Context } from "../../core/capabilities/context.ts";
import type { Threads } from "../../core/capabilities/threads.ts";
import type { Reactor } from "../../core/reactor.ts";
import {
  CREDITED,
  DATA,
  ENTRY_BYTES,
  entryBytes,
  FINISH,
  Ring,
  WRITTEN,
} from "../../core/work/ring.ts";
import type { FromThread, ToThread } from "../../core/work/thread_messages.ts";
import { PassingReactor } from "../fakes/passing_reactor.ts";
import { PassingThread, passThreads } from "../fakes/passing_thread.ts";
import { CLIENT, GET, PLAIN, STREAM } from "./plain.ts";
import type { RunPlan } from "./plan.ts";
import type { Sabotage } from "./run.ts";

/** The planted faults by name. */
export const WORK_CANARIES: Readonly<Record<string, (under: Reactor) => Reactor>> = {
  "computations have no end of their turn": (under) =>
    new (class extends PassingReactor {
      override stopwatchMs(): number {
        return super.now();
      }
    })(under),
  "a generator is not closed": (under) => new ClosingReactor(under, () => ENDED),
  "a computation goes on though it was ended": (under) =>
    new ClosingReactor(under, (_close, goOn) => goOn(undefined)),
  "a thread's word is lost": (under) => breakThreads(under, () => new MuteThread()),
  "a thread's call is lost": (under) => breakThreads(under, () => new CallingThread()),
  "a byte that a thread wrote is another": (under) => breakThreads(under, () => new WrongThread()),
  "a thread's result is that of the job before": (under) => {
    const results: unknown[] = [];
    return breakThreads(under, () => new LateThread(results));
  },
  "a thread that was ended lives on": (under) => breakThreads(under, () => new UndeadThread()),
  "what a thread has written so far is whole": (under) =>
    breakThreads(under, () => new FinishingThread()),
};

/**
 * A thread that has credit for what nobody took, and a client for which that must be found: what
 * comes of it elsewhere is anything.
 */
export const CREDIT_CANARY: { readonly plan: RunPlan; readonly sabotage: Sabotage } = {
  plan: {
    ...PLAIN,
    bufferBytes: 1000,
    limits: { ...PLAIN.limits, outputBytesReady: 1000, threadWindowBytes: 64 * 1024 },
    clients: [{
      ...CLIENT,
      stops: { atBytes: 500, forMs: 1e9 },
      requests: [{
        ...GET,
        does: { ...STREAM, via: "thread", bytes: 300_000, pieceBytes: 10_000 },
      }],
    }],
  },
  sabotage: (under) => breakThreads(under, () => new CreditedThread()),
};

const ENDED: IteratorReturnResult<unknown> = { done: true, value: undefined };
type Call = (argument: unknown) => unknown;

/**
 * Does something else now and then where a computation in steps is closed. Its ambient state sees
 * the calls of its generator: those that take a value make it go on, the one that takes none closes
 * it.
 */
class ClosingReactor extends PassingReactor {
  override readonly context: Context;

  constructor(under: Reactor, instead: (close: Call, goOn: Call) => unknown) {
    super(under);
    this.context = {
      capture() {
        const ambient = under.context.capture();
        let goOn: Call | null = null;
        const broken: Ambient = (call, argument) => {
          const one = call as Call;
          if (one.length > 0) goOn = one;
          else if (goOn !== null) return instead(one, goOn) as ReturnType<typeof call>;
          return ambient(call, argument);
        };
        return broken;
      },
    };
  }
}

function breakThreads(under: Reactor, make: () => PassingThread): Reactor {
  return new (class extends PassingReactor {
    override get threads(): Threads {
      return passThreads(under.threads, make);
    }
  })(under);
}

/** What each fault is made of: a thread whose job is known, and every so many words a strike. */
class FaultyThread extends PassingThread {
  /** The job that it has, or had last. */
  protected job: Extract<ToThread, { kind: "job" }> | null = null;
  #words = 0;

  override post(message: unknown): void {
    const told = message as ToThread;
    if (told.kind === "job") this.job = told;
    super.post(message);
  }

  protected get strikes(): boolean {
    return ++this.#words % EVERY_WORDS === 0;
  }
}

/** A planted fault strikes a thread at every so many words that it says. */
const EVERY_WORDS = 5;

class MuteThread extends FaultyThread {
  override onMessage(message: unknown): void {
    if (!this.strikes) super.onMessage(message);
  }
}

class CallingThread extends FaultyThread {
  override onMessage(message: unknown): void {
    if ((message as FromThread).kind !== "call" || !this.strikes) super.onMessage(message);
  }
}

/** Changes the first byte of each piece that is in the ring. */
class WrongThread extends FaultyThread {
  override onMessage(message: unknown): void {
    if (this.job !== null && this.strikes) {
      const ring = new Ring(this.job.ring);
      const end = Atomics.load(ring.words, WRITTEN);
      for (let at = Atomics.load(ring.words, CREDITED); at < end;) {
        if (ring.kindAt(at) === DATA) ring.data[(at + ENTRY_BYTES) & ring.mask]! ^= 1;
        at += entryBytes(ring.lengthAt(at));
      }
    }
    super.onMessage(message);
  }
}

class LateThread extends FaultyThread {
  readonly #results: unknown[];

  constructor(results: unknown[]) {
    super();
    this.#results = results;
  }

  override onMessage(message: unknown): void {
    const said = message as FromThread;
    if (said.kind !== "over" || said.value === undefined) super.onMessage(message);
    else {
      this.#results.push(said.value);
      super.onMessage({ ...said, value: this.#results.at(-2) ?? said.value });
    }
  }
}

class UndeadThread extends FaultyThread {
  override terminate(): void {}
}

/** Writes an end where there is none. */
class FinishingThread extends FaultyThread {
  override onMessage(message: unknown): void {
    if ((message as FromThread).kind === "wake" && this.strikes) {
      const ring = new Ring(this.job!.ring);
      ring.putHead(Atomics.load(ring.words, WRITTEN), FINISH, 0);
      Atomics.add(ring.words, WRITTEN, ENTRY_BYTES);
    }
    super.onMessage(message);
  }
}

class CreditedThread extends FaultyThread {
  override onMessage(message: unknown): void {
    super.onMessage(message);
    if ((message as FromThread).kind !== "wake") return;
    const { words } = new Ring(this.job!.ring);
    Atomics.store(words, CREDITED, Atomics.load(words, WRITTEN) + TOO_MUCH_BYTES);
  }
}

const TOO_MUCH_BYTES = 1 << 20;
