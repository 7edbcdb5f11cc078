/**
 * Thousands of handles of mixed kinds in one poller, which are fed, read, registered, unregistered
 * and closed inside its callbacks, against an oracle. The control is a poller that tells what was
 * ready when it looked, and does not look again.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Handle } from "../../../core/reactor.ts";
import { adopt, closeHandle } from "../../../core/work/adopt.ts";
import { Poller } from "../../../core/work/poller.ts";
import { waitAny } from "../../../core/work/wait_any.ts";
import { tryRead } from "../../../core/work/waits.ts";
import type { HardPolls, HardPollsCheck } from "../check_hard_polls.ts";
import { Dice, IS_FULL } from "../hard/hard_bench.ts";
import { pattern } from "./cells.ts";
import type { Ends } from "./ends.ts";
import { EVERYWHERE } from "./kinds_everywhere.ts";

const HANDLES_FULL = 5000;
/** Sockets need descriptors, of which a process has 1,024 where nobody allowed more. */
const SOCKETS_MAX = 100;
const ROUNDS = 40;

export function checkManyHandles(check: HardPollsCheck): void {
  check("Poller of thousands tells what the oracle says, and nothing else", async (bench) => {
    const count = IS_FULL ? HANDLES_FULL : bench.rig.handles;
    const crowd = await Crowd.of(bench, count);
    const poller = new Poller(bench.home);
    crowd.attach(poller);
    for (let round = 0; round < ROUNDS; round++) {
      crowd.feedSome();
      await bench.rig.settle(crowd.waits(poller.wait({ timeoutMs: 1 })), "a wait");
    }
    await crowd.drain(poller);
    assertEquals(crowd.faults, []);
    assertGreater(crowd.told, ROUNDS);
    assertGreater(crowd.closed, 0);
    crowd.end();
  });

  check(
    "Poller of thousands, control: one that does not look again is found out",
    async (bench) => {
      const crowd = await Crowd.of(bench, 60);
      const poller = new HastyPoller();
      crowd.attach(poller as unknown as Poller);
      for (let round = 0; round < ROUNDS && crowd.faults.length === 0; round++) {
        crowd.feedSome();
        await bench.rig.settle(crowd.waits(poller.wait()), "a wait");
      }
      assertGreater(crowd.faults.length, 0);
      crowd.end();
    },
  );
}

/** One handle, and what the oracle knows of it. */
interface Member {
  readonly id: number;
  readonly ends: Ends;
  readonly handle: Handle;
  sent: number;
  got: number;
  isRegistered: boolean;
  isClosed: boolean;
}

class Crowd {
  readonly dice = new Dice();
  readonly faults: string[] = [];
  readonly #bench: HardPolls;
  readonly #members: Member[] = [];
  readonly #byHandle = new Map<Handle, Member>();
  #poller!: Poller;
  told = 0;
  closed = 0;

  constructor(bench: HardPolls) {
    this.#bench = bench;
  }

  static async of(bench: HardPolls, count: number): Promise<Crowd> {
    const crowd = new Crowd(bench);
    let sockets = 0;
    for (let id = 0; id < count; id++) {
      let kind = EVERYWHERE[id % EVERYWHERE.length]!;
      if (/openStream/.test(kind.name) && sockets++ >= SOCKETS_MAX) kind = EVERYWHERE[id % 2]!;
      const ends = await kind.make(bench);
      const handle = ends.handle ?? adopt(ends.source!, bench.home);
      const member = { id, ends, handle, sent: 0, got: 0, isRegistered: false, isClosed: false };
      crowd.#members.push(member);
      crowd.#byHandle.set(handle, member);
    }
    return crowd;
  }

  attach(poller: Poller): void {
    this.#poller = poller;
    for (const member of this.#members) this.#register(member);
  }

  /** True once the wait is over; a wait that fails is a fault. */
  waits(wait: Promise<unknown>): () => boolean {
    let isOver = false;
    const over = (error?: unknown) => {
      if (error instanceof Error) this.faults.push(String(error));
      isOver = true;
    };
    wait.then(() => over(), over);
    return () => isOver;
  }

  feedSome(): void {
    const count = Math.max(20, this.#members.length / 20);
    for (let i = 0; i < count; i++) this.#feed(this.dice.of(this.#members));
  }

  #feed(member: Member): void {
    if (member.isClosed) return;
    const count = 1 + this.dice.below(20);
    member.ends.feed!(pattern(count, member.sent));
    member.sent += count;
  }

  #register(member: Member): void {
    if (member.isRegistered || member.isClosed) return;
    member.isRegistered = true;
    this.#poller.register(member.handle, "read", ({ handle, state }) => {
      this.#came(this.#byHandle.get(handle)!, state);
    });
  }

  #unregister(member: Member): void {
    if (!member.isRegistered) return;
    member.isRegistered = false;
    this.#poller.unregister(member.handle);
  }

  #close(member: Member): void {
    if (member.isClosed) return;
    member.isClosed = true;
    member.isRegistered = false;
    this.closed++;
    closeHandle(member.handle);
  }

  #came(member: Member, state: string): void {
    this.told++;
    const wrong = (what: string) => this.faults.push(`handle ${member.id}: ${what}`);
    if (!member.isRegistered) return void wrong("it was told, and is not registered");
    if (state !== "ready") return void wrong(`it is ${state}`);
    if (member.got >= member.sent) return void wrong("it was told, and nothing was sent");
    // Sometimes nobody reads: then it is told again.
    if (this.dice.below(4) > 0) this.#read(member, wrong);
    this.#mischief();
  }

  #read(member: Member, wrong: (what: string) => void): void {
    const bytes = tryRead(member.handle, 1 + this.dice.below(30));
    if (!(bytes instanceof Uint8Array)) return void wrong("it was ready, and gave nothing");
    const wanted = pattern(bytes.length, member.got);
    if (bytes.some((byte, i) => byte !== wanted[i])) {
      wrong("its bytes are not those that were sent");
    }
    member.got += bytes.length;
  }

  /** What callbacks do to others, and to themselves. */
  #mischief(): void {
    const other = this.dice.of(this.#members);
    switch (this.dice.below(12)) {
      case 0:
        return this.#unregister(other);
      case 1:
      case 2:
        return this.#register(other);
      case 3:
        return this.dice.below(8) === 0 ? this.#close(other) : undefined;
      case 4:
        return this.#feed(other);
    }
  }

  /** All that was sent to whoever is open arrives. */
  async drain(poller: Poller): Promise<void> {
    for (const member of this.#members) this.#register(member);
    const isDry = () => this.#members.every((one) => one.isClosed || one.got === one.sent);
    for (let waits = 0; !isDry() && this.faults.length === 0; waits++) {
      await this.#bench.rig.settle(this.waits(poller.wait({ timeoutMs: 100 })), "a wait");
      for (const member of this.#members) this.#register(member);
      assert(waits < 10_000, "bytes were sent that nobody is told of");
    }
  }

  end(): void {
    for (const { ends, handle } of this.#members) {
      closeHandle(handle);
      ends.dispose();
    }
  }
}

/** Tells all that were ready when it looked, whatever became of them meanwhile. */
class HastyPoller {
  readonly #list = new Map<Handle, (event: { handle: Handle; state: string }) => void>();

  register(
    handle: Handle,
    _interest: string,
    onPoll: (event: { handle: Handle; state: string }) => void,
  ): void {
    this.#list.set(handle, onPoll);
  }

  unregister(handle: Handle): void {
    this.#list.delete(handle);
  }

  async wait(): Promise<void> {
    const before = new Map(this.#list);
    const events = await waitAny([...before.keys()], { timeoutMs: 5 });
    for (const { handle, state } of events) before.get(handle)!({ handle, state });
  }
}
