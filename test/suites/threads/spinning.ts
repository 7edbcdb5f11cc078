/**
 * A thread that counts in shared memory and looks at nothing else. Where nobody can end it, it ends
 * by itself after some seconds, so that it does not eat up the machine of a test.
 *
 * @module
 */

import type { ThreadPort } from "../../../core/mod.ts";

/** Seconds, on any machine. */
const ROUNDS = 1_000_000_000;

export function startThread(port: ThreadPort): void {
  port.listen((message) => {
    const words = message as Int32Array;
    // No calls in it: some engines look only there whether they are to stop.
    for (let i = 0; i < ROUNDS; i++) Atomics.add(words, 0, 1);
  });
}
