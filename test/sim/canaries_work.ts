/**
 * Planted faults in what computes: reactors whose stopwatch, ambient state or threads break their
 * contracts in one way, which the simulator must find.
 *
 * @module
 */

import type { Ambient, Context } from "../../core/capabilities/context.ts";
import type { Reactor } from "../../core/reactor.ts";
import { PassingReactor } from "../fakes/passing_reactor.ts";

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
