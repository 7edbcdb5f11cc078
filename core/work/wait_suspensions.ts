/**
 * The waits for handles as suspensions: what an iterable application yields where an asynchronous
 * one awaits. It knows the waits and the seam of suspensions, and not who runs the generator.
 *
 * @module
 */

import type { Handle } from "../reactor.ts";
import type { PollEvent } from "./poller.ts";
import { SUSPENSION, type Suspension } from "./suspension.ts";
import { type Awaited, startWaitAny, type WaitAnyOptions } from "./wait_any.ts";
import { type PollOutcome, startWait, type WaitOptions } from "./waits.ts";

/** As `readable`, to be yielded: the `yield` answers the outcome. Nothing begins before. */
export function untilReadable(handle: Handle, options: WaitOptions = {}): Suspension<PollOutcome> {
  return suspended((settle, fail) => startWait(handle, "read", options, settle, fail));
}

/** As `writable`, to be yielded. */
export function untilWritable(handle: Handle, options: WaitOptions = {}): Suspension<PollOutcome> {
  return suspended((settle, fail) => startWait(handle, "write", options, settle, fail));
}

/** As `waitAny`, to be yielded. */
export function untilAny(
  list: readonly Awaited[],
  options: WaitAnyOptions = {},
): Suspension<PollEvent[]> {
  return suspended((settle, fail) => startWaitAny(list, options, settle, fail));
}

type Start<T> = (settle: (value: T) => void, fail: (error: unknown) => void) => () => void;

/** What cannot be begun at all fails at the `yield`, as with a promise. */
function suspended<T>(start: Start<T>): Suspension<T> {
  return {
    [SUSPENSION](waiter) {
      try {
        return start((value) => waiter.wake(value), (error) => waiter.fail(error));
      } catch (error) {
        waiter.fail(error);
        return () => {};
      }
    },
  };
}
