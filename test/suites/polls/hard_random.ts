/**
 * A hundred short waits against a writer that writes when it likes: every byte comes once and in
 * order, whatever times out. The control races a read against a sleep, and loses what comes late.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Handle } from "../../../core/reactor.ts";
import { adopt, closeHandle, waitingOf } from "../../../core/work/adopt.ts";
import { joined } from "../../../core/work/pieces.ts";
import { readable, tryRead } from "../../../core/work/waits.ts";
import type { HardPolls, HardPollsCheck } from "../check_hard_polls.ts";
import { Dice } from "../hard/hard_bench.ts";
import { Cell, pattern } from "./cells.ts";
import type { Kind } from "./ends.ts";

const ROUNDS = 100;
const TIMEOUT_MS_MAX = 5;
const BYTES_MAX = 40;
/** More than is written on average, so that there is something to wait for. */
const READ_BYTES_MAX = 200;

export function checkRandomWaits(check: HardPollsCheck, kinds: readonly Kind[]): void {
  for (const kind of kinds.filter(({ without }) => !without.includes("timeout"))) {
    check(`readable() in ${ROUNDS} random waits loses no byte of ${kind.name}`, async (bench) => {
      const ends = await kind.make(bench);
      try {
        const cell = new Cell(bench.rig, bench, ends, kind);
        const writer = new RandomWriter(bench, (bytes) => ends.feed!(bytes));
        await readAtRandom(cell, writer);
        closeHandle(cell.handle);
      } finally {
        ends.dispose();
      }
    });
  }

  check("random waits, control: a read raced against a sleep loses bytes", async (bench) => {
    const { readable: source, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const sink = writable.getWriter();
    const writer = new RandomWriter(bench, (bytes) => void sink.write(bytes));
    const reader = source.getReader();
    const idle = adopt(new TransformStream<Uint8Array, Uint8Array>().readable, bench.home);
    const pieces: Uint8Array[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      writer.round();
      const sleep = readable(idle, { timeoutMs: writer.dice.below(TIMEOUT_MS_MAX + 1) });
      const raced = Promise.race([reader.read(), sleep.then(() => null)]);
      const came = await settled(bench, raced);
      if (came?.value !== undefined) pieces.push(came.value);
    }
    closeHandle(idle);
    assertNotEquals(joined(pieces), pattern(writer.sent));
  });
}

async function readAtRandom(cell: Cell, writer: RandomWriter): Promise<void> {
  const { handle } = cell;
  const pieces: Uint8Array[] = [];
  let timeouts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    writer.round();
    const outcome = await cell.readable(writer.dice.below(TIMEOUT_MS_MAX + 1));
    if (outcome === "timeout") timeouts++;
    else pieces.push(readSome(handle, 1 + writer.dice.below(READ_BYTES_MAX)));
  }
  const got = pieces.reduce((sum, piece) => sum + piece.length, 0);
  await cell.rig.settle(() => writer.isDone, "the writer's end");
  const rest = await cell.read(writer.sent - got);
  assertEquals(joined([...pieces, rest]), pattern(writer.sent));
  assert(timeouts > 0 && timeouts < ROUNDS, `${timeouts} of ${ROUNDS} waits timed out`);
  assertEquals(await cell.readable(1), "timeout");
}

function readSome(handle: Handle, bytesMax: number): Uint8Array {
  const piece = tryRead(handle, bytesMax);
  assert(piece instanceof Uint8Array && piece.length > 0, "ready means a byte at least");
  return piece;
}

async function settled<T>({ rig }: HardPolls, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  await rig.settle(() => isOver, "a wait");
  return await promise;
}

/** In each round it writes at once, or some turns later, or not at all. */
class RandomWriter {
  readonly dice = new Dice();
  readonly #bench: HardPolls;
  readonly #feed: (bytes: Uint8Array) => void;
  sent = 0;
  #plans = 0;

  constructor(bench: HardPolls, feed: (bytes: Uint8Array) => void) {
    this.#bench = bench;
    this.#feed = feed;
  }

  get isDone(): boolean {
    return this.#plans === 0;
  }

  round(): void {
    const turns = this.dice.of([-1, -1, 0, 1, 3, 20]);
    if (turns < 0) return;
    this.#plans++;
    this.#writeIn(turns);
  }

  #writeIn(turns: number): void {
    if (turns > 0) {
      waitingOf(this.#bench.home).loop.postCall(() => this.#writeIn(turns - 1));
      return;
    }
    this.#plans--;
    const count = 1 + this.dice.below(BYTES_MAX);
    const bytes = pattern(count, this.sent);
    this.sent += count;
    this.#feed(bytes);
  }
}
