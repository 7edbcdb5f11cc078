/**
 * Any value in a few words, for errors and log lines that say what was given instead of what was
 * wanted. It knows the kinds of values, and nobody who wants one.
 *
 * @module
 */

/** What somebody gave instead of what he should have, in a few words for a log line. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "object") return `an object (${classOf(value)})`;
  // The source of a function and a whole page are no few words.
  if (typeof value === "function") {
    return value.name === "" ? "a function" : `function ${value.name}`;
  }
  if (typeof value === "string") return `string ${JSON.stringify(value.slice(0, TEXT_SHOWN_MAX))}`;
  return `${typeof value} ${String(value)}`;
}

function classOf(value: object): string {
  try {
    return value.constructor?.name ?? "no class";
  } catch {
    return "no class";
  }
}

/** Of a text that is none of what was wanted, in characters. */
const TEXT_SHOWN_MAX = 60;
