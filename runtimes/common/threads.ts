/**
 * Threads by `node:worker_threads`, which Node, Deno and Bun all have. It knows workers and the
 * loop's clock; what runs in a thread starts in `thread_entry.ts`.
 *
 * Measured on Node 26.10, Deno 2.9.5 and Bun 1.4.5: `terminate` ends a worker within 5 ms also in
 * `Atomics.wait` and in an endless loop (on Deno its thread goes on spinning then, without the
 * loop); `process.exit` ends the worker alone; what is posted before a worker blocks arrives;
 * shared memory may be written to a socket. Bun loses wakes of `Atomics.waitAsync` and Node takes
 * milliseconds for the first, so a sleeper is sent a message instead: 20 to 35 µs on all three.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Worker } from "node:worker_threads";
import type { Thread, ThreadEvents, Threads } from "../../core/capabilities/threads.ts";
import type { LoopBase } from "./loop_base.ts";
import { messageOf } from "./platform_errors.ts";

/** Real threads, whose events are events of `loop`. */
export class WorkerThreads implements Threads {
  readonly #loop: LoopBase;

  constructor(loop: LoopBase) {
    this.#loop = loop;
  }

  start(module: string, events: ThreadEvents, heapBytesMax?: number): Thread {
    return new WorkerThread(module, events, this.#loop, heapBytesMax);
  }
}

class WorkerThread implements Thread {
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  readonly #loop: LoopBase;
  /** True exactly inside of a call of `terminate`. */
  #isTerminating = false;
  /** What it threw outside of every job. */
  #error: unknown = null;
  #isOver = false;

  constructor(module: string, events: ThreadEvents, loop: LoopBase, heapBytesMax?: number) {
    this.#events = events;
    this.#loop = loop;
    this.#worker = new Worker(new URL(ENTRY, import.meta.url), {
      workerData: { module },
      // Node alone heeds it.
      ...(heapBytesMax === undefined || heapBytesMax === Infinity
        ? {}
        : { resourceLimits: limitsOf(heapBytesMax) }),
    });
    this.#worker.on("message", (message) => this.#message(message));
    this.#worker.on("error", (error) => this.#error = error);
    this.#worker.on("exit", (code) => this.#exit(code));
    this.#worker.unref();
  }

  post(message: unknown): void {
    if (!this.#isOver) this.#worker.postMessage(message);
  }

  terminate(): void {
    if (this.#isOver) return;
    this.#isTerminating = true;
    this.#worker.terminate();
    this.#isTerminating = false;
  }

  hold(): void {
    if (!this.#isOver) this.#worker.ref();
  }

  letGo(): void {
    if (!this.#isOver) this.#worker.unref();
  }

  #message(message: unknown): void {
    if (this.#isOver) return;
    this.#loop.enterEvent();
    this.#events.onMessage(message);
    this.#loop.leaveEvent();
  }

  #exit(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reason = this.#error === null ? `its exit code is ${code}` : messageOf(this.#error);
    // Deno tells of the end inside the call that asks for it.
    if (this.#isTerminating) setImmediate(() => this.#tellExit(reason));
    else this.#tellExit(reason);
  }

  #tellExit(reason: string): void {
    this.#loop.enterEvent();
    this.#events.onExit(reason);
    this.#loop.leaveEvent();
  }
}

function limitsOf(heapBytesMax: number): { maxOldGenerationSizeMb: number } {
  return { maxOldGenerationSizeMb: Math.max(1, Math.round(heapBytesMax / 2 ** 20)) };
}

/** `.ts` in the source, `.js` in the build. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const ENTRY = "./thread_entry" + EXTENSION;
