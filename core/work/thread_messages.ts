/**
 * What the loop and a thread say to each other, beside the ring. Types only.
 *
 * @module
 */

import type { JobCall } from "../thread_service.ts";

/** To the thread. One job at a time: the next one comes after `over`. */
export type ToThread =
  | {
    readonly kind: "job";
    readonly job: number;
    readonly style: JobCall["style"];
    readonly module: string;
    readonly name: string;
    readonly args: readonly unknown[];
    readonly ring: SharedArrayBuffer;
    /** How many calls to the loop may be on their way. */
    readonly callsMax: number;
  }
  /** There is room in the ring, for a writer that waits for this message. */
  | { readonly kind: "credit"; readonly job: number };

/** From the thread. What has a `job` that the loop has given up is dropped there. */
export type FromThread =
  | { readonly kind: "ready" }
  /** There are entries in the ring, for a reader that sleeps. */
  | { readonly kind: "wake"; readonly job: number }
  /** A call of a function that the loop's side registered. */
  | {
    readonly kind: "call";
    readonly job: number;
    readonly name: string;
    readonly args: readonly unknown[];
  }
  /** The job has ended, and the thread is free. */
  | {
    readonly kind: "over";
    readonly job: number;
    /** What the export answered, in style `value`. */
    readonly value: unknown;
    readonly failure: ThreadFailure | null;
    /** How long the job took, and how long of that it was held up by a full ring. */
    readonly tookMs: number;
    readonly waitedMs: number;
  };

/** What a job threw, in words: an error's own class stays in its thread. */
export interface ThreadFailure {
  /** True exactly when it threw because it was stopped. */
  readonly stopped: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}
