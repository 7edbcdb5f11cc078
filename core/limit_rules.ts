/**
 * Which values limits and clocks may have. It knows their names from the defaults, and says in one
 * line what is wrong; it sets nothing.
 *
 * @module
 */

import {
  type Clocks,
  DEFAULT_CLOCKS,
  DEFAULT_LIMITS,
  type Limits,
  type RequestClocks,
} from "./limits.ts";

/** The clocks that are no times: nothing moves at an infinite rate. */
const RATES: ReadonlySet<string> = new Set<keyof Clocks>([
  "bodyBytesPerSecondMin",
  "sendBytesPerSecondMin",
]);

/** Clocks for which 0 has a meaning; the others would run out before anything could happen. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set<keyof Clocks>([
  ...RATES as ReadonlySet<keyof Clocks>,
  "keepAliveTimeoutMs",
  "keepAliveMinTimeoutMs",
  "lingerTimeMs",
  "lingerTimeoutMs",
]);

const REQUEST_CLOCKS: ReadonlySet<string> = new Set<keyof RequestClocks>([
  "bodyTimeoutMs",
  "bodyBytesPerSecondMin",
  "bodyRateWindowMs",
  "sendTimeoutMs",
  "sendBytesPerSecondMin",
  "sendRateWindowMs",
  "keepAliveTimeoutMs",
  "handlerTimeoutMs",
]);

/** @throws {TypeError} that names what is misspelt, or cannot be a limit. */
export function checkLimits(limits: Partial<Limits>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new TypeError(`there is no limit "${name}"`);
    if (value === undefined) continue;
    if (value === Infinity || Number.isInteger(value) && value >= 0) continue;
    throw new TypeError(
      `limits.${name} is a whole number of at least 0, or Infinity, not ${show(value)}`,
    );
  }
}

/** @throws {TypeError} that names what is misspelt, or cannot be a clock. */
export function checkClocks(clocks: Partial<Clocks>): void {
  for (const [name, value] of Object.entries(clocks)) {
    if (!Object.hasOwn(DEFAULT_CLOCKS, name)) throw new TypeError(`there is no clock "${name}"`);
    if (value === undefined) continue;
    if (typeof value === "number") {
      if (value === Infinity && !RATES.has(name) || value > 0 && value < Infinity) continue;
      if (value === 0 && MAY_BE_ZERO.has(name)) continue;
    }
    const least = MAY_BE_ZERO.has(name) ? "of at least 0" : "of more than 0";
    const most = RATES.has(name) ? "" : ", or Infinity";
    throw new TypeError(`clocks.${name} is a number ${least}${most}, not ${show(value)}`);
  }
}

/** @throws {TypeError} as `checkClocks`, and for clocks that are the server's alone. */
export function checkRequestClocks(clocks: RequestClocks): void {
  checkClocks(clocks);
  for (const name of Object.keys(clocks)) {
    if (!REQUEST_CLOCKS.has(name)) throw new TypeError(`a request has no clock "${name}"`);
  }
}

/** `defaults` with what `own` says otherwise. What is undefined there says nothing. */
export function withDefaults<T extends object>(own: Partial<T>, defaults: T): T {
  const all = { ...defaults };
  for (const name of Object.keys(own) as (keyof T)[]) {
    if (own[name] !== undefined) all[name] = own[name];
  }
  return all;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
