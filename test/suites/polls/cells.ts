/**
 * What each operation must do, whatever the source: one function for each column of the table. It
 * knows the public face of handles and a source's two ends, and neither kinds nor runtimes.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Handle } from "../../../core/reactor.ts";
import { AGAIN } from "../../../core/status.ts";
import { adopt, closeHandle, detach, waitingOf } from "../../../core/work/adopt.ts";
import { startDeadline } from "../../../core/work/deadline.ts";
import { joined } from "../../../core/work/pieces.ts";
import { readable, tryRead, tryWrite, writable } from "../../../core/work/waits.ts";
import type { ColumnRig } from "../rig.ts";
import type { Ends, Kind, Operation, World } from "./ends.ts";

/** A short time that passes for nothing: for what must not happen. */
const SHORT_MS = 20;
/** What a check waits for comes within this, or it is missing. */
const LONG_MS = 2000;
/** How often somebody writes to what is broken before he is told. */
const TRIES_MAX = 2000;

export class Cell {
  readonly rig: ColumnRig;
  readonly world: World;
  readonly ends: Ends;
  readonly handle: Handle;
  readonly kind: Kind;

  constructor(rig: ColumnRig, world: World, ends: Ends, kind: Kind) {
    this.kind = kind;
    this.rig = rig;
    this.world = world;
    this.ends = ends;
    this.handle = ends.handle ?? adopt(ends.source!, world.home);
  }

  /** Waits for a promise as the column waits for everything: by turns, or by pumping. */
  async wait<T>(promise: Promise<T>, what: string): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.rig.settle(() => isSettled, what);
    return await promise;
  }

  /** Lets so much time pass. */
  pass(ms: number): Promise<void> {
    const { loop } = waitingOf(this.world.home);
    return this.wait(new Promise((resolve) => startDeadline(loop, ms, resolve)), "time");
  }

  readable(timeoutMs: number = LONG_MS, handle: Handle = this.handle): Promise<string> {
    return this.wait(readable(handle, { timeoutMs }), "readable");
  }

  writable(timeoutMs: number = LONG_MS): Promise<string> {
    return this.wait(writable(this.handle, { timeoutMs }), "writable");
  }

  /** Reads by waits and tries until `count` bytes are here. */
  async read(count: number, handle: Handle = this.handle): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let size = 0; size < count;) {
      assertEquals(await this.readable(LONG_MS, handle), "ready");
      const piece = tryRead(handle, 1000);
      assert(piece instanceof Uint8Array && piece.length > 0, "ready means a byte at least");
      pieces.push(piece);
      size += piece.length;
    }
    return joined(pieces);
  }
}

export const CELLS: { readonly [operation in Operation]: (cell: Cell) => Promise<void> } = {
  bytes,
  timeout,
  end,
  write,
  room,
  broken,
  detach: givenBack,
};

/** `count` bytes, each of which says where it stands. */
export function pattern(count: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (from + i) * 31 + ((from + i) >> 8));
}

async function bytes(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  // A child that echoes is fed by the handle itself.
  if (ends.feed === undefined) tryWrite(handle, pattern(10));
  else ends.feed(pattern(10));
  assertEquals(await cell.readable(), "ready");
  assertEquals(await cell.readable(0), "ready");
  assertEquals(tryRead(handle, 3), pattern(3));
  assertEquals(await cell.readable(), "ready");
  assertEquals(await cell.read(7), pattern(7, 3));
  assertThrows(() => tryRead(handle, 0), RangeError);
  assertThrows(() => adopt(ends.source ?? {}, cell.world.home), Error);
}

async function timeout(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  assertEquals(await cell.readable(0), "timeout");
  assertEquals(await cell.readable(SHORT_MS), "timeout");
  assertEquals(tryRead(handle, 10), AGAIN);
  const giveUp = new AbortController();
  const given = readable(handle, { signal: giveUp.signal });
  giveUp.abort("given up");
  const reason = await given.then(() => "it went on", (error) => error);
  assertEquals(reason, "given up");
  const gone = await readable(handle, { signal: giveUp.signal }).catch((error) => error);
  assertEquals(gone, "given up");
  ends.feed!(pattern(5));
  assertEquals(await cell.read(5), pattern(5));
  assertEquals(await cell.readable(SHORT_MS), "timeout");
  ends.feed!(pattern(5, 5));
  assertEquals(await cell.read(5), pattern(5, 5));
}

async function end(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  ends.feed!(pattern(4));
  assertEquals(await cell.read(4), pattern(4));
  ends.endFeed!();
  assertEquals(await cell.readable(), "hangup");
  assertEquals(await cell.readable(0), "hangup");
  assertEquals([tryRead(handle, 1), tryRead(handle, 1)], [null, null]);
}

async function write(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  assertEquals(await cell.writable(), "ready");
  const sent = pattern(6);
  assertEquals(tryWrite(handle, sent), 6);
  // The memory is the caller's again at once.
  sent.fill(0);
  if (ends.got === undefined) assertEquals(await cell.read(6), pattern(6));
  else await cell.rig.settle(() => ends.got!() >= 6, "what was written");
  assertEquals(await cell.writable(), "ready");
  assertEquals(tryWrite(handle, new Uint8Array(0)), 0);
}

async function room(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  ends.stopTaking!();
  const piece = pattern(65_536);
  let sent = 0;
  for (;;) {
    const state = await cell.writable(SHORT_MS * 5);
    if (state === "timeout") break;
    assertEquals(state, "ready");
    const count = tryWrite(handle, piece.subarray(0, 65_536));
    assert(count > 0, "ready means room for a byte at least");
    sent += count;
    assert(sent < 64 * 1024 * 1024, "it takes for ever what nobody reads");
  }
  assertEquals(tryWrite(handle, piece), 0);
  ends.goOnTaking!();
  assertEquals(await cell.writable(), "ready");
  await cell.rig.settle(() => ends.got!() === sent, "all that was taken");
}

async function broken(cell: Cell): Promise<void> {
  const { ends, handle } = cell;
  assertEquals(await cell.writable(), "ready");
  tryWrite(handle, pattern(1));
  await cell.rig.settle(() => ends.got!() >= 1, "the first byte");
  ends.leave!();
  let failure: unknown = null;
  // A kernel tells only who writes.
  for (let tries = 0; failure === null; tries++) {
    assert(tries < TRIES_MAX, "nobody said that it is broken");
    const state = await cell.writable(SHORT_MS);
    await cell.pass(1);
    try {
      tryWrite(handle, pattern(1000));
    } catch (error) {
      failure = error;
      continue;
    }
    assert(state === "ready" || state === "timeout", `${state}, and nothing was thrown`);
  }
  assert(["hangup", "error"].includes(await cell.writable()), "it is not ready after it threw");
  closeHandle(handle);
  assertEquals(await cell.writable(), "hangup");
  assertThrows(() => tryWrite(handle, pattern(1)), Error);
}

async function givenBack(cell: Cell): Promise<void> {
  const { ends, kind } = cell;
  if (ends.readNatively === undefined) await openedGivenBack(cell);
  else if (kind.without.includes("timeout")) await fileGivenBack(cell);
  else await streamGivenBack(cell);
}

/** What was opened has no owner to read it: whoever adopts it again finds every byte. */
async function openedGivenBack(cell: Cell): Promise<void> {
  const { ends, handle, world } = cell;
  ends.feed!(pattern(10));
  assertEquals(await cell.readable(), "ready");
  assertEquals(tryRead(handle, 3), pattern(3));
  const { source, prefetched, late } = await cell.wait(detach(handle), "detach");
  await assertRejects(() => detach(handle), Error);
  const again = adopt(source, world.home);
  ends.feed!(pattern(5, 10));
  const first = joined([prefetched, await late ?? NOTHING]);
  assertEquals(joined([first, await cell.read(12 - first.length, again)]), pattern(12, 3));
  closeHandle(again);
}

/** A file that is longer than what is read ahead of it: its owner goes on where that ended. */
async function fileGivenBack(cell: Cell): Promise<void> {
  const { ends, handle, kind, world } = cell;
  ends.feed!(pattern(FILE_BYTES));
  assertEquals(await cell.readable(), "ready");
  assertEquals(tryRead(handle, 3), pattern(3));
  const { source, prefetched, late } = await cell.wait(detach(handle), "detach");
  assertEquals(source === ends.source, true);
  const first = joined([prefetched, await late ?? NOTHING]);
  const rest = await ends.readNatively!(FILE_BYTES - 3 - first.length);
  assertEquals(joined([first, rest]), pattern(FILE_BYTES - 3, 3));
  // A stream of a file is over at its end.
  if (kind.without.includes("write")) return;
  const again = adopt(source, world.home);
  ends.feed!(pattern(3));
  assertEquals(await cell.read(3, again), pattern(3));
  closeHandle(again);
}

const FILE_BYTES = 200_000;
const NOTHING = new Uint8Array(0);

async function streamGivenBack(cell: Cell): Promise<void> {
  const { ends, handle, world } = cell;
  ends.feed!(pattern(10));
  assertEquals(await cell.readable(), "ready");
  assertEquals(tryRead(handle, 3), pattern(3));
  const part = await cell.wait(detach(handle), "detach");
  assertEquals([part.source === ends.source, part.late], [true, null]);
  await assertRejects(() => detach(handle), Error);
  const rest = await ends.readNatively!(7 - part.prefetched.length);
  assertEquals(joined([part.prefetched, rest]), pattern(7, 3));
  // It is free: whoever owns it now may lend it out again. A wait leaves a read under way.
  const again = adopt(part.source, world.home);
  assertEquals(await cell.readable(SHORT_MS, again), "timeout");
  const { source, prefetched, late } = await cell.wait(detach(again), "detach");
  assertEquals([prefetched.length, late !== null], [0, cell.kind.late !== undefined]);
  ends.feed!(pattern(5));
  const first = await late ?? prefetched;
  const others = await ends.readNatively!(5 - first.length);
  assertEquals(joined([first, others]), pattern(5));
  const third = adopt(source, world.home);
  ends.feed!(pattern(3));
  assertEquals(await cell.read(3, third), pattern(3));
  closeHandle(third);
}
