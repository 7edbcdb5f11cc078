/**
 * Dates in HTTP (RFC 9110 §5.6.7). It knows how to write a time as IMF-fixdate, once for each
 * second, and how to read all three forms; it refuses to know what clock tells the time.
 *
 * @module
 */

const SECOND_MS = 1000;

/** Tells milliseconds since 1970 in UTC. May jump. */
export interface WallClock {
  wallTime(): number;
}

export class HttpDate {
  #text = "";
  /** When the second of `#text` is over, by the clock that does not jump. */
  #untilMs = -Infinity;

  /**
   * The time as in `Sun, 06 Nov 1994 08:49:37 GMT`. `nowMs` is a monotonic time, which whoever asks
   * has at hand: the wall clock is asked when the second is over by that, and no sooner, so that a
   * jump shows within a second.
   */
  text(nowMs: number, clock: WallClock): string {
    if (nowMs >= this.#untilMs) {
      const wallMs = clock.wallTime();
      const second = Math.floor(wallMs / SECOND_MS);
      // ECMAScript fixes this format to IMF-fixdate for the years 0 to 9999.
      this.#text = new Date(second * SECOND_MS).toUTCString();
      this.#untilMs = nowMs + (second + 1) * SECOND_MS - wallMs;
    }
    return this.#text;
  }
}

/**
 * The time in milliseconds since 1970 that an HTTP-date says, in any of its three forms; NaN for
 * what is no date. `nowMs` decides the century of a year of two digits: it is the one that is at
 * most 50 years ahead.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed !== null) return timeOf(Number(fixed[3]), fixed[2]!, fixed[1]!, fixed[4]!);
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return timeOf(Number(asctime[4]), asctime[1]!, asctime[2]!, asctime[3]!);
  const rfc850 = RFC_850.exec(text);
  if (rfc850 === null) return NaN;
  const thisYear = new Date(nowMs).getUTCFullYear();
  let year = thisYear - thisYear % 100 + Number(rfc850[3]);
  if (year > thisYear + 50) year -= 100;
  return timeOf(year, rfc850[2]!, rfc850[1]!, rfc850[4]!);
}

/** NaN when there is no such day or time of day. A leap second is the second after. */
function timeOf(year: number, month: string, day: string, time: string): number {
  const at = MONTHS.indexOf(month) / 3;
  const date = Number(day);
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  if (hours > 23 || minutes > 59 || seconds > 60) return NaN;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, at, date);
  if (midnight.getUTCDate() !== date) return NaN;
  return midnight.getTime() + ((hours * 60 + minutes) * 60 + seconds) * SECOND_MS;
}

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const DAY = "Mon|Tue|Wed|Thu|Fri|Sat|Sun";
const WEEKDAY = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
const TIME = "(\\d\\d:\\d\\d:\\d\\d)";
const IMF_FIXDATE = new RegExp(`^(?:${DAY}), (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^(?:${DAY}) ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`);
const RFC_850 = new RegExp(`^(?:${WEEKDAY}), (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`);
