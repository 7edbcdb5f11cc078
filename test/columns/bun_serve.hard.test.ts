/**
 * The hard tests on Bun through `Bun.serve`, but for what it cannot give a request.
 *
 * @module
 */

import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkHard } from "../suites/check_hard.ts";
import { type Gaps, liveRig } from "../suites/rig.ts";

const PIPELINED =
  "Bun reads a pipelined request only when the one before is answered in the same event";
const NO_CONNECTIONS = "Bun shows requests and no connections, and holds their bytes itself";

const COPIES = "Bun has copied the bytes by the time that it asks for more";

const GAPS: Gaps = {
  "memory bound: readers that never read": NO_CONNECTIONS,
  "memory bound, control: the test fails when AGAIN is ignored": NO_CONNECTIONS,
  "memory bound: heads that never end": NO_CONNECTIONS,
  "memory bound: uploads that nobody reads": NO_CONNECTIONS,
  "memory bound, control: the test fails when reading never stops": NO_CONNECTIONS,
  "memory bound: bodies that are kept, and stop": NO_CONNECTIONS,
  "memory bound, control: the test fails when all of a body is kept in memory": NO_CONNECTIONS,
  "memory bound: coded uploads that nobody goes on with": NO_CONNECTIONS,
  "memory bound: compressed answers that nobody reads": NO_CONNECTIONS,
  "memory bound, control: the test fails when an encoder takes all": NO_CONNECTIONS,
  "finish later: a request that is answered across a half close":
    "Bun closes both ways when a client half-closes",
  "finish later: pipelined requests": PIPELINED,
  "request bodies: the next request in the same segment is intact (length)": PIPELINED,
  "request bodies: the next request in the same segment is intact (chunked)": PIPELINED,
  "two buffers, control: refilled when ready, they corrupt a body of known length": COPIES,
  "two buffers, control: refilled when ready, they corrupt a body in chunks": COPIES,
};

checkHard("bun_serve", () => liveRig(createBunServeReactor(), false, GAPS));
