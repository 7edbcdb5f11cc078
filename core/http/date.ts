/**
 * The Date field (RFC 9110 §6.6.1). It knows how to write a time as IMF-fixdate, once for each
 * second; it refuses to know what time it is.
 *
 * @module
 */

const SECOND_MS = 1000;

export class HttpDate {
  #second = NaN;
  #text = "";

  /**
   * `Sun, 06 Nov 1994 08:49:37 GMT` for a wall-clock time in milliseconds since 1970. The text is
   * made anew only when the second changes, forward or back.
   */
  text(wallTimeMs: number): string {
    const second = Math.floor(wallTimeMs / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      // ECMAScript fixes this format to IMF-fixdate for the years 0 to 9999.
      this.#text = new Date(second * SECOND_MS).toUTCString();
    }
    return this.#text;
  }
}
