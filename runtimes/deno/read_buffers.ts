/**
 * The memory that Deno reads into. A read that waits holds its memory, so an idle connection has a
 * small buffer of its own; large ones are shared, and only a connection that just filled its buffer
 * gets one. Knows no sockets.
 *
 * @module
 */

/** What a waiting connection holds. Most requests fit. */
export const SMALL_BYTES = 2048;
/** The most that one `onData` may bring. */
export const LARGE_BYTES = 65536;
/**
 * How many large buffers are out at most: 4 MiB for a reactor. A peer that sends exactly a buffer
 * full and then nothing would hold one for as long as it likes; when all are out, reads go on in
 * small ones.
 */
const LARGE_COUNT_MAX = 64;

export class ReadBuffers {
  readonly #free: Uint8Array[] = [];
  #made = 0;

  /** A large buffer, or null when all are out. */
  take(): Uint8Array | null {
    const kept = this.#free.pop();
    if (kept !== undefined) return kept;
    if (this.#made === LARGE_COUNT_MAX) return null;
    this.#made++;
    return new Uint8Array(LARGE_BYTES);
  }

  giveBack(large: Uint8Array): void {
    this.#free.push(large);
  }
}
