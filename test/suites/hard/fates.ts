/**
 * What can become of a request whose handler answered `DONE`, and of a few whose handler did not:
 * the table of fates, each with the outcome that client and server must see. It knows the finalize
 * protocol and nothing of how requests get here.
 *
 * @module
 */

import type { AbortCause } from "../../../core/errors.ts";
import { DECLINED, DONE, ERROR, type ResultCode } from "../../../core/status.ts";
import type { Trial } from "./trial.ts";

/** The other events of the loop, as a fate sees them. */
export interface Events {
  /** Runs `act` in some later event: of a turn, a timer, a promise, or another connection. */
  later(trial: Trial, act: () => void): void;
}

export interface Fate {
  /** As the end of a sentence that begins with "a request". */
  readonly name: string;
  /** What its client does once it is held: stays, leaves, or half-closes and reads on. */
  readonly client: "stays" | "leaves" | "half-closes";
  /** The one answer that the client sees; null when it must see no whole one. */
  readonly status: number | null;
  /** True exactly when its connection ends with it. */
  readonly ends: boolean;
  /** Why it was given up; null when it was not. */
  readonly cause: AbortCause | null;
  /** How many calls of `finalize` by the application answer true, and how many false. */
  readonly finalizes: readonly [accepted: number, refused: number];
  /** Its one line in the log; null when it has none. */
  readonly log: RegExp | null;
  /** How often its number stands in the body; 1 is a short text. */
  readonly repeats: number;
  readonly act: (trial: Trial, events: Events) => ResultCode | Promise<ResultCode>;
}

const ANSWERED: Omit<Fate, "name" | "act"> = {
  client: "stays",
  status: 200,
  ends: false,
  cause: null,
  finalizes: [1, 0],
  log: null,
  repeats: 1,
};

const ABANDONED: Omit<Fate, "name" | "act"> = {
  ...ANSWERED,
  client: "leaves",
  status: null,
  ends: true,
  cause: "client-gone",
};

/** Some 60 to 100 KB: more than the in-memory runtime takes at once. */
const LARGE_REPEATS = 16_000;

function answer(trial: Trial): void {
  trial.request!.respond(200, { "content-type": "text/plain" }, trial.body);
}

export const FATES: readonly Fate[] = [
  { ...ANSWERED, name: "is answered later", act: answersLater },
  { ...ANSWERED, name: "is finalized with output queued", repeats: LARGE_REPEATS, act: queues },
  { ...ANSWERED, name: "is answered in parts, in events of their own", act: answersInParts },
  {
    ...ANSWERED,
    name: "is finalized twice at once",
    finalizes: [1, 1],
    log: /^was finalized twice\n/,
    act: finalizesTwiceAtOnce,
  },
  {
    ...ANSWERED,
    name: "is finalized again when it is over",
    finalizes: [1, 1],
    log: /^was finalized twice\n/,
    act: finalizesAgainLater,
  },
  {
    ...ANSWERED,
    name: "has a hold released twice",
    log: /^the hold "later" was released twice\n/,
    act: releasesTwice,
  },
  { ...ANSWERED, name: "has two holds and is finalized between", act: holdsTwice },
  { ...ANSWERED, name: "fails after DONE", status: 502, act: failsLater },
  {
    ...ABANDONED,
    name: "fails after its head",
    client: "stays",
    cause: "application",
    act: failsAfterHead,
  },
  {
    ...ANSWERED,
    name: "throws in its promise",
    status: 500,
    finalizes: [0, 0],
    log: /^handler "app" failed\nError: thrown on purpose/,
    act: throwsLater,
  },
  { ...ANSWERED, name: "is declined by all", status: 404, finalizes: [0, 0], act: () => DECLINED },
  { ...ABANDONED, name: "is finalized after its client left", act: finalizesAfterLeave },
  { ...ABANDONED, name: "is held across the disconnect", act: holdsAcross },
  { ...ABANDONED, name: "is finalized in its abort listener", act: finalizesInListener },
  {
    ...ABANDONED,
    name: "is answered across a half close",
    client: "half-closes",
    status: 200,
    act: finalizesAfterLeave,
  },
  {
    ...ABANDONED,
    name: "is never finalized",
    client: "stays",
    status: 503,
    cause: "timeout",
    finalizes: [0, 0],
    log: /^503, the handler is late, held by /,
    act: neverFinalizes,
  },
  {
    ...ABANDONED,
    name: "is finalized behind the handler clock",
    client: "stays",
    status: 503,
    cause: "timeout",
    finalizes: [0, 1],
    log: /^503, the handler is late, held by /,
    act: finalizesTooLate,
  },
];

/** True exactly when the fate waits for the handler clock. */
export function needsClock(fate: Fate): boolean {
  return fate.cause === "timeout";
}

/** True exactly when the server ends the connection in the middle of the answer. */
export function resets(fate: Fate): boolean {
  return fate.client === "stays" && fate.status === null;
}

function answersLater(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    answer(trial);
    // The order of the last two is the application's to choose.
    if (trial.id % 2 === 0) trial.release(hold);
    trial.finalize();
    if (trial.id % 2 === 1) trial.release(hold);
  });
  return DONE;
}

function queues(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    answer(trial);
    trial.finalize();
    trial.release(hold);
  });
  return DONE;
}

function answersInParts(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("parts");
  const { request, body } = trial;
  const sendFrom = (at: number) => {
    if (at === 0) request!.sendHead(200, { "content-type": "text/plain" });
    request!.send(body.slice(at, at + 4), { flush: trial.id % 2 === 0 });
    if (at + 4 < body.length) {
      events.later(trial, () => sendFrom(at + 4));
    } else {
      trial.finalize();
      events.later(trial, () => trial.release(hold));
    }
  };
  events.later(trial, () => sendFrom(0));
  return DONE;
}

function finalizesTwiceAtOnce(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    answer(trial);
    trial.finalize();
    trial.finalize();
    trial.release(hold);
  });
  return DONE;
}

function finalizesAgainLater(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    answer(trial);
    trial.finalize();
    trial.release(hold);
    events.later(trial, () => trial.finalize(ERROR, 500));
  });
  return DONE;
}

function releasesTwice(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    answer(trial);
    trial.finalize();
    trial.release(hold);
    events.later(trial, () => trial.release(hold));
  });
  return DONE;
}

function holdsTwice(trial: Trial, events: Events): ResultCode {
  const first = trial.hold("first");
  const second = trial.hold("second");
  events.later(trial, () => {
    answer(trial);
    trial.release(trial.id % 2 === 0 ? first : second);
    trial.finalize();
    events.later(trial, () => trial.release(trial.id % 2 === 0 ? second : first));
  });
  return DONE;
}

function failsLater(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    trial.finalize(ERROR, 502);
    trial.release(hold);
  });
  return DONE;
}

function failsAfterHead(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("later");
  events.later(trial, () => {
    trial.request!.sendHead(200, { "content-length": 1000 });
    trial.request!.send("the beginning", { flush: true });
    events.later(trial, () => {
      trial.finalize(ERROR);
      trial.release(hold);
    });
  });
  return DONE;
}

async function throwsLater(trial: Trial, events: Events): Promise<ResultCode> {
  await new Promise<void>((resolve) => events.later(trial, resolve));
  throw new Error("thrown on purpose");
}

function finalizesAfterLeave(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("until the client leaves");
  trial.request!.onAbort(() =>
    events.later(trial, () => {
      answer(trial);
      trial.finalize();
      trial.release(hold);
    })
  );
  return DONE;
}

function holdsAcross(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("across");
  trial.request!.onAbort(() =>
    events.later(trial, () => {
      trial.finalize();
      events.later(trial, () => {
        const { over } = trial.request!;
        trial.release(hold);
        if (over) trial.overTooEarly = true;
      });
    })
  );
  return DONE;
}

function finalizesInListener(trial: Trial): ResultCode {
  const hold = trial.hold("until the client leaves");
  trial.request!.onAbort(() => {
    trial.finalize();
    trial.release(hold);
  });
  return DONE;
}

function neverFinalizes(trial: Trial): ResultCode {
  const hold = trial.hold("for ever, but for the clock");
  trial.request!.onAbort(() => trial.release(hold));
  return DONE;
}

function finalizesTooLate(trial: Trial, events: Events): ResultCode {
  const hold = trial.hold("for too long");
  trial.request!.onAbort(() =>
    events.later(trial, () => {
      trial.finalize();
      trial.release(hold);
    })
  );
  return DONE;
}
