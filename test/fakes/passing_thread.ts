/**
 * A thread that passes on what another and the loop say to each other. Tests derive from it and
 * override what they break, or look at. It changes nothing itself.
 *
 * @module
 */

import type { Thread, ThreadEvents, Threads } from "../../core/capabilities/threads.ts";

export class PassingThread implements Thread, ThreadEvents {
  above!: ThreadEvents;
  under!: Thread;

  post(message: unknown): void {
    this.under.post(message);
  }

  terminate(): void {
    this.under.terminate();
  }

  hold(): void {
    this.under.hold();
  }

  letGo(): void {
    this.under.letGo();
  }

  onMessage(message: unknown): void {
    this.above.onMessage(message);
  }

  onExit(reason: string): void {
    this.above.onExit(reason);
  }
}

/** The threads of `under`, each behind one that `make` makes. */
export function passThreads(under: Threads, make: () => PassingThread): Threads {
  return {
    start(module, events, heapBytesMax) {
      const one = make();
      one.above = events;
      one.under = under.start(module, one, heapBytesMax);
      return one;
    },
  };
}
