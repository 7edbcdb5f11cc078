/**
 * The conformance suite of a whole server: what Sluice promises over HTTP/1.1, checked byte for
 * byte on each column. Groups are in `server/`; each check gets a fresh server and must leave
 * nothing open.
 *
 * @module
 */

import { describe } from "node:test";
import { type Check, checkWithGaps, type ColumnRig, impatient } from "./rig.ts";
import { ServerBench } from "./server/bench.ts";
import { checkBodies } from "./server/bodies.ts";
import { checkClocks } from "./server/clocks.ts";
import { checkClosing } from "./server/closing.ts";
import { checkDisconnects } from "./server/disconnects.ts";
import { checkFailingCodecs } from "./server/failing_codecs.ts";
import { checkFetch } from "./server/fetch.ts";
import { checkFinalize } from "./server/finalize.ts";
import { checkLingering } from "./server/lingering.ts";
import { checkCodedBodies } from "./server/coded_bodies.ts";
import { checkKeptBodies } from "./server/kept_bodies.ts";
import { checkCompression } from "./server/compression.ts";
import { checkGoingWrong } from "./server/going_wrong.ts";
import { checkIterableMiddleware } from "./server/iterable_middleware.ts";
import { checkIterableConditions } from "./server/iterable_conditions.ts";
import { checkIterables } from "./server/iterables.ts";
import { checkIterablesEnding } from "./server/iterables_ending.ts";
import { checkIterablesWaiting } from "./server/iterables_waiting.ts";
import { checkLimits } from "./server/limits.ts";
import { checkMistakes } from "./server/mistakes.ts";
import { checkOverload } from "./server/overload.ts";
import { checkProtocol } from "./server/protocol.ts";
import { checkReports } from "./server/reports.ts";
import { checkSending } from "./server/sending.ts";
import { checkEvery } from "./server/every.ts";
import { checkSlowPeers } from "./server/slow_peers.ts";
import { checkSteps } from "./server/steps.ts";
import { checkStepsWaiting } from "./server/steps_waiting.ts";
import { checkLostThreads } from "./server/lost_threads.ts";
import { checkThreadAnswers } from "./server/thread_answers.ts";
import { checkThreads } from "./server/threads.ts";
import { checkWire } from "./server/wire.ts";

export type ServerCheck = Check<ServerBench>;

/** Registers the whole suite for one column. `make` is called afresh for each check. */
export function checkServer(column: string, make: () => ColumnRig): void {
  const rig = make();
  const { gaps = {} } = rig;
  const groups: ReadonlyArray<readonly [string, (check: ServerCheck) => void]> = [
    ["protocol", checkProtocol],
    ["request bodies", checkBodies],
    ["clocks", (check) => checkClocks(check, rig)],
    ["slow peers", (check) => checkSlowPeers(check, rig)],
    ["kept bodies", checkKeptBodies],
    ["coded bodies", checkCodedBodies],
    ["codecs that fail", checkFailingCodecs],
    ["finalize", checkFinalize],
    ["mistakes", checkMistakes],
    ["sending", checkSending],
    ["fetch applications", checkFetch],
    ["lingering", (check) => checkLingering(check, rig)],
    ["compression", checkCompression],
    ["iterables", checkIterables],
    ["conditions of iterables", checkIterableConditions],
    ["ends of iterables", checkIterablesEnding],
    ["middleware of iterables", checkIterableMiddleware],
    ["iterables that wait", checkIterablesWaiting],
    ["closing", (check) => checkClosing(check, rig)],
    ["steps", checkSteps],
    ["steps that wait", checkStepsWaiting],
    ["calls that repeat", checkEvery],
    ["threads", checkThreads],
    ["answers from threads", checkThreadAnswers],
    ["threads that go wrong", (check) => checkLostThreads(check, rig)],
    ["applications that go wrong", checkGoingWrong],
    ["disconnects", checkDisconnects],
    ["limits", checkLimits],
    ["overload", checkOverload],
    ["reports", checkReports],
    ["wire cases", checkWire],
  ];
  for (const [name, register] of groups) {
    describe(`server: ${name} (${column})`, () => {
      register(checkWithGaps<ServerBench>(gaps, async (body, isGap) => {
        const bench = new ServerBench(isGap ? impatient(make()) : make());
        try {
          await body(bench);
        } finally {
          await bench.end();
        }
      }));
    });
  }
}
