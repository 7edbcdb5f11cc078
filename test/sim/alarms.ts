/**
 * The clients' own clock: calls at given times, in order, with nothing of the server's wheel in it.
 *
 * @module
 */

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

export class Alarms {
  /** The latest first; of the same time, the oldest last. */
  readonly #alarms: Alarm[] = [];

  /** When the next one rings; `Infinity` when none is set. */
  get nextAtMs(): number {
    return this.#alarms.at(-1)?.atMs ?? Infinity;
  }

  set(atMs: number, ring: () => void): void {
    const later = this.#alarms.findLastIndex((alarm) => alarm.atMs > atMs);
    this.#alarms.splice(later + 1, 0, { atMs, ring });
  }

  /** Rings those that are due. */
  ring(nowMs: number): void {
    while (this.nextAtMs <= nowMs) this.#alarms.pop()!.ring();
  }
}
