/**
 * Times, sizes, counts and ports as the command line writes them, after nginx: `500ms`, `2s`, `1m`;
 * `16k`, `1m`, `1g`. It knows texts and numbers, and no option.
 *
 * @module
 */

/** How one kind of value is read and written. */
export interface Unit {
  /** What stands for the value in the help: `<time>`. */
  readonly placeholder: string;
  /** What a good value looks like, for whoever wrote a bad one. */
  readonly wanted: string;
  /** The value, without `off`; null for what is none. */
  read(text: string): number | null;
  /** The shortest text that is read as this value. */
  write(value: number): string;
}

const TIMES: ReadonlyArray<readonly [string, number]> = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const SIZES: ReadonlyArray<readonly [string, number]> = [
  ["g", 1024 ** 3],
  ["m", 1024 ** 2],
  ["k", 1024],
  ["", 1],
];

/** In milliseconds. A number alone counts seconds, as in nginx. */
export const TIME: Unit = {
  placeholder: "<time>",
  wanted: "A time is a number with ms, s, m or h behind it: 500ms, 2s, 1m.",
  read: (text) => scaled(text, /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|)$/, TIMES, 1000),
  write: (value) => written(value, TIMES),
};

/** In bytes. */
export const SIZE: Unit = {
  placeholder: "<size>",
  wanted: "A size is a whole number of bytes, or one with k, m or g behind it: 16k, 1m, 1g.",
  read: (text) => scaled(text.toLowerCase(), /^(\d{1,9})(k|m|g|)$/, SIZES, 1),
  write: (value) => written(value, SIZES),
};

export const COUNT: Unit = {
  placeholder: "<number>",
  wanted: "It is a whole number.",
  read: (text) => scaled(text, /^(\d{1,9})()$/, SIZES, 1),
  write: String,
};

/** Null for what is no whole number from 0 to 65535. */
export function readPort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port <= 65535 ? port : null;
}

function scaled(
  text: string,
  pattern: RegExp,
  factors: ReadonlyArray<readonly [string, number]>,
  bare: number,
): number | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, digits, suffix] = match;
  const factor = suffix === "" ? bare : factors.find(([name]) => name === suffix)![1];
  return Number(digits) * factor;
}

function written(value: number, factors: ReadonlyArray<readonly [string, number]>): string {
  const [name, factor] = value === 0 ? ["", 1] : factors.find(([, one]) => value % one === 0)!;
  return `${value / factor}${name}`;
}
