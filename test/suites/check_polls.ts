/**
 * Waiting for handles: each kind of source of a column with each operation, cell by cell, and what
 * holds for all of them. The same data makes the table of `docs/handles.md`. A column runs it with
 * ten lines.
 *
 * @module
 */

import { describe, test } from "node:test";
import { Loop } from "../../core/loop.ts";
import { closeHandle } from "../../core/work/adopt.ts";
import { Cell, CELLS } from "./polls/cells.ts";
import { type Kind, OPERATIONS, type World } from "./polls/ends.ts";
import { checkWaiting } from "./polls/waiting.ts";
import { type Check, checkWithGaps, type ColumnRig, impatient } from "./rig.ts";

/** Registers the table's cells and the checks of the whole for one column. */
export function checkPolls(column: string, kinds: readonly Kind[], make: () => ColumnRig): void {
  for (const kind of kinds) {
    describe(`waiting for ${kind.name} on ${column}`, () => checkKind(kind, make));
  }
  describe(`waiting on ${column}`, () => {
    checkWaiting((name, body) => {
      test(name, async () => {
        const rig = make();
        await body({ rig, ...worldOf(rig) });
      });
    });
  });
}

function worldOf(rig: ColumnRig): World {
  const { reactor } = rig;
  const home = { loop: new Loop(reactor), polls: reactor.polls, streams: reactor };
  return { reactor, home };
}

function checkKind(kind: Kind, make: () => ColumnRig): void {
  const check: Check<Cell> = checkWithGaps<Cell>(gapsOf(kind), async (body, isGap) => {
    const rig = isGap ? impatient(make()) : make();
    const world = worldOf(rig);
    const ends = await kind.make(world);
    try {
      const cell = new Cell(rig, world, ends, kind);
      await body(cell).finally(() => closeHandle(cell.handle));
    } finally {
      ends.dispose();
    }
  });
  for (const operation of OPERATIONS) {
    if (kind.without.includes(operation)) continue;
    const reason = kind.sometimes?.includes(operation) ? kind.gaps?.[operation] : undefined;
    if (reason === undefined) check(operation, CELLS[operation]);
    else test(`${operation} [gap: ${reason}]`, { skip: reason }, () => {});
  }
}

function gapsOf(kind: Kind): { [operation: string]: string } {
  return { ...kind.gaps };
}
