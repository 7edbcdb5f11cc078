/**
 * Ambient state by `node:async_hooks`, which Node, Deno and Bun all have. It knows
 * `AsyncLocalStorage` and nothing of who uses it.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "../../core/capabilities/context.ts";

export const ambientContext: Context = { capture: () => AsyncLocalStorage.snapshot() };
