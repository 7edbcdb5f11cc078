/**
 * The rows of the table: what a client does, in the order of the table. Each probe opens its own
 * connections, so all of them run at once.
 *
 * @module
 */

import type { Outcome } from "./outcome.ts";
import type { ProbedServer } from "./probed_server.ts";
import { partialBody, partialHead, readsNothing, sendsNothing, staysIdle } from "./rows/clocks.ts";
import {
  expectsAndIsNotRead,
  expectsAndIsRead,
  largeHeader,
  largeTarget,
  lengthAndChunked,
  pipelines,
} from "./rows/messages.ts";
import {
  halfCloses,
  isAnswered,
  isAnsweredBehindBody,
  leaves,
  leavesWithPipelined,
  resets,
} from "./rows/signals.ts";

/** How long probes wait. */
export interface Waits {
  /** For what a clock brings about. What has not come by then is `open`. */
  readonly clockMs: number;
  /** For what comes at once or not at all. */
  readonly settleMs: number;
}

export interface Row {
  /** As programs call it. */
  readonly name: string;
  /** As the table calls it, behind "a client …". */
  readonly title: string;
  readonly probe: (server: ProbedServer, waits: Waits) => Promise<Outcome>;
}

export const ROWS: readonly Row[] = [
  row("pipelines", "pipelines two requests, handler asynchronous", pipelines),
  row("sends-nothing", "connects and sends nothing", sendsNothing),
  row("partial-head", "sends half a head", partialHead),
  row("partial-body", "sends half a body that is waited for", partialBody),
  row("stays-idle", "keeps an idle connection", staysIdle),
  row("reads-nothing", "never reads a large response", readsNothing),
  row("large-header", "sends a header of 100 KB", largeHeader),
  row("large-target", "sends a target of 100 KB", largeTarget),
  row("expects", "sends `Expect: 100-Continue`; the body is read", expectsAndIsRead),
  row("expects-unread", "sends `Expect: 100-Continue`; the body is not read", expectsAndIsNotRead),
  row("length-and-chunked", "sends a length and chunked", lengthAndChunked),
  row("is-answered", "is answered: the `signal`", isAnswered),
  row("is-answered-body", "is answered, its body read: the `signal`", isAnsweredBehindBody),
  row("leaves", "closes while the handler works: the `signal`", leaves),
  row("resets", "resets while the handler works: the `signal`", resets),
  row("leaves-pipelined", "closes, a second request pipelined: the `signal`", leavesWithPipelined),
  row("half-closes", "half-closes while the handler works", halfCloses),
];

function row(name: string, title: string, probe: Row["probe"]): Row {
  return { name, title, probe };
}
