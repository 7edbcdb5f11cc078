/**
 * Whole numbers in a query: read strictly, so that nothing is guessed.
 *
 * @module
 */

/** The number in `text`, or the sentence that says what `name` must be. */
export function readWholeNumber(name: string, text: string, max: number): number | string {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return value <= max ? value : `${name} must be a whole number from 0 to ${max}\n`;
}
