/**
 * A thread that sends back what it gets, after writing a 7 to what is shared.
 *
 * @module
 */

import type { ThreadPort } from "../../../core/mod.ts";

export function startThread(port: ThreadPort): void {
  port.listen((message) => {
    if (message instanceof Int32Array) Atomics.store(message, 0, 7);
    port.post(message);
  });
}
