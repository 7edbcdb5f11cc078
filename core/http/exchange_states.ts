/**
 * The states of an exchange, which is one request and its response, as two tables that can be
 * printed. This file knows in which order things may happen; it refuses to know how they are made
 * to happen.
 *
 * Two rules hold everything together:
 *
 * 1. Each half moves by its own events alone, and only along the lines of its table. An event that
 *    a state does not list is a fault of the core, whatever the peer and the application did.
 * 2. The halves go back to their beginnings together, by `next`, and only when both are done. A
 *    half that was refused or reset never comes back: the connection ends with it.
 *
 * The idea of printable tables for both halves is that of the Python library h11.
 *
 * @module
 */

import { AssertionFault } from "../assert.ts";

// The request half.
/** Nothing of a request is here. */
export const REQUEST_IDLE = 0;
/** Its first byte is here, its head is not complete. */
export const REQUEST_HEAD = 1;
/** Its head is complete, its body is not. */
export const REQUEST_BODY = 2;
/** All of it is here, or was dropped. */
export const REQUEST_DONE = 3;
/** It will never be complete: malformed, too large, late, or cut off. Nothing more is parsed. */
export const REQUEST_REFUSED = 4;

// Its events.
/** The first byte of a head. */
export const REQUEST_BYTE = 0;
/** The head is complete, and a body follows. */
export const REQUEST_HEAD_THEN_BODY = 1;
/** The head is complete, and there is no body. */
export const REQUEST_HEAD_ALONE = 2;
/** The last byte of the body. */
export const REQUEST_BODY_END = 3;
/** It cannot be served, or the peer left. */
export const REQUEST_REFUSE = 4;
/** The connection goes on with the next exchange. */
export const REQUEST_NEXT = 5;

// The response half.
/** Its head has not left. */
export const RESPONSE_WAITING = 0;
/** Its head is out, its end is not. */
export const RESPONSE_BODY = 1;
/** All of it is out. */
export const RESPONSE_DONE = 2;
/** It will never be complete, and the peer can tell: the connection is reset. */
export const RESPONSE_RESET = 3;

// Its events.
/** An interim response: 100 or 103. */
export const RESPONSE_INTERIM = 0;
/** The final head. */
export const RESPONSE_HEAD = 1;
/** The end of the body, which may be empty. */
export const RESPONSE_END = 2;
/** It was given up, or cannot reach the peer. */
export const RESPONSE_ABORT = 3;
/** The connection goes on with the next exchange. */
export const RESPONSE_NEXT = 4;

/** One half of an exchange. States and events are indexes into their lists of names. */
export interface StateTable {
  readonly name: string;
  readonly states: readonly string[];
  readonly events: readonly string[];
  /** For each state and each event, `state * events.length + event`: the next state, or -1. */
  readonly next: Int8Array;
}

/** The request half: what the peer sends. */
export const REQUEST_HALF: StateTable = makeTable(
  "request",
  ["idle", "head", "body", "done", "refused"],
  ["byte", "head-then-body", "head-alone", "body-end", "refuse", "next"],
  [
    [REQUEST_IDLE, REQUEST_BYTE, REQUEST_HEAD],
    [REQUEST_IDLE, REQUEST_REFUSE, REQUEST_REFUSED],
    [REQUEST_HEAD, REQUEST_HEAD_THEN_BODY, REQUEST_BODY],
    [REQUEST_HEAD, REQUEST_HEAD_ALONE, REQUEST_DONE],
    [REQUEST_HEAD, REQUEST_REFUSE, REQUEST_REFUSED],
    [REQUEST_BODY, REQUEST_BODY_END, REQUEST_DONE],
    [REQUEST_BODY, REQUEST_REFUSE, REQUEST_REFUSED],
    [REQUEST_DONE, REQUEST_NEXT, REQUEST_IDLE],
  ],
);

/** The response half: what this side sends. */
export const RESPONSE_HALF: StateTable = makeTable(
  "response",
  ["waiting", "body", "done", "reset"],
  ["interim", "head", "end", "abort", "next"],
  [
    [RESPONSE_WAITING, RESPONSE_INTERIM, RESPONSE_WAITING],
    [RESPONSE_WAITING, RESPONSE_HEAD, RESPONSE_BODY],
    [RESPONSE_WAITING, RESPONSE_ABORT, RESPONSE_RESET],
    [RESPONSE_BODY, RESPONSE_END, RESPONSE_DONE],
    [RESPONSE_BODY, RESPONSE_ABORT, RESPONSE_RESET],
    [RESPONSE_DONE, RESPONSE_NEXT, RESPONSE_WAITING],
  ],
);

/** The state that `event` leads to. Asserts that the table has the line (rule 1). */
export function nextState(table: StateTable, state: number, event: number): number {
  const next = table.next[state * table.events.length + event];
  // The message is made only when it is needed: this runs several times for each request.
  if (next < 0) failTransition(table, state, event);
  return next;
}

function failTransition(table: StateTable, state: number, event: number): never {
  const wanted = table.events[event];
  throw new AssertionFault(`the ${table.name} is ${table.states[state]}: no ${wanted} now`);
}

/** True exactly when the table has a line for `event` in `state`. */
export function allows(table: StateTable, state: number, event: number): boolean {
  return table.next[state * table.events.length + event] >= 0;
}

/** True exactly when both halves may take `next` (rule 2). */
export function mayGoOn(requestState: number, responseState: number): boolean {
  return requestState === REQUEST_DONE && responseState === RESPONSE_DONE;
}

/** The table in Markdown: states as rows, events as columns, the next state in each field. */
export function printTable(table: StateTable): string {
  const rows = [
    [table.name, ...table.events],
    ["---", ...table.events.map(() => "---")],
    ...table.states.map((name, state) => [
      name,
      ...table.events.map((_, event) =>
        table.states[table.next[state * table.events.length + event]] ?? ""
      ),
    ]),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n") + "\n";
}

function makeTable(
  name: string,
  states: readonly string[],
  events: readonly string[],
  lines: ReadonlyArray<readonly [state: number, event: number, next: number]>,
): StateTable {
  const next = new Int8Array(states.length * events.length).fill(-1);
  for (const [state, event, to] of lines) next[state * events.length + event] = to;
  return { name, states, events, next };
}
