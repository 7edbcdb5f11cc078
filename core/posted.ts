/**
 * The posted queue: calls that run at the end of the turn, in the order in which they were posted.
 * It knows the one way to ask for a turn; it knows nothing of what the calls do, nor of time.
 *
 * What is posted while the queue drains runs in the next turn, as with Twisted's `callFromThread`:
 * a call that posts itself for ever takes turns with the sockets and cannot starve them.
 *
 * @module
 */

import type { Turn } from "./reactor.ts";

/**
 * Something that can be posted. The queue is threaded through these objects, so that posting
 * allocates nothing; each is in one queue at most.
 */
export interface Posted {
  /**
   * Runs the call. It is no longer posted by then, so it may post itself again: for the next turn.
   */
  runPosted(): void;
  /** True exactly when it waits in the queue. The queue's to write; start with `false`. */
  posted: boolean;
  /** The queue's own link. Start with `null`. */
  nextPosted: Posted | null;
}

/** Calls that are to run at the end of the turn, in the order in which they were posted. */
export class PostedQueue {
  readonly #turn: Pick<Turn, "soon">;
  #first: Posted | null = null;
  #tail: Posted | null = null;
  #length = 0;

  constructor(turn: Pick<Turn, "soon">) {
    this.#turn = turn;
  }

  /** How many calls wait, those of the batch that is being drained included. */
  get length(): number {
    return this.#length;
  }

  /**
   * Runs `call` at the end of the turn. One that is posted already keeps its place: nothing
   * changes.
   */
  post(call: Posted): void {
    if (call.posted) return;
    call.posted = true;
    call.nextPosted = null;
    this.#length++;
    if (this.#tail === null) {
      this.#first = call;
      this.#tail = call;
      this.#turn.soon();
    } else {
      this.#tail.nextPosted = call;
      this.#tail = call;
    }
  }

  /** As `post`, for a plain function. It allocates: not for the hot path. Each call counts anew. */
  postCall(run: () => void): void {
    this.post(new PostedCall(run));
  }

  /**
   * Runs what is posted now. When a call throws, the error goes on to the runtime, and the calls
   * that were behind it run in the next turn, before those posted meanwhile.
   */
  drain(): void {
    let call = this.#first;
    this.#first = this.#tail = null;
    try {
      while (call !== null) {
        const running: Posted = call;
        call = running.nextPosted;
        running.nextPosted = null;
        running.posted = false;
        this.#length--;
        running.runPosted();
      }
    } finally {
      if (call !== null) this.#putBack(call);
    }
  }

  #putBack(first: Posted): void {
    let tail = first;
    while (tail.nextPosted !== null) tail = tail.nextPosted;
    tail.nextPosted = this.#first;
    this.#first = first;
    this.#tail ??= tail;
    this.#turn.soon();
  }
}

class PostedCall implements Posted {
  posted = false;
  nextPosted: Posted | null = null;
  readonly #run: () => void;

  constructor(run: () => void) {
    this.#run = run;
  }

  runPosted(): void {
    this.#run();
  }
}
