/**
 * Threads, as a runtime supplies them: start one on a module, post messages both ways, end it.
 * Types and prose only. It knows nothing of jobs, queues or requests: those are in `work/`.
 *
 * A thread shares nothing with the loop but the `SharedArrayBuffer`s that are posted to it.
 * Everything else that is posted is copied, by the structured clone algorithm.
 *
 * @module
 */

/** What a runtime gives: its `threads`. */
export interface Threads {
  /**
   * Starts a thread, which imports `module` and calls its export `startThread` with the thread's
   * end of the connection. Events follow, none inside the call. A thread that cannot start has
   * `onExit` alone.
   *
   * A thread keeps the process alive only between `hold` and `letGo`; a fresh one does not. One
   * whose heap grows past `heapBytesMax` ends, where the platform can bound it.
   */
  start(module: string, events: ThreadEvents, heapBytesMax?: number): Thread;
}

/** The loop's side of a thread. Calls on a thread that is over do nothing. */
export interface Thread {
  /** Sends a message. Those of one direction arrive in their order. */
  post(message: unknown): void;
  /**
   * Ends the thread where it stands, also in an endless loop or while it is blocked. `onExit`
   * follows; what it posted before may still arrive until then.
   */
  terminate(): void;
  /** From now on the process lives at least as long as the thread. */
  hold(): void;
  /** The thread keeps the process alive no more. */
  letGo(): void;
}

/** What the loop hears of a thread. `onExit` comes exactly once, and last. */
export interface ThreadEvents {
  /** The thread has sent `message`, which is a copy. */
  onMessage(message: unknown): void;
  /**
   * The thread is over. `reason` is for the log: what it threw outside of every job, its exit code,
   * or why it did not start.
   */
  onExit(reason: string): void;
}

/** What a module that is given to `Threads.start` exports. */
export interface ThreadModule {
  /** Called once in the thread. It listens before it returns. */
  startThread(port: ThreadPort): void;
}

/** The thread's side. */
export interface ThreadPort {
  /** Sends a copy of a message. Those of one direction arrive in their order. */
  post(message: unknown): void;
  /** Sets the one receiver of messages. */
  listen(onMessage: (message: unknown) => void): void;
  /** Imports a module by its URL, in the thread. */
  load(url: string): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Sets the one who is told when the thread ends before its code does, where threads are only
   * simulated: whatever of it runs on must not write what it shares with the loop. Null where
   * threads are real and end where they stand.
   */
  readonly onEnd: ((ended: () => void) => void) | null;
  /** Milliseconds since some fixed point; never goes back. */
  now(): number;
  /**
   * Blocks the thread while `words[index]` is `value`, until somebody notifies it. Null where
   * threads are only simulated and nothing can block.
   */
  readonly wait: ((words: Int32Array, index: number, value: number) => void) | null;
}
