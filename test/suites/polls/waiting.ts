/**
 * What holds for waiting as a whole: pollers, lists, owners, numbers, closing under a wait. It uses
 * sources that every column has, and knows no runtime.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AdoptError } from "../../../core/capabilities/polls.ts";
import type { Handle } from "../../../core/reactor.ts";
import { AGAIN } from "../../../core/status.ts";
import {
  adopt,
  closeHandle,
  detach,
  openPipe,
  POLLABLE,
  waitingOf,
} from "../../../core/work/adopt.ts";
import { pollableOf } from "../../../core/work/ahead_pollable.ts";
import { Poller } from "../../../core/work/poller.ts";
import { SUSPENSION } from "../../../core/work/suspension.ts";
import { untilAny, untilReadable, untilWritable } from "../../../core/work/wait_suspensions.ts";
import { waitAny } from "../../../core/work/wait_any.ts";
import { readable, tryRead, tryTake, tryWrite, writable } from "../../../core/work/waits.ts";
import type { ColumnRig } from "../rig.ts";
import { pattern } from "./cells.ts";
import type { World } from "./ends.ts";

interface Bench extends World {
  readonly rig: ColumnRig;
}

type CheckWaiting = (name: string, body: (bench: Bench) => Promise<void>) => void;

/** One pair of web streams: its handle, and what feeds it. */
function pipe({ home }: Bench) {
  const { readable: source, writable: sink } = new TransformStream<unknown, unknown>();
  const writer = sink.getWriter();
  writer.closed.catch(() => {});
  const handle = adopt(source, home);
  return { handle, source, feed: (piece: unknown) => void writer.write(piece), writer };
}

async function wait<T>({ rig }: Bench, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  promise.then(settled, settled);
  await rig.settle(() => isSettled, "a promise");
  return await promise;
}

export function checkWaiting(check: CheckWaiting): void {
  checkOwners(check);
  checkLists(check);
  checkPollers(check);
  checkSuspensions(check);
}

function checkOwners(check: CheckWaiting): void {
  check("adopt() refuses a number, and says why", ({ home }) => {
    for (const wrong of [3, 0, 7n]) {
      const adoptIt = () => adopt(wrong as unknown as object, home);
      const error = assertThrows(adoptIt, TypeError);
      assert(/descriptor/.test(error.message), error.message);
    }
    for (const wrong of ["3", null, undefined, true, {}, Promise.resolve()]) {
      assertThrows(() => adopt(wrong as unknown as object, home), TypeError);
    }
    return Promise.resolve();
  });

  check("a handle is opaque: taken for a number, a text or a key it throws", (bench) => {
    const { handle } = pipe(bench);
    assertThrows(() => Number(handle), TypeError);
    assertThrows(() => `${handle}`, TypeError);
    assertThrows(() => ({ [handle as unknown as string]: 1 }), TypeError);
    closeHandle(handle);
    return Promise.resolve();
  });

  check("adopt() refuses what has an owner, until detach()", async (bench) => {
    const { handle, source } = pipe(bench);
    const adoptIt = () => adopt(source, bench.home);
    assertEquals(assertThrows(adoptIt, AdoptError).code, "owned");
    assertEquals((await detach(handle)).source === source, true);
    closeHandle(adoptIt());
    const locked = new TransformStream();
    locked.readable.getReader();
    assertThrows(() => adopt(locked, bench.home), AdoptError);
    const half = new TransformStream();
    const held = adopt(half.readable, bench.home);
    assertThrows(() => adopt(half, bench.home), AdoptError);
    closeHandle(held);
  });

  check("detach() refuses while somebody waits", async (bench) => {
    const { handle, feed } = pipe(bench);
    const waiting = readable(handle);
    await assertRejects(() => detach(handle), Error, "somebody waits");
    feed(pattern(1));
    assertEquals(await wait(bench, waiting), "ready");
    await detach(handle);
    assertThrows(() => tryRead({ owner: null }, 1), TypeError);
  });

  check("closeHandle() ends every wait for the handle with hangup", async (bench) => {
    const { handle } = pipe(bench);
    const waits = [readable(handle), readable(handle), writable(handle)];
    closeHandle(handle);
    closeHandle(handle);
    assertEquals(await wait(bench, Promise.all(waits)), ["hangup", "hangup", "hangup"]);
    assertEquals(tryRead(handle, 1), null);
  });

  check("openPipe() rejects with `missing` where there is no FIFO", async ({ home }) => {
    const error = await openPipe("/nowhere/at/all", home).catch((error) => error);
    assert(error instanceof AdoptError, String(error));
    assertEquals(error.code, "missing");
  });

  check("a wait refuses a time that is none", async (bench) => {
    const { handle } = pipe(bench);
    await assertRejects(() => readable(handle, { timeoutMs: -1 }), RangeError);
    await assertRejects(() => readable(handle, { timeoutMs: NaN }), RangeError);
    closeHandle(handle);
  });

  check("a foreign source may have nothing but its readiness", async (bench) => {
    let isSet = false;
    let told: (() => void) | null = null;
    const event = {
      [POLLABLE]: () => ({
        poll: () => isSet ? "ready" as const : "waiting" as const,
        watch: (_direction: string, changed: () => void) => {
          told = changed;
        },
        unwatch() {
          told = null;
        },
      }),
    };
    const handle = adopt(event, bench.home);
    assertEquals(await wait(bench, readable(handle, { timeoutMs: 5 })), "timeout");
    assertEquals(told, null);
    const waiting = readable(handle);
    isSet = true;
    told!();
    assertEquals(await wait(bench, waiting), "ready");
    assertThrows(() => tryRead(handle, 1), TypeError);
    assertThrows(() => tryWrite(handle, pattern(1)), TypeError);
    assertEquals((await detach(handle)).source === event, true);
  });

  check("pollableOf() reads once at a time, and keeps what failed", async (bench) => {
    const asked: Array<{ resolve(piece: unknown): void; reject(error: unknown): void }> = [];
    const source = {
      [POLLABLE]: () =>
        pollableOf({
          read: () =>
            new Promise((resolve, reject) => {
              asked.push({ resolve: (value) => resolve({ value }), reject });
            }),
        }),
    };
    const handle = adopt(source, bench.home);
    for (let i = 0; i < 3; i++) {
      assertEquals(await wait(bench, readable(handle, { timeoutMs: 1 })), "timeout");
    }
    assertEquals(asked.length, 1);
    asked[0]!.resolve(pattern(2));
    assertEquals(await wait(bench, readable(handle)), "ready");
    assertEquals([tryRead(handle, 9), tryRead(handle, 9)], [pattern(2), AGAIN]);
    assertEquals(asked.length, 2);
    asked[1]!.reject(new Error("the disk is gone"));
    assertEquals(await wait(bench, readable(handle)), "error");
    assertThrows(() => tryRead(handle, 9), Error, "the disk is gone");
    closeHandle(handle);
  });

  check("tryTake() gives messages as they are, tryRead() only bytes", async (bench) => {
    const { handle, feed } = pipe(bench);
    feed({ news: 1 });
    assertEquals(await wait(bench, readable(handle)), "ready");
    assertThrows(() => tryRead(handle, 1), TypeError, "tryTake");
    assertEquals(tryTake(handle), { value: { news: 1 } });
    assertEquals(tryTake(handle), AGAIN);
    closeHandle(handle);
  });
}

function checkLists(check: CheckWaiting): void {
  check("waitAny() waits for any, for all, or for so many", async (bench) => {
    const pipes = Array.from({ length: 4 }, () => pipe(bench));
    const handles = pipes.map(({ handle }) => handle);
    const order = (events: readonly { handle: Handle }[]) =>
      events.map(({ handle }) => handles.indexOf(handle));
    const any = waitAny(handles);
    const two = waitAny(handles, { min: 2 });
    const all = waitAny(handles, { min: 4 });
    pipes[2]!.feed(pattern(1));
    assertEquals(order(await wait(bench, any)), [2]);
    pipes[0]!.feed(pattern(1));
    assertEquals(order(await wait(bench, two)), [0, 2]);
    closeHandle(handles[1]!);
    pipes[3]!.feed(pattern(1));
    const events = await wait(bench, all);
    assertEquals(events.map(({ state }) => state), ["ready", "hangup", "ready", "ready"]);
    assertEquals(order(await wait(bench, waitAny(handles, { min: 4, timeoutMs: 0 }))), [
      0,
      1,
      2,
      3,
    ]);
    handles.forEach(closeHandle);
  });

  check("waitAny() answers what there is at a time-out, and consumes nothing", async (bench) => {
    const [one, other] = [pipe(bench), pipe(bench)];
    one.feed(pattern(3));
    const list = [one.handle, { handle: other.handle, direction: "read" }] as const;
    const events = await wait(bench, waitAny(list, { min: 2, timeoutMs: 5 }));
    assertEquals(events.map(({ handle }) => handle === one.handle), [true]);
    assertEquals(tryRead(one.handle, 9), pattern(3));
    for (const min of [0, 3, 1.5]) {
      await assertRejects(() => waitAny(list, { min }), RangeError);
    }
    const reason = await waitAny(list, { signal: aborted("no more") }).catch((error) => error);
    assertEquals(reason, "no more");
    closeHandle(one.handle);
    closeHandle(other.handle);
  });
}

function aborted(reason: unknown): AbortSignal {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal;
}

function checkPollers(check: CheckWaiting): void {
  check("Poller tells of what is ready until it is read, and of nothing else", async (bench) => {
    const poller = new Poller(bench.home);
    const pipes = Array.from({ length: 3 }, () => pipe(bench));
    for (const { handle } of pipes) poller.register(handle, "read");
    assertEquals(await wait(bench, poller.wait({ timeoutMs: 1 })), []);
    pipes[1]!.feed(pattern(2));
    for (let i = 0; i < 2; i++) {
      const events = await wait(bench, poller.wait());
      assertEquals(events.map(({ handle, direction, state }) => [handle, direction, state]), [
        [pipes[1]!.handle, "read", "ready"],
      ]);
    }
    tryRead(pipes[1]!.handle, 9);
    assertEquals(await wait(bench, poller.wait({ timeoutMs: 1 })), []);
    poller.clear();
    assertEquals(poller.size, 0);
    pipes.forEach(({ handle }) => closeHandle(handle));
  });

  check("Poller says at once who misuses it", async (bench) => {
    const poller = new Poller(bench.home);
    const { handle } = pipe(bench);
    assertThrows(() => poller.unregister(handle), Error, "not registered");
    assertThrows(() => poller.modify(handle, "read"), Error, "not registered");
    poller.register(handle, "read");
    assertThrows(() => poller.register(handle, "both"), Error, "already");
    const waiting = poller.wait({ timeoutMs: 5 });
    await assertRejects(() => poller.wait(), Error, "waits already");
    assertEquals(await wait(bench, waiting), []);
    const reason = await poller.wait({ signal: aborted("no more") }).catch((error) => error);
    assertEquals(reason, "no more");
    closeHandle(handle);
    assertEquals([poller.size, poller.has(handle)], [0, false]);
    assertThrows(() => poller.register(handle, "read"), Error, "closed");
  });

  check("Poller hears a signal that aborts while it looks", async (bench) => {
    const poller = new Poller(bench.home);
    const { handle, feed } = pipe(bench);
    poller.register(handle, "read");
    feed(pattern(1));
    assertEquals((await wait(bench, poller.wait())).length, 1);
    const controller = new AbortController();
    const waiting = poller.wait({ signal: controller.signal }).catch((error) => error);
    tryRead(handle, 9);
    controller.abort("no more");
    assertEquals(await wait(bench, waiting), "no more");
    closeHandle(handle);
  });

  check("Poller.modify() changes what is told", async (bench) => {
    const poller = new Poller(bench.home);
    const pair = new TransformStream<Uint8Array, Uint8Array>();
    const writer = pair.writable.getWriter();
    const away = new TransformStream<Uint8Array, Uint8Array>();
    const handle = adopt({ readable: pair.readable, writable: away.writable }, bench.home);
    poller.register(handle, "write");
    void writer.write(pattern(1));
    const told = async () =>
      (await wait(bench, poller.wait({ timeoutMs: 10 }))).map(({ direction }) => direction);
    assertEquals(await told(), ["write"]);
    poller.modify(handle, "read");
    assertEquals(await told(), ["read"]);
    poller.modify(handle, "both");
    assertEquals((await told()).sort(), ["read", "write"]);
    closeHandle(handle);
  });

  check("onPoll() is not called for what an earlier one closed or unregistered", async (bench) => {
    const poller = new Poller(bench.home);
    const pipes = Array.from({ length: 3 }, () => pipe(bench));
    const told: number[] = [];
    pipes.forEach(({ handle, feed }, i) => {
      poller.register(handle, "read", () => {
        told.push(i);
        const others = pipes.filter((_, other) => other !== i).map((one) => one.handle);
        closeHandle(others[0]!);
        poller.unregister(others[1]!);
      });
      feed(pattern(1));
    });
    const all = waitAny(pipes.map(({ handle }) => handle), { min: 3 });
    await wait(bench, all);
    const events = await wait(bench, poller.wait());
    assertEquals([told.length, events.length, poller.size], [1, 1, 1]);
    pipes.forEach(({ handle }) => closeHandle(handle));
  });
}

function checkSuspensions(check: CheckWaiting): void {
  check("untilReadable() begins when it is started, and can be given up", async (bench) => {
    const { handle, feed } = pipe(bench);
    const { loop } = waitingOf(bench.home);
    const results: unknown[] = [];
    const waiter = {
      loop,
      wake: (result: unknown) => void results.push(result),
      fail: (error: unknown) => void results.push(error),
    };
    const suspension = untilReadable(handle, { timeoutMs: 5 });
    assertEquals("then" in suspension, false);
    suspension[SUSPENSION](waiter)();
    untilReadable(handle, { timeoutMs: -1 })[SUSPENSION](waiter);
    assert(results.pop() instanceof RangeError, "what cannot begin fails");
    suspension[SUSPENSION](waiter);
    await bench.rig.settle(() => results.length === 1, "the time-out");
    untilAny([handle])[SUSPENSION](waiter);
    untilWritable(handle, { timeoutMs: 0 })[SUSPENSION](waiter);
    feed(pattern(1));
    await bench.rig.settle(() => results.length === 3, "both of them");
    assertEquals(results.filter((result) => typeof result === "string"), ["timeout", "timeout"]);
    closeHandle(handle);
  });
}
