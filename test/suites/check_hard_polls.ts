/**
 * The hard tests of waiting for handles, each beside a control that must fail it: random waits
 * against a random writer, idle pipes beside a busy disk, and a poller of thousands against an
 * oracle. Short sizes with all other tests, full ones with `npm run hard`.
 *
 * @module
 */

import { describe, test } from "node:test";
import { Loop } from "../../core/loop.ts";
import type { Kind, World } from "./polls/ends.ts";
import { checkIdlePipes } from "./polls/hard_idle.ts";
import { checkManyHandles } from "./polls/hard_many.ts";
import { checkRandomWaits } from "./polls/hard_random.ts";
import type { ColumnRig } from "./rig.ts";

export interface HardPollsRig extends ColumnRig {
  /** How many FIFOs may wait at once. 0: the column has no file system. */
  readonly pipesMax: number;
  /** How many handles one poller has in the short size. */
  readonly handles: number;
}

/** What a hard check works with. */
export interface HardPolls extends World {
  readonly rig: HardPollsRig;
  readonly column: string;
}

export type HardPollsCheck = (name: string, body: (bench: HardPolls) => Promise<void>) => void;

/** Registers all of them for one column. `make` is called afresh for each check. */
export function checkHardPolls(
  column: string,
  kinds: readonly Kind[],
  make: () => HardPollsRig,
): void {
  describe(`hard: waiting (${column})`, () => {
    const check: HardPollsCheck = (name, body) => {
      test(name, () => {
        const rig = make();
        const { reactor } = rig;
        const home = { loop: new Loop(reactor), polls: reactor.polls, streams: reactor };
        return body({ rig, column, reactor, home });
      });
    };
    checkRandomWaits(check, kinds);
    if (make().pipesMax > 0) checkIdlePipes(check);
    checkManyHandles(check);
  });
}
